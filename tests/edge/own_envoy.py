"""An Envoy with a bootstrap of its own, and a snippet put in where its keys say."""

import contextlib
import json
import os
import time
from collections.abc import Generator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from gateway.edge.binary import envoy_command, find_envoy
from tests.support.processes import POLL_SECONDS, Process, running

OWN_PATH = "/own"
READY_SECONDS = 20.0


def own_bootstrap(port: int, admin: int, upstream: str) -> dict[str, Any]:
    """What somebody may have: one listener, one route to the `host:port` of `upstream`."""
    host, _, upstream_port = upstream.rpartition(":")
    endpoint = {"address": {"socket_address": {"address": host, "port_value": int(upstream_port)}}}
    manager = {
        "@type": "type.googleapis.com/"
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "own",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "route_config": {
            "name": "own",
            "virtual_hosts": [
                {
                    "name": "own",
                    "domains": ["*"],
                    "routes": [
                        {"match": {"prefix": OWN_PATH}, "route": {"cluster": "own"}},
                        {"match": {"path": "/gone"}, "direct_response": {"status": 410}},
                    ],
                }
            ],
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.rbac",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
                    "rules": {"action": "DENY", "policies": {"marked": _marked()}},
                },
            },
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            },
        ],
    }
    return {
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": admin}}},
        "static_resources": {
            "listeners": [
                {
                    "name": "own",
                    "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
                    "filter_chains": [
                        {
                            "filters": [
                                {
                                    "name": "envoy.filters.network.http_connection_manager",
                                    "typed_config": manager,
                                }
                            ]
                        }
                    ],
                }
            ],
            "clusters": [
                {
                    "name": "own",
                    "load_assignment": {
                        "cluster_name": "own",
                        "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}],
                    },
                }
            ],
        },
    }


def _marked() -> dict[str, Any]:
    """The user's own rule: who sends x-marked is refused, on every route."""
    header = {"name": "x-marked", "present_match": True}
    return {"permissions": [{"any": True}], "principals": [{"header": header}]}


def merged(own: Mapping[str, Any], snippet: Mapping[str, Any]) -> dict[str, Any]:
    """`own` with each part of a snippet at its place."""
    whole = deepcopy(dict(own))
    (listener,) = whole["static_resources"]["listeners"]
    (chain,) = listener["filter_chains"]
    manager = chain["filters"][0]["typed_config"]
    for key, value in snippet["listener"].items():
        (chain if key == "transport_socket" else listener)[key] = value
    manager |= snippet["http_connection_manager"]
    *before, router = manager["http_filters"]
    router["typed_config"] |= snippet["router"]
    manager["http_filters"] = [*before, *snippet["http_filters"], router]
    (host,) = manager["route_config"]["virtual_hosts"]
    own_routes = [route | snippet["own_routes"] for route in host["routes"]]
    host["routes"] = [*snippet["routes"], *own_routes]
    whole["static_resources"]["clusters"] += snippet["clusters"]
    for key in ("node", "layered_runtime", "overload_manager"):
        whole[key] = snippet[key]
    return whole


@dataclass(frozen=True)
class OwnEnvoy:
    """A running Envoy, its file and its client."""

    file: Path
    admin: str
    client: httpx.Client
    process: Process

    def healthy(self, cluster: str) -> int:
        """How many endpoints of a cluster Envoy would send a request to now."""
        lines = httpx.get(f"{self.admin}/clusters").text.splitlines()
        healthy = "health_flags::healthy"
        return sum(line.startswith(f"{cluster}::") and healthy in line for line in lines)

    def wait_for(self, cluster: str, count: int) -> None:
        """Until that many are healthy."""
        deadline = time.monotonic() + READY_SECONDS
        while self.healthy(cluster) < count:
            assert time.monotonic() < deadline, httpx.get(f"{self.admin}/clusters").text
            time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def own_envoy(bootstrap: Mapping[str, Any], folder: Path) -> Generator[OwnEnvoy]:
    """Envoy with that bootstrap for the length of the block."""
    file = folder / "own.json"
    file.write_text(json.dumps(bootstrap, indent=1))
    (listener,) = bootstrap["static_resources"]["listeners"]
    port = listener["address"]["socket_address"]["port_value"]
    admin = bootstrap["admin"]["address"]["socket_address"]["port_value"]
    command = envoy_command(find_envoy(os.environ), file, concurrency=1)
    with (
        running(command) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client,
    ):
        process.wait_for_port(port)
        yield OwnEnvoy(file, f"http://127.0.0.1:{admin}", client, process)
