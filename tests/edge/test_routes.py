from pathlib import Path

import pytest

from gateway.config.destination import settled
from gateway.edge.ext_proc import message_timeout
from gateway.edge.packing import to_json
from gateway.edge.routes import mode_of, route_configuration
from tests.edge.picking import PATH, Picker, pooled
from tests.edge.stage import Service, Upstream, echoing, gateway_of, running, serving, until

MCP = {"protocol": "mcp", "backend": "tracker"}


def test_a_listener_has_its_own_routes_their_metadata_and_a_catch_all_last() -> None:
    gateway = gateway_of(
        listeners=[{"name": "one", "port": 1}, {"name": "two", "port": 2}],
        routes=[
            {"name": "both", "path": "/both", **MCP},
            {"name": "only-two", "path": "/two", "listener": "two", **MCP},
            {"name": "raw", "path": "/raw", "protocol": "unjudged", "backend": "tracker"},
        ],
    )
    names = {
        listener.name: [
            route.name for route in route_configuration(gateway, listener).virtual_hosts[0].routes
        ]
        for listener in gateway.listeners
    }
    nowhere = ["_unknown", "_unknown"]
    both = [*["mcp:both@tracker"] * 2, "_metadata:mcp:both@tracker"]
    only_two = [*["mcp:only-two@tracker"] * 2, "_metadata:mcp:only-two@tracker"]
    assert names == {
        "one": [*both, "unjudged:raw@tracker", *nowhere],
        "two": [*both, *only_two, "unjudged:raw@tracker", *nowhere],
    }


def test_only_what_nobody_has_read_is_retried() -> None:
    gateway = gateway_of()
    text = to_json(route_configuration(gateway, gateway.listeners[0]))
    assert '"retryOn":"connect-failure,refused-stream"' in text


def test_streams_may_last_and_be_silent_for_ever() -> None:
    gateway = gateway_of()
    action = route_configuration(gateway, gateway.listeners[0]).virtual_hosts[0].routes[0].route
    assert action is not None
    assert action.timeout is not None
    assert action.idle_timeout is not None
    assert (action.timeout.total_seconds(), action.idle_timeout.total_seconds()) == (0, 0)


def test_the_body_limit_is_the_routes_own() -> None:
    gateway = gateway_of(
        routes=[
            {"name": "small", "path": "/s", "body_limit": 2048, **MCP},
            {"name": "default", "path": "/d", **MCP},
        ]
    )
    routes = route_configuration(gateway, gateway.listeners[0]).virtual_hosts[0].routes
    limits = {route.name: route.request_body_buffer_limit for route in routes if route.route}
    assert limits == {"mcp:small@tracker": 2048, "mcp:default@tracker": 4 * 1024 * 1024}


def test_a_server_elsewhere_has_its_own_name_and_path_and_no_address_of_a_client() -> None:
    backends = [
        {"name": "tracker", "url": "https://api.example/mcp"},
        {"name": "models", "url": "https://llm.example:8443/v1"},
        {"name": "near", "endpoints": ["127.0.0.1:1"]},
    ]
    gateway = settled(
        gateway_of(
            backends=backends,
            routes=[
                {"name": "mcp", "path": "/mcp", **MCP},
                {"name": "llm", "path": "/openai", "protocol": "openai", "backend": "models"},
                {"name": "near", "path": "/near", "protocol": "mcp", "backend": "near"},
            ],
        )
    )
    routes = route_configuration(gateway, gateway.listeners[0]).virtual_hosts[0].routes
    found = {one.route.cluster: one for one in routes if one.route is not None}
    mcp, llm, near = (found[name] for name in ("tracker", "models", "near"))
    assert mcp.route is not None
    assert llm.route is not None
    assert (mcp.route.host_rewrite_literal, mcp.route.prefix_rewrite) == ("api.example", "/mcp")
    assert llm.route.host_rewrite_literal == "llm.example:8443"
    assert llm.route.regex_rewrite is not None
    assert llm.route.regex_rewrite.substitution == "/v1"
    assert "x-forwarded-for" in mcp.request_headers_to_remove
    assert "x-forwarded-for" in llm.request_headers_to_remove
    assert near.request_headers_to_remove == []


def test_an_unjudged_route_is_announced_by_its_head() -> None:
    routes = gateway_of(
        routes=[
            {"name": "a", "path": "/a", **MCP},
            {"name": "b", "path": "/b", "mode": "duplex", **MCP},
            {"name": "c", "path": "/c", "protocol": "unjudged", "backend": "tracker"},
        ]
    ).routes
    assert [mode_of(route) for route in routes] == ["buffered", "duplex", "head"]


def test_the_session_id_of_a_server_is_hidden_from_revisions_that_have_none() -> None:
    gateway = gateway_of(routes=[{"name": "a", "path": "/a", "mode": "duplex", **MCP}])
    first, second = route_configuration(gateway, gateway.listeners[0]).virtual_hosts[0].routes[:2]
    assert first.match is not None
    assert [header.name for header in first.match.headers] == ["mcp-protocol-version"]
    assert first.response_headers_to_remove == ["mcp-session-id"]
    assert second.response_headers_to_remove == []
    assert (first.route, first.typed_per_filter_config) == (
        second.route,
        second.typed_per_filter_config,
    )


def test_a_base_path_has_all_that_is_below_it_and_the_longest_wins() -> None:
    gateway = gateway_of(
        backends=[
            {"name": "plain", "endpoints": ["10.0.0.1:80"]},
            {"name": "moved", "endpoints": ["10.0.0.1:80"], "path": "/api/"},
        ],
        routes=[
            {"name": "all", "path": "/", "protocol": "anthropic", "backend": "moved"},
            {"name": "llm", "path": "/v1", "protocol": "openai", "backend": "plain"},
            {"name": "agent", "path": "/v1/agents/x", "protocol": "a2a", "backend": "moved"},
            {"name": "tools", "path": "/v1/mcp", "protocol": "mcp", "backend": "plain"},
        ],
    )
    routes = route_configuration(gateway, gateway.listeners[0]).virtual_hosts[0].routes
    found = [
        (one.match.path, one.match.path_separated_prefix, one.match.prefix)
        for one in routes
        if one.match is not None and one.route is not None
    ]
    assert found == [
        ("/v1/mcp", None, None),
        ("/v1/mcp", None, None),
        (None, "/v1/agents/x", None),
        (None, "/v1", None),
        (None, None, "/"),
    ]


@pytest.mark.parametrize(
    ("base", "path", "asked", "seen"),
    [
        ("/llm", None, "/llm/v1/messages?a=/llm", "/llm/v1/messages?a=/llm"),
        ("/llm", "/", "/llm/v1/messages?a=/llm", "/v1/messages?a=/llm"),
        ("/llm", "/api/", "/llm/v1/messages", "/api/v1/messages"),
        ("/llm", "/api", "/llm", "/api"),
        ("/llm", "/", "/llm", "/"),
        ("/", "/api", "/v1/messages", "/api/v1/messages"),
        ("/a.b", "/", "/a.b/x/a.b/", "/x/a.b/"),
    ],
)
async def test_a_backends_path_replaces_the_base_path_alone(
    service: Service,
    upstream: Upstream,
    tmp_path: Path,
    base: str,
    path: str,
    asked: str,
    seen: str,
) -> None:
    backend = {"name": "tracker", "endpoints": [upstream.address], "path": path}
    route = {"name": "llm", "path": base, "protocol": "openai", "backend": "tracker"}
    gateway = gateway_of(backends=[backend], routes=[route])
    async with running(gateway, [service.address], tmp_path) as edge:
        answer = await edge.client.get(asked)
    assert answer.json()["line"] == f"GET {seen} HTTP/1.1"


@pytest.mark.parametrize("path", [None, "/backends", "/"])
async def test_the_path_that_a_route_says_goes_before_that_of_the_backend(
    service: Service, upstream: Upstream, tmp_path: Path, path: str | None
) -> None:
    backend = {"name": "tracker", "endpoints": [upstream.address], "path": path}
    routes = [
        {"name": "llm", "path": "/llm", "protocol": "openai", "upstream_path": "/v1"},
        {"name": "claude", "path": "/claude", "protocol": "anthropic", "upstream_path": "/"},
        {"name": "tools", "path": "/mcp", "protocol": "mcp", "upstream_path": "/own"},
    ]
    gateway = gateway_of(
        backends=[backend], routes=[{**route, "backend": "tracker"} for route in routes]
    )
    async with running(gateway, [service.address], tmp_path) as edge:
        seen = [
            (await edge.client.get(asked)).json()["line"].split()[1]
            for asked in ("/llm/models?a=1", "/claude/v1/models", "/mcp")
        ]
    assert seen == ["/v1/models?a=1", "/v1/models", "/own"]


def test_a_route_to_pools_has_one_name_for_each_pool_and_for_no_pool() -> None:
    gateway = pooled(["127.0.0.1:1"])
    routes = route_configuration(gateway, gateway.listeners[0]).virtual_hosts[0].routes[:3]
    assert {route.name for route in routes} == {"openai:llm@gpu"}
    text = [to_json(route) for route in routes]
    for name, one in zip(("gpu", "big"), text, strict=False):
        header = f'{{"name":"x-gateway-pool","stringMatch":{{"exact":"{name}"}}}}'
        assert header in one
        assert f'"cluster":"{name}"' in one
    assert "x-gateway-pool" not in text[2]
    assert '"cluster":' not in text[2]


def test_a_stream_lasts_as_long_as_the_response_where_an_endpoint_was_picked() -> None:
    gateway = pooled(["127.0.0.1:1"])
    text = to_json(route_configuration(gateway, gateway.listeners[0]))
    assert text.count('"responseTrailerMode":"SEND"') == 3
    without = gateway_of()
    assert "SEND" not in to_json(route_configuration(without, without.listeners[0])).replace(
        '"requestHeaderMode":"SEND"', ""
    )


@pytest.mark.parametrize(("pool", "headers"), [("", {"x-gateway-pool": "gpu"}), ("tracker", {})])
async def test_a_request_without_a_pool_of_its_route_goes_nowhere(
    upstream: Upstream, tmp_path: Path, pool: str, headers: dict[str, str]
) -> None:
    picker = Picker(pool=pool, endpoints=[upstream.address])
    gateway = pooled([upstream])
    async with (
        serving(picker),
        running(gateway, [picker.address], tmp_path) as edge,
    ):
        answer = await edge.client.post(PATH, content=b"{}", headers=headers)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "upstream_failed"
    assert upstream.hits == 0


async def test_the_verdict_chooses_the_pool_and_hints_end_at_the_gateway(
    upstream: Upstream, tmp_path: Path
) -> None:
    hints = {
        "x-gateway-inference-objective": "urgent",
        "x-llm-d-inference-fairness-id": "f",
        "x-slo-ttft-ms": "5",
        "x-session-token": "t",
    }
    owned = {"x-prefiller-host-port": "10.0.0.1:1", "x-gateway-destination-endpoint": "10.0.0.1:1"}
    async with echoing(Upstream()) as large:
        picker = Picker(pool="big", endpoints=[large.address])
        gateway = pooled([upstream], [large])
        async with serving(picker), running(gateway, [picker.address], tmp_path) as edge:
            answer = await edge.client.post(PATH, content=b"{}", headers=hints | owned)
            await until(lambda: ended(picker, 1))
        assert (upstream.hits, large.hits) == (0, 1)
    first = picker.requests[0].request_headers
    assert first is not None
    assert first.headers is not None
    seen = {header.key for header in first.headers.headers}
    assert set(hints) <= seen
    assert not set(owned) & seen
    assert not (set(hints) | {"x-gateway-pool"}) & set(answer.json()["headers"])


async def ended(picker: Picker, count: int) -> bool:
    return picker.ended == count


async def test_a_large_body_may_wait_in_a_queue(upstream: Upstream, tmp_path: Path) -> None:
    limits = {"decision_seconds": 0.2}
    picker = Picker(endpoints=[upstream.address], queue_seconds=1.5)
    gateway = pooled([upstream], limits=limits)
    assert message_timeout(gateway.limits) < picker.queue_seconds
    async with serving(picker), running(gateway, [picker.address], tmp_path) as edge:
        answer = await edge.client.post(PATH, content=b"x" * 2_000_000)
    assert answer.json()["body"] == 2_000_000
