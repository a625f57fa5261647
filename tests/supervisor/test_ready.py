import json
import os

from gateway.config.schema import Gateway
from gateway.supervisor.ready import ready_document

GATEWAY = Gateway.model_validate_json(
    json.dumps(
        {
            "apiVersion": "gatehouse.dev/v1",
            "listeners": [
                {"name": "plain", "port": 1, "address": "0.0.0.0"},
                {"name": "six", "port": 2, "address": "::"},
                {
                    "name": "safe",
                    "port": 3,
                    "tls": {"certificate": "/c.pem", "key": "/k.pem"},
                },
            ],
            "routes": [
                {"name": "a", "path": "/a", "protocol": "mcp", "backend": "one"},
                {
                    "name": "b",
                    "path": "/b",
                    "protocol": "mcp",
                    "backend": "one",
                    "listener": "safe",
                },
            ],
            "backends": [{"name": "one", "endpoints": ["127.0.0.1:8", "pods:9"]}],
            "policies": "/policies",
        }
    )
)


def test_the_document_tells_what_runs_where() -> None:
    document = ready_document(GATEWAY, envoy=7, workers=[8, None], children={"child": 9})
    listeners = {
        "plain": "http://127.0.0.1:1",
        "six": "http://[::1]:2",
        "safe": "https://127.0.0.1:3",
    }
    shared = {"protocol": "mcp", "backend": "one", "policy": "/policies"}
    assert document == {
        "version": 1,
        "listeners": listeners,
        "admin": "http://127.0.0.1:9909",
        "routes": [
            {"name": "a", "url": "http://127.0.0.1:1/a", **shared},
            {"name": "b", "url": "https://127.0.0.1:3/b", **shared},
        ],
        "upstreams": [
            {"name": "one", "address": "127.0.0.1:8", "pid": None},
            {"name": "one", "address": "pods:9", "pid": None},
            {"name": "child", "address": "", "pid": 9},
        ],
        "pids": {"envoy": 7, "supervisor": os.getpid(), "workers": [8, None]},
    }
    assert json.loads(json.dumps(document)) == document


def test_what_does_not_run_here_has_no_pid() -> None:
    document = ready_document(GATEWAY, envoy=None, workers=[1], children={})
    assert document["pids"] == {"envoy": None, "supervisor": os.getpid(), "workers": [1]}


def test_a_route_to_pools_tells_all_of_them() -> None:
    pools = [
        {"name": "gpu", "endpoints": ["h:1"], "members": [{"address": "h:2"}]},
        {"name": "big", "endpoints": ["h:3"]},
    ]
    route = {"name": "llm", "path": "/v1", "protocol": "openai", "backend": "gpu", "pools": ["big"]}
    value = json.loads(GATEWAY.model_dump_json()) | {"routes": [route], "pools": pools}
    gateway = Gateway.model_validate_json(json.dumps(value))
    document = ready_document(gateway, envoy=7, workers=[8], children={})
    found = json.loads(json.dumps(document))
    assert found["routes"][0]["pools"] == ["gpu", "big"]
    addresses = {(one["name"], one["address"]) for one in found["upstreams"]}
    assert {("gpu", "h:1"), ("gpu", "h:2"), ("big", "h:3")} <= addresses
