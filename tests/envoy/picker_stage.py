"""A gateway that picks for an Envoy with a configuration of somebody else, as gateways of the
Gateway API Inference Extension write it: nothing in it is ours.

`ORIGINAL_DST` is a cluster that connects to what the header says, `OVERRIDE_HOST` one with its
endpoints that walks the list in the metadata and tells who served.
"""

import contextlib
import json
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from tests.edge.own_envoy import OwnEnvoy, own_envoy
from tests.envoy.pool_stage import EVERYTHING, MODEL
from tests.support.engines import ImitatedEngine
from tests.support.gatehouse import KEY, READY_SECONDS, Gateway, gateway_config
from tests.support.ports import free_ports
from tests.support.processes import POLL_SECONDS, running

DESTINATION: Final = "x-gateway-destination-endpoint"
TYPES: Final = "type.googleapis.com/envoy.extensions."
BUFFERED: Final = {
    "request_header_mode": "SEND",
    "request_body_mode": "BUFFERED",
    "response_header_mode": "SEND",
    "response_body_mode": "NONE",
    "response_trailer_mode": "SEND",
}
DUPLEX: Final = {
    "request_header_mode": "SEND",
    "request_body_mode": "FULL_DUPLEX_STREAMED",
    "request_trailer_mode": "SEND",
    "response_header_mode": "SEND",
    "response_body_mode": "FULL_DUPLEX_STREAMED",
    "response_trailer_mode": "SEND",
}
"""As llm-d ships it."""
MODES: Final[Mapping[str, Mapping[str, str]]] = {"buffered": BUFFERED, "duplex": DUPLEX}


def ext_proc(modes: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """The filter that asks an endpoint picker."""
    return {
        "name": "envoy.filters.http.ext_proc",
        "typed_config": {
            "@type": f"{TYPES}filters.http.ext_proc.v3.ExternalProcessor",
            "grpc_service": {"envoy_grpc": {"cluster_name": "picker"}, "timeout": "10s"},
            "message_timeout": "1000s",
            "processing_mode": dict(modes),
            "metadata_options": {
                "forwarding_namespaces": {"untyped": ["envoy.lb", "envoy.lb.subset_hint"]},
                "receiving_namespaces": {"untyped": ["envoy.lb"]},
            },
            **more,
        },
    }


def subset_hint(*endpoints: str) -> dict[str, Any]:
    """The filter by which a proxy says which endpoints may be picked."""
    return {
        "name": "envoy.filters.http.set_metadata",
        "typed_config": {
            "@type": f"{TYPES}filters.http.set_metadata.v3.Config",
            "metadata": [
                {
                    "metadata_namespace": "envoy.lb.subset_hint",
                    "value": {f"{DESTINATION}-subset": list(endpoints)},
                }
            ],
        },
    }


def original_dst() -> dict[str, Any]:
    """The cluster that trusts the header."""
    return {
        "name": "models",
        "type": "ORIGINAL_DST",
        "connect_timeout": "1s",
        "lb_policy": "CLUSTER_PROVIDED",
        "original_dst_lb_config": {"use_http_header": True, "http_header_name": DESTINATION},
    }


def override_host(addresses: Sequence[str]) -> dict[str, Any]:
    """The cluster that goes to the first of the list, for a retry to the next, and tells who it
    was."""
    key = {"key": "envoy.lb", "path": [{"key": DESTINATION}]}
    served = {"key": "envoy.lb", "path": [{"key": f"{DESTINATION}-served"}]}
    random = {"@type": f"{TYPES}load_balancing_policies.random.v3.Random"}
    policy = {
        "@type": f"{TYPES}load_balancing_policies.override_host.v3.OverrideHost",
        "override_host_sources": [{"metadata": key}],
        "selected_host_key": served,
        "fallback_policy": {"policies": [_policy("random", random)]},
    }
    return {
        "name": "models",
        "type": "STATIC",
        "connect_timeout": "1s",
        "lb_policy": "LOAD_BALANCING_POLICY_CONFIG",
        "load_balancing_policy": {"policies": [_policy("override_host", policy)]},
        "load_assignment": _assignment("models", addresses),
    }


def _policy(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    extension = {"name": f"envoy.load_balancing_policies.{name}", "typed_config": dict(config)}
    return {"typed_extension_config": extension}


def _assignment(name: str, addresses: Sequence[str]) -> dict[str, Any]:
    endpoints = [{"endpoint": {"address": _socket(address)}} for address in addresses]
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]}


def _socket(address: str) -> dict[str, Any]:
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host, "port_value": int(port)}}


def _picker_cluster(picker: str) -> dict[str, Any]:
    options = {
        "@type": f"{TYPES}upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {"max_concurrent_streams": 100}},
    }
    return {
        "name": "picker",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": _assignment("picker", [picker]),
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
        },
        "health_checks": [
            {
                "timeout": "1s",
                "interval": "0.2s",
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                "grpc_health_check": {
                    "service_name": "envoy.service.ext_proc.v3.ExternalProcessor"
                },
            }
        ],
    }


def bootstrap(
    picker: str,
    cluster: Mapping[str, Any],
    filters: Sequence[Mapping[str, Any]],
    routes: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """A whole configuration: every request goes through `filters` to `cluster`, what fails before
    an answer is tried again. `routes` go first, `picker` is the service's address."""
    port, admin = free_ports(2)
    retry = {"retry_on": "connect-failure,refused-stream,reset", "num_retries": 2}
    router = {"@type": f"{TYPES}filters.http.router.v3.Router"}
    every = {
        "match": {"prefix": "/"},
        "route": {"cluster": "models", "timeout": "60s", "retry_policy": retry},
    }
    manager = {
        "@type": f"{TYPES}filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "theirs",
        "route_config": {
            "name": "theirs",
            "virtual_hosts": [{"name": "theirs", "domains": ["*"], "routes": [*routes, every]}],
        },
        "http_filters": [
            *filters,
            {"name": "envoy.filters.http.router", "typed_config": router},
        ],
    }
    chain = {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": manager,
    }
    return {
        "admin": {"address": _socket(f"127.0.0.1:{admin}")},
        "static_resources": {
            "listeners": [
                {
                    "name": "theirs",
                    "address": _socket(f"127.0.0.1:{port}"),
                    "filter_chains": [{"filters": [chain]}],
                }
            ],
            "clusters": [dict(cluster), _picker_cluster(picker)],
        },
    }


@dataclass(frozen=True)
class Picker:
    """A gateway that runs without an Envoy, for others: at `address` one asks it."""

    gateway: Gateway
    address: str

    @contextlib.contextmanager
    def envoy(
        self,
        folder: Path,
        cluster: Mapping[str, Any],
        *filters: Mapping[str, Any],
        routes: Sequence[Mapping[str, Any]] = (),
    ) -> Generator[OwnEnvoy]:
        """An Envoy with these filters and this cluster, once it knows the gateway to be healthy."""
        folder.mkdir(exist_ok=True)
        with own_envoy(bootstrap(self.address, cluster, filters, routes), folder) as envoy:
            envoy.wait_for("picker", 1)
            yield envoy


@contextlib.contextmanager
def picking(
    folder: Path,
    pools: Sequence[Mapping[str, Any]],
    *,
    picks: Mapping[str, Any] | None = None,
    route: Mapping[str, Any] | None = None,
    policies: Sequence[Mapping[str, Any]] = (EVERYTHING,),
    serves: bool = True,
    **changes: Any,
) -> Generator[Picker]:
    """`gatehouse serve` with one route to `pools`. `picks` adds to service.endpoint_picker, which
    is left out where it does not serve; `policies` are any documents."""
    (folder / "policies").mkdir(parents=True)
    (listen,) = free_ports(1)
    config = gateway_config({}, folder, pools=[dict(pool) for pool in pools], **changes)
    names = [str(pool["name"]) for pool in pools]
    first = {"name": "models", "path": "/v1", "protocol": "openai", "backend": names[0]}
    config["routes"] = [{**first, "pools": names[1:], **(route or {})}]
    config["service"] |= {
        "listen": f"127.0.0.1:{listen}",
        "workers": 1,
    }
    if serves:
        config["service"]["endpoint_picker"] = {"route": "models", **(picks or {})}
    file, ready = folder / "gateway.yaml", folder / "ready.json"
    text = "\n---\n".join(json.dumps(one) for one in policies)
    (folder / "policies" / "policies.yaml").write_text(text)
    file.write_text(json.dumps(config))
    command = [sys.executable, "-m", "gateway", "serve", "-c", str(file)]
    with running([*command, "--ready-file", str(ready)]) as process:
        deadline = time.monotonic() + READY_SECONDS
        while not ready.exists():
            assert process.returncode is None, process.stderr.lines
            assert time.monotonic() < deadline
            time.sleep(POLL_SECONDS)
        gateway = Gateway(folder, process, json.loads(ready.read_text()), config)
        yield Picker(gateway, config["service"]["listen"])


def pool_of(engines: Sequence[ImitatedEngine], **more: Any) -> dict[str, Any]:
    """One pool `models` of these engines."""
    addresses = [one.address for one in engines]
    return {"name": "models", "endpoints": addresses, "models": [MODEL], **more}


def ask(
    envoy: OwnEnvoy,
    prompt: str = "Hello",
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> httpx.Response:
    """One chat completion through `envoy`."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": prompt}], "max_tokens": 2}
    lines = {"x-api-key": KEY, **(headers or {})}
    return envoy.client.post("/v1/chat/completions", json={**body, **more}, headers=lines)
