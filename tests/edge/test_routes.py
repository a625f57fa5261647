from pathlib import Path

import pytest

from gateway.config.destination import settled
from gateway.edge.packing import to_json
from gateway.edge.routes import mode_of, route_configuration
from tests.edge.stage import Service, Upstream, gateway_of, running

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
