"""What needs no gateway: the upstreams, Envoy alone, and Envoy's own MCP filter with RBAC.

Each ends with the benchmark that starts it, however that ends.
"""

import contextlib
import json
import os
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import agent, chat
from benchmarks.corpus import Corpus, api_key
from gateway.edge.binary import envoy_command, find_envoy
from gateway.supervisor.tether import tethered
from tests.support.ports import free_port, free_ports
from tests.support.processes import Process, running

TYPES: Final = "type.googleapis.com/envoy"
HTTP: Final = f"{TYPES}.extensions.filters.http"
MCP: Final = "envoy.filters.http.mcp"
ANSWER: Final = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {"content": [{"type": "text", "text": "done " * 40}], "isError": False},
    }
)
MAX_BODY: Final = 1024 * 1024


@contextlib.contextmanager
def upstream(folder: Path) -> Generator[int]:
    """An Envoy that answers every request at once with JSON: at the paths of chat completions and
    of the agent with their answers, at every other with a result of MCP. Yields its port."""
    port = free_port()
    routes = [
        _answered(chat.UPSTREAM_PATH, chat.answer().decode()),
        _answered(agent.PATH, agent.answer().decode()),
        _answered("/", ANSWER),
    ]
    listener = _listener(port, [_whole_body(), _router()], routes)
    with _envoy(folder / "upstream.json", [listener], [], 1, port):
        yield port


@contextlib.contextmanager
def stream_upstream() -> Generator[int]:
    """A server that answers every request with a stream of events; its port."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.streaming", "--port", str(port)]
    with running(tethered(command)) as process:
        process.wait_for_port(port)
        yield port


@contextlib.contextmanager
def forwarding_envoy(folder: Path, upstreams: Sequence[int]) -> Generator[tuple[int, list[int]]]:
    """One Envoy that only forwards; its process id, and the port that leads to each upstream."""
    ports = free_ports(len(upstreams))
    listeners = [
        _listener(port, [_router()], [_forward(f"upstream_{upstream}")])
        for port, upstream in zip(ports, upstreams, strict=True)
    ]
    clusters = [_cluster(f"upstream_{upstream}", upstream) for upstream in upstreams]
    with _envoy(folder / "forwarding.json", listeners, clusters, 2, ports[0]) as process:
        yield process.pid, ports


@contextlib.contextmanager
def plain_envoy(
    folder: Path, upstream_port: int, rules: Sequence[Corpus]
) -> Generator[tuple[Process, list[int]]]:
    """One Envoy. Its first port forwards only, each other one applies the rules of a corpus."""
    ports = free_ports(1 + len(rules))
    listeners = [_listener(ports[0], [_router()], [_forward("upstream")])]
    for port, corpus in zip(ports[1:], rules, strict=True):
        listeners.append(_listener(port, _native_filters(), _native_routes(corpus)))
    clusters = [_cluster("upstream", upstream_port)]
    with _envoy(folder / "plain.json", listeners, clusters, 2, ports[0]) as process:
        yield process, ports


@contextlib.contextmanager
def _envoy(
    path: Path,
    listeners: Sequence[Mapping[str, Any]],
    clusters: Sequence[Mapping[str, Any]],
    concurrency: int,
    port: int,
) -> Generator[Process]:
    resources = {"listeners": list(listeners), "clusters": list(clusters)}
    path.write_text(json.dumps({"static_resources": resources}))
    command = envoy_command(find_envoy(os.environ), path, concurrency=concurrency)
    with running(tethered(command)) as process:
        process.wait_for_port(port)
        yield process


def _listener(
    port: int, filters: Sequence[Mapping[str, Any]], routes: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    manager = {
        "@type": f"{TYPES}.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": f"port_{port}",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": filters,
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    return {
        "name": f"port_{port}",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [network]}],
    }


def _answered(prefix: str, body: str) -> dict[str, Any]:
    header = {"key": "content-type", "value": "application/json"}
    return {
        "match": {"prefix": prefix},
        "direct_response": {"status": 200, "body": {"inline_string": body}},
        "response_headers_to_add": [
            {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        ],
    }


def _forward(cluster: str) -> dict[str, Any]:
    return {"match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": "0s"}}


def _cluster(name: str, port: int) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    limits = {"max_connections": 50_000, "max_requests": 50_000, "max_pending_requests": 50_000}
    return {
        "name": name,
        "type": "STATIC",
        "circuit_breakers": {"thresholds": [limits]},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }


def _whole_body() -> dict[str, Any]:
    """An answer that does not wait for the request's end closes the connection."""
    config = {"@type": f"{HTTP}.buffer.v3.Buffer", "max_request_bytes": MAX_BODY}
    return {"name": "envoy.filters.http.buffer", "typed_config": config}


def _router() -> dict[str, Any]:
    config = {"@type": f"{HTTP}.router.v3.Router"}
    return {"name": "envoy.filters.http.router", "typed_config": config}


def _native_filters() -> list[dict[str, Any]]:
    mcp = {
        "@type": f"{HTTP}.mcp.v3.Mcp",
        "traffic_mode": "REJECT_NO_MCP",
        "max_request_body_size": MAX_BODY,
        "reject_duplicate_keys": True,
        "attribute_source": "VERIFY",
        "max_supported_protocol_version": "2026-07-28",
        "parser_config": {"group_metadata_key": "group"},
    }
    rbac = {"@type": f"{HTTP}.rbac.v3.RBAC", "rules": {"action": "ALLOW"}}
    return [
        {"name": MCP, "typed_config": mcp},
        {"name": "deny", "typed_config": rbac},
        {"name": "allow", "typed_config": rbac},
        _router(),
    ]


def _native_routes(corpus: Corpus) -> list[dict[str, Any]]:
    """A route for each backend with its own rules, as one would write it by hand."""
    return [
        {
            "match": {"path": f"/{backend}"},
            "route": {"cluster": "upstream", "timeout": "0s"},
            "typed_per_filter_config": {
                name: _rbac(corpus, backend, name) for name in ("deny", "allow")
            },
        }
        for backend in corpus.backends
    ]


def _rbac(corpus: Corpus, backend: str, effect: str) -> dict[str, Any]:
    """The rules of one effect. RBAC sees no arguments: an allow rule goes without its `when`, a
    deny rule with one is left out."""
    keys = {f"key:{entry['name']}": api_key(i) for i, entry in enumerate(corpus.keys)}
    policies: dict[str, Any] = {}
    for document in corpus.policies:
        rule = document["spec"]["rules"][0]
        of_backend = document["spec"]["targets"][0]["backend"] == backend
        if of_backend and rule["effect"] == effect and (effect == "allow" or "when" not in rule):
            policies[document["metadata"]["name"]] = {
                "principals": [_header("x-api-key", keys[name]) for name in rule["principals"]],
                "permissions": [_calls(rule["tools"])],
            }
    rules: dict[str, Any] = {"action": effect.upper(), "policies": policies}
    return {"@type": f"{HTTP}.rbac.v3.RBACPerRoute", "rbac": {"rules": rules}}


def _header(name: str, value: str) -> dict[str, Any]:
    return {"header": {"name": name, "string_match": {"exact": value}}}


def _calls(tools: Sequence[str]) -> dict[str, Any]:
    """tools/call of one of the tools, by what the MCP filter found."""
    each: list[dict[str, Any]] = [{"string_match": {"exact": one}} for one in tools]
    names = {"or_match": {"value_matchers": each}} if len(each) > 1 else each[0]
    method = {"string_match": {"exact": "tools/call"}}
    return {"and_rules": {"rules": [_found(["method"], method), _found(["params", "name"], names)]}}


def _found(path: Sequence[str], value: Mapping[str, Any]) -> dict[str, Any]:
    keys = [{"key": key} for key in path]
    return {"sourced_metadata": {"metadata_matcher": {"filter": MCP, "path": keys, "value": value}}}
