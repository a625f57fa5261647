"""What leads to a backend or a route."""

import json
from typing import Any

from gateway.config.reach import checked, spoken
from gateway.config.schema import Gateway


def gateway(*routes: dict[str, Any]) -> Gateway:
    """Of two backends and these routes."""
    backends = [
        {"name": "one", "endpoints": ["127.0.0.1:1"]},
        {"name": "two", "endpoints": ["127.0.0.1:2"]},
    ]
    written = {
        "apiVersion": "gatehouse.dev/v1",
        "listeners": [{"name": "agents", "port": 10000}],
        "routes": [{"path": f"/{each['name']}", **each} for each in routes],
        "backends": backends,
    }
    return Gateway.model_validate_json(json.dumps(written))


MCP = {"name": "mcp", "protocol": "mcp", "backend": "one"}
CHECKED = {"name": "checked", "protocol": "openai", "backend": "one", "mode": "check"}
RAW = {"name": "raw", "protocol": "unjudged", "backend": "one"}


def test_a_backend_speaks_what_its_routes_speak() -> None:
    assert spoken(gateway(MCP, CHECKED)) == {
        ("route", "mcp"): {"mcp"},
        ("route", "checked"): {"openai"},
        ("backend", "one"): {"mcp", "openai"},
        ("backend", "two"): frozenset(),
    }


def test_a_backend_is_checked_if_every_judged_route_to_it_is() -> None:
    assert checked(gateway(CHECKED, RAW)) == {("route", "checked"), ("backend", "one")}


def test_a_route_that_reads_responses_is_enough_for_its_backend() -> None:
    assert checked(gateway(CHECKED, MCP)) == {("route", "checked")}
    assert checked(gateway(MCP)) == set()


def test_every_pool_of_a_route_speaks_its_protocol() -> None:
    value = {
        "apiVersion": "gatehouse.dev/v1",
        "listeners": [{"name": "main", "port": 1}],
        "routes": [
            {"name": "a", "path": "/a", "protocol": "openai", "backend": "p", "pools": ["q"]}
        ],
        "pools": [{"name": "p", "models": ["m"]}, {"name": "q", "models": ["n"]}],
    }
    found = spoken(Gateway.model_validate_json(json.dumps(value)))
    assert found["backend", "p"] == found["backend", "q"] == {"openai"}
