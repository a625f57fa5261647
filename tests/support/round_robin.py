"""A plain Envoy that hands requests to several gateways in turn, as any load balancer would.

It knows nothing of sessions: consecutive requests of one client reach different gateways.
"""

import contextlib
import json
import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.processes import ROOT, running

_EXTENSIONS = "type.googleapis.com/envoy.extensions"
_MANAGER = f"{_EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = f"{_EXTENSIONS}.filters.http.router.v3.Router"


@contextlib.contextmanager
def round_robin(folder: Path, urls: Sequence[str], port: int) -> Generator[str]:
    """The URL, on `port`, of a balancer before `urls`, which differ in nothing but their ports."""
    bootstrap = folder / "round_robin.json"
    bootstrap.write_text(json.dumps(_bootstrap(port, [urlsplit(url).netloc for url in urls])))
    command = [os.environ.get("ENVOY") or str(ROOT / ".envoy" / "bin" / "envoy")]
    # One worker thread: each thread would take turns of its own.
    command += ["--config-path", str(bootstrap), "--concurrency", "1", "--disable-hot-restart"]
    command += ["--log-level", "error"]
    with running(command) as process:
        process.wait_for_port(port)
        yield urlsplit(urls[0])._replace(netloc=f"127.0.0.1:{port}").geturl()


def _bootstrap(port: int, upstreams: Sequence[str]) -> dict[str, Any]:
    return {
        "static_resources": {
            "listeners": [{"name": "in", "address": _socket(port), "filter_chains": [_chain()]}],
            "clusters": [_cluster([int(one.rpartition(":")[2]) for one in upstreams])],
        }
    }


def _socket(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _chain() -> dict[str, Any]:
    route = {
        "match": {"prefix": "/"},
        "route": {"cluster": "gateways", "timeout": "0s", "idle_timeout": "0s"},
    }
    manager = {
        "@type": _MANAGER,
        "stat_prefix": "in",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": _ROUTER}}],
    }
    return {"filters": [{"name": "http", "typed_config": manager}]}


def _cluster(ports: Sequence[int]) -> dict[str, Any]:
    endpoints = [{"endpoint": {"address": _socket(port)}} for port in ports]
    return {
        "name": "gateways",
        "type": "STATIC",
        "lb_policy": "ROUND_ROBIN",
        "load_assignment": {
            "cluster_name": "gateways",
            "endpoints": [{"lb_endpoints": endpoints}],
        },
    }
