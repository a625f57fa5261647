"""What a reload cannot change is named; everything else is left to it."""

import json
from typing import Any

import pytest

from gateway.config.schema import Gateway
from gateway.supervisor.restart import needs_restart


def gateway(**changes: Any) -> Gateway:
    value: dict[str, Any] = {
        "apiVersion": "gatehouse.dev/v1",
        "listeners": [{"name": "agents", "port": 10000}],
        "routes": [{"name": "a", "path": "/a", "protocol": "mcp", "backend": "one"}],
        "backends": [{"name": "one", "endpoints": ["127.0.0.1:1"]}],
        **changes,
    }
    return Gateway.model_validate_json(json.dumps(value))


def listener(**changes: Any) -> list[dict[str, Any]]:
    return [{"name": "agents", "port": 10000, **changes}]


def route(**changes: Any) -> list[dict[str, Any]]:
    return [{"name": "a", "path": "/a", "protocol": "mcp", "backend": "one", **changes}]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"service": {"workers": 2, "admin": "127.0.0.1:1"}}, ("service.workers", "service.admin")),
        ({"listeners": listener(port=1)}, ("listeners[0].port",)),
        ({"listeners": listener(name="more")}, ("listeners",)),
        (
            {"listeners": listener(identity={"xfcc_from": ["spiffe://hop"]})},
            ("listeners[0].identity.xfcc_from",),
        ),
        ({"limits": {"heap_bytes": 1 << 28}}, ("limits.heap_bytes",)),
        ({"record": {"path": "audit.jsonl"}}, ("record.path",)),
        ({"telemetry": {"otlp_endpoint": "127.0.0.1:4317"}}, ("telemetry",)),
        ({"routes": route(body_limit=8 << 20)}, ("routes[0].body_limit",)),
    ],
)
def test_what_processes_were_started_with_needs_a_restart(
    changes: dict[str, Any], named: tuple[str, ...]
) -> None:
    assert needs_restart(gateway(), gateway(**changes)) == named


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"routes": route(path="/b", body_limit=1024)},
        {"backends": [{"name": "one", "endpoints": ["127.0.0.1:2"], "path": "/mcp"}]},
        {"listeners": listener(identity={"accept": ["anonymous"]})},
        {"limits": {"response_bytes": 2048}},
        {"record": {"tell": "opaque"}},
        {"sessions": {"ttl": 60}},
        {"policies": "elsewhere"},
        {"base": "explicit"},
        {"service": {"model_armor": {"address": "127.0.0.1:1"}}},
    ],
)
def test_a_reload_does_the_rest(changes: dict[str, Any]) -> None:
    assert needs_restart(gateway(), gateway(**changes)) == ()
