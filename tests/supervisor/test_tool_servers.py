"""Which servers are looked at, and how they are reached."""

from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.mcp_tools import ToolServer
from gateway.config.schema import Gateway
from gateway.supervisor.tool_servers import MOST_REPLICAS, mcp_backends, servers, watched
from tests.bootstrap.configured import backend, loaded
from tests.support.certificates import Authority

UP = {("tracker", "127.0.0.1:2"): True, ("tracker", "127.0.0.1:1"): True}


def gateway(folder: Path, **changes: Any) -> Gateway:
    return loaded(folder, **changes).gateway


def test_backends_of_mcp_routes_are_looked_at_where_they_are_pinned(tmp_path: Path) -> None:
    whole = gateway(tmp_path)
    assert mcp_backends(whole) == ("tracker",)
    assert watched(whole, []) == ()
    assert watched(whole, ["tracker", "gone"]) == ("tracker",)
    assert watched(gateway(tmp_path, tools={"watch": "all"}), []) == ("tracker",)


def test_backends_of_other_protocols_are_not_looked_at(tmp_path: Path) -> None:
    routes = [{"name": "a", "path": "/a", "protocol": "unjudged", "backend": "tracker"}]
    whole = gateway(tmp_path, routes=routes, tools={"watch": "all"})
    assert watched(whole, ["tracker"]) == ()


def test_replicas_that_take_connections_are_looked_at_by_address(tmp_path: Path) -> None:
    health = {**UP, ("tracker", "127.0.0.1:3"): False, ("other", "127.0.0.1:4"): True}
    found = servers(gateway(tmp_path), "tracker", health)
    assert [one.address for one in found] == ["127.0.0.1:1", "127.0.0.1:2"]
    assert found[0] == ToolServer("127.0.0.1:1", "/mcp")


def test_no_more_replicas_are_looked_at_than_are_needed(tmp_path: Path) -> None:
    many = {("tracker", f"127.0.0.1:{1000 + port}"): True for port in range(100)}
    assert len(servers(gateway(tmp_path), "tracker", many)) == MOST_REPLICAS


@pytest.mark.parametrize(
    ("route", "own", "path"),
    [(None, None, "/tracker"), (None, "/own", "/own"), ("/routes", "/own", "/routes")],
)
def test_the_path_is_that_at_the_backend(
    tmp_path: Path, route: str | None, own: str | None, path: str
) -> None:
    routes = [{"name": "tracker", "path": "/tracker", "protocol": "mcp", "backend": "tracker"}]
    routes[0] |= {"upstream_path": route} if route else {}
    whole = gateway(tmp_path, routes=routes, backends=backend(**({"path": own} if own else {})))
    assert servers(whole, "tracker", UP)[0].path == path


def test_tls_host_and_credential_are_the_backends(tmp_path: Path) -> None:
    ca = Authority(tmp_path).ca
    told = {
        "host": "tracker.example",
        "tls": {"server_name": "tracker.example", "ca": str(ca)},
        "auth": {"header": "x-key", "value": "own"},
    }
    found = servers(gateway(tmp_path, backends=backend(**told)), "tracker", UP)[0]
    assert (found.tls, found.server_name, found.ca) == (True, "tracker.example", str(ca))
    assert (found.host, found.header) == ("tracker.example", ("x-key", "own"))
