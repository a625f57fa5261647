"""An imitation of vLLM, for tests and demonstrations of endpoint picking.

Run it with `python -m tests.engine --port 8000 --name engine-a`. It serves the APIs of vLLM with
text that means nothing, in the time that a batching engine with a prefix cache would need, and
tells its metrics. `--latency constant` answers at once; `--speed 10` makes everything ten times
faster; POST /admin/config changes latencies and makes things go wrong; GET /admin/seen tells what
it was asked. It has no access control of any kind.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import signal
import socket
import sys

from tests.engine.server import Server
from tests.engine.settings import Settings, add_options, from_options

BACKLOG = 1_024


def main() -> None:
    """Parses the command line and serves until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="tests.engine", description="An imitated model server.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0: any free one")
    parser.add_argument(
        "--count", type=int, default=1, help="engines in this process, on consecutive ports"
    )
    add_options(parser)
    options = parser.parse_args()
    try:
        every = _each(from_options(options), options.count)
        sockets = [
            _listen(options.host, options.port and options.port + i) for i in range(len(every))
        ]
    except (ValueError, OSError) as problem:
        sys.exit(f"tests.engine: {problem}")
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_serve(every, sockets))


def _listen(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), backlog=BACKLOG)


def _each(settings: Settings, count: int) -> list[Settings]:
    """The settings of every engine: names and ports are numbered if there are several."""
    if count == 1:
        return [settings]
    return [
        dataclasses.replace(
            settings,
            name=f"{settings.name}-{index}",
            kv_events=settings.kv_events and settings.kv_events + index,
            kv_replay=settings.kv_replay and settings.kv_replay + index,
        )
        for index in range(count)
    ]


async def _serve(every: list[Settings], sockets: list[socket.socket]) -> None:
    loop = asyncio.get_running_loop()
    work = asyncio.gather(
        *(Server(one).serve(listening) for one, listening in zip(every, sockets, strict=True))
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    for listening in sockets:
        host, port = listening.getsockname()[:2]
        print(f"ready http://{host}:{port}", flush=True)  # noqa: T201  the one line
    await work


if __name__ == "__main__":
    main()
