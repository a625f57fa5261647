"""What a container may do, asked of the engine and of the container itself."""

import re
from collections.abc import Callable
from typing import Any

from tests.compose.deployment import Deployment
from tests.compose.engine import EngineError

USER = "10001"
RUN = "/gatehouse/run"


def check_containers(deployed: Deployment, say: Callable[[str], None]) -> None:
    """Every container: own user, no capabilities, root of files read-only, and only Envoy's port
    on the host. Raises AssertionError."""
    published: dict[str, list[str]] = {}
    for service in deployed.services():
        inspected = deployed.inspect(service)
        assert inspected["HostConfig"]["ReadonlyRootfs"] is True, service
        status = deployed.execute(service, "cat", "/proc/1/status")
        assert _field(status, "Uid") == [USER] * 4, service
        assert _field(status, "CapEff") == _field(status, "CapBnd") == ["0" * 16], service
        assert _field(status, "NoNewPrivs") == ["1"], service
        assert not _can_write(deployed, service), service
        published[service] = _host_addresses(inspected)
    assert {name: ips for name, ips in published.items() if ips} == {"envoy": ["127.0.0.1"]}
    _check_run_folder(deployed)
    say(f"{len(published)} containers run as user {USER}, without capabilities, read-only")


def _host_addresses(inspected: dict[str, Any]) -> list[str]:
    """Where the host listens for the container."""
    bindings: dict[str, list[dict[str, str]]] = inspected["HostConfig"]["PortBindings"] or {}
    return [one["HostIp"] for ports in bindings.values() for one in ports]


def _field(status: str, name: str) -> list[str]:
    found = re.search(rf"^{name}:\s*(.*)$", status, re.MULTILINE)
    return found[1].split() if found else []


def _can_write(deployed: Deployment, service: str) -> bool:
    try:
        deployed.execute(service, "touch", "/written")
    except EngineError as error:
        return "Read-only file system" not in str(error)
    return True


def _check_run_folder(deployed: Deployment) -> None:
    """Envoy's admin address shows credentials: its socket is for the one user."""
    listing = deployed.execute("envoy", "stat", "-c", "%a %u", RUN, f"{RUN}/envoy-admin.sock")
    assert listing.split("\n")[:2] == [f"700 {USER}", f"600 {USER}"]
