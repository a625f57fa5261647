"""What a snippet is made of, and what it does in an Envoy that somebody had before."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.config.schema import Gateway
from gateway.edge.binary import envoy_command, find_envoy
from gateway.edge.files import sole_writer
from gateway.edge.lint.expected import expected_of
from gateway.edge.lint.linting import lint_text
from gateway.edge.snippet import FILTER_NOTES, MANAGER_NOTES, PLACES, our_name, snippet
from gateway.edge.snippet_text import snippet_text
from tests.edge.own_envoy import OWN_PATH, merged, own_bootstrap, own_envoy
from tests.edge.picking import pooled
from tests.edge.stage import Service, Upstream, gateway_of, until
from tests.support.certificates import Authority
from tests.support.ports import free_ports

SECRET = "Bearer backend-credential-0123456789"
CALL = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
TLS = {"certificate": "/server.pem", "key": "/server.key", "client_ca": "/ca.pem"}


def values(gateway: Gateway, workers: Sequence[str] = ("127.0.0.1:9500",)) -> dict[str, Any]:
    parts = snippet(gateway, gateway.listeners[0], workers)
    return {place: part.value for place, part in parts.items()}


def every_kind(run: Path = Path("/run"), tls: Mapping[str, str] = TLS) -> Gateway:
    """With everything that changes a chain of filters."""
    listener = {"name": "main", "port": 1, "tls": tls}
    route = {"name": "b", "path": "/b", "protocol": "mcp", "backend": "tracker"}
    return gateway_of(
        listeners=[listener],
        routes=[route, route | {"name": "c", "path": "/c", "mode": "check"}],
        backends=[{"name": "tracker", "endpoints": ["127.0.0.1:1"], "auth": {"value": SECRET}}],
        service={"run": str(run)},
    )


def test_every_part_says_where_it_goes_and_every_field_why() -> None:
    parts = values(every_kind())
    assert list(parts) == list(PLACES)
    assert set(parts["http_connection_manager"]) == set(MANAGER_NOTES)
    assert [one["name"] for one in parts["http_filters"]] == list(FILTER_NOTES)


def test_it_holds_no_credential_but_the_file_that_does() -> None:
    text = str(values(every_kind()))
    assert "credential-0123456789" not in text
    assert "/run/credentials/tracker.json" in text
    assert "/run/endpoints/tracker.json" in text


def test_each_route_says_for_itself_that_it_is_judged() -> None:
    for route in values(every_kind())["routes"]:
        own = route["typed_per_filter_config"]
        assert {"gatehouse.ext_proc", "gatehouse.rbac"} <= set(own)
        assert "x-gatehouse-audit-id" in route["response_headers_to_remove"]


def test_the_catch_alls_are_the_users_and_the_router_too() -> None:
    parts = values(every_kind())
    names = [route["name"] for route in parts["routes"]]
    assert "_unknown" not in names
    assert "mcp:b@tracker" in names
    assert "_metadata:mcp:b@tracker" in names
    assert not any("router" in one["name"] for one in parts["http_filters"])


def test_a_filter_that_no_route_switches_on_is_left_out() -> None:
    names = [one["name"] for one in values(gateway_of())["http_filters"]]
    assert "gatehouse.ext_authz" not in names
    assert "gatehouse.ext_authz" in values(every_kind())["own_routes"]["typed_per_filter_config"]


def test_our_filters_have_names_that_nobody_else_has() -> None:
    assert our_name("envoy.filters.http.ext_proc") == "gatehouse.ext_proc"
    assert our_name("gatehouse.client_edge") == "gatehouse.client_edge"


@pytest.mark.parametrize(("permits", "status", "hits"), [(True, 200, 1), (False, 403, 0)])
@pytest.mark.parametrize("exempt", ["each route", "the whole virtual host"])
async def test_only_a_request_with_a_verdict_reaches_the_upstream_whatever_stands_above(
    exempt: str,
    permits: bool,
    status: int,
    hits: int,
    service: Service,
    upstream: Upstream,
    tmp_path: Path,
) -> None:
    service.permits = permits
    parts = values(gateway_on(upstream, tmp_path), [service.address])
    whole = merged(own_of(upstream), parts)
    if exempt == "the whole virtual host":
        manager = whole["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
        (host,) = manager["typed_config"]["route_config"]["virtual_hosts"]
        host |= parts["own_routes"]
    with own_envoy(whole, tmp_path) as envoy:
        answer = await ask(envoy.client, "/mcp")
        assert (answer.status_code, upstream.hits) == (status, hits)
        assert (await ask(envoy.client, OWN_PATH)).status_code == 200
        assert upstream.hits == hits + 1


async def test_a_route_of_the_users_own_that_is_not_exempt_is_refused(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    service.permits = False
    parts = values(gateway_on(upstream, tmp_path), [service.address])
    whole = merged(own_of(upstream), parts | {"own_routes": {}})
    with own_envoy(whole, tmp_path) as envoy:
        assert (await ask(envoy.client, OWN_PATH)).status_code == 403
    assert upstream.hits == 0


def own_of(upstream: Upstream) -> dict[str, Any]:
    port, admin = free_ports(2)
    return own_bootstrap(port, admin, upstream.address)


def gateway_on(upstream: Upstream, run: Path) -> Gateway:
    """With its endpoints file, which the gateway itself would write."""
    gateway = gateway_of(endpoints=[upstream.address], service={"run": str(run)})
    with sole_writer(run) as files:
        files.write_endpoints(gateway, {}, "1")
    return gateway


async def ask(client: httpx.Client, path: str) -> httpx.Response:
    """One call, asked again while Envoy does not know of any worker yet."""
    async with httpx.AsyncClient(base_url=client.base_url, trust_env=False, timeout=20) as http:
        answers: list[httpx.Response] = []

        async def answered() -> bool:
            answers.append(await http.post(path, json=CALL))
            return answers[-1].status_code != 503

        await until(answered)
        return answers[-1]


def test_envoy_accepts_every_kind_of_snippet(upstream: Upstream, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = authority.server("127.0.0.1")
    pair = {"certificate": str(server.certificate), "key": str(server.key)}
    gateway = every_kind(tmp_path, {**pair, "client_ca": str(authority.ca)})
    with sole_writer(tmp_path) as files:
        files.write_all(gateway, [], {}, "1")
    file = tmp_path / "own.json"
    file.write_text(json.dumps(merged(own_of(upstream), values(gateway))))
    command = [*envoy_command(find_envoy(os.environ), file), "--mode", "validate"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_pools_stand_in_a_snippet_that_has_no_danger() -> None:
    gateway = pooled(["127.0.0.1:1"], [])
    parts = snippet(gateway, gateway.listeners[0], ["127.0.0.1:2"])
    text = snippet_text(parts, "main")
    assert "override_host" in text
    assert "x-gateway-pool" in text
    assert lint_text(text, "snippet.yaml", expected_of(gateway)) == ()
