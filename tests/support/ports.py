"""TCP ports on loopback that nobody listens on."""

import os
import random
import socket

# Below the range from which Linux takes the ports of outgoing connections (32768 up), so that a
# client's connection cannot take the port before the server that it was chosen for.
LOWEST, HIGHEST = 15_000, 32_000
ATTEMPTS = 200

_handed_out: set[int] = set()


def _mine() -> range:
    """The part of a process, where tests are spread over several: they cannot take each other's
    ports between the choice and the use."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    part = (HIGHEST - LOWEST) // processes
    return range(LOWEST + number * part, LOWEST + (number + 1) * part)


def free_port(host: str = "127.0.0.1") -> int:
    """A port on `host` that is free now and that this process has not handed out before.

    Prefer port 0 and the server's own announcement where the server can do that.
    """
    for _ in range(ATTEMPTS):
        port = random.choice(_mine())
        if port not in _handed_out and _is_free(host, port):
            _handed_out.add(port)
            return port
    raise RuntimeError(f"no free port on {host} in {ATTEMPTS} attempts")


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """`count` different free ports."""
    return [free_port(host) for _ in range(count)]


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as candidate:
        try:
            candidate.bind((host, port))
        except OSError:
            return False
        return True
