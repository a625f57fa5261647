"""A gateway whose listeners have filters of somebody else behind the gateway's own.

Listeners: `chain` (RBAC that people wrote for Envoy's own MCP filter, then a foreign ext_authz),
`own` (RBAC on the gateway's namespace), `asking` (the foreign ext_authz alone), `limited` (a local
rate limit) and `before` (Envoy's own MCP filter, before the gateway). Every route is on each.
"""

import contextlib
import json
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import yaml

from tests.support.echo import Echo, echo
from tests.support.foreign_authz import (
    Denial,
    ForeignAuthz,
    Told,
    cluster_of,
    ext_authz,
    foreign_authz,
)
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse, key_entry
from tests.support.messages import LEGACY, legacy
from tests.support.patched_envoy import patched_envoy
from tests.support.ports import free_port
from tests.support.raw_backend import Reply, raw_backend

BOB_KEY = "bobs-key-0123456789"
GATEHOUSE, NATIVE = "gatehouse", "envoy.filters.http.mcp"
CHECKED = "envoy.filters.http.ext_authz"
LISTENERS = ("chain", "own", "asking", "limited", "before")
A2A_SERVICE = "lf.a2a.v1.A2AService"
LOG_SECONDS = 5.0

PUBLISHED = """
name: published.rbac
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
  rules:
    action: ALLOW
    policies:
      base-protocol:
        principals: [{any: true}]
        permissions:
        - or_rules:
            rules:
            - {header: {name: ":method", string_match: {exact: GET}}}
            - {header: {name: ":method", string_match: {exact: DELETE}}}
            - sourced_metadata:
                metadata_matcher:
                  filter: envoy.filters.http.mcp
                  path: [{key: group}]
                  value:
                    string_match:
                      safe_regex: {regex: "lifecycle|notification|discovery|subscription"}
            - sourced_metadata:
                metadata_matcher:
                  filter: envoy.filters.http.mcp
                  path: [{key: method}]
                  value: {string_match: {exact: tools/list}}
      tools:
        principals: [{header: {name: x-user, string_match: {exact: alice}}}]
        permissions:
        - and_rules:
            rules:
            - sourced_metadata:
                metadata_matcher:
                  filter: envoy.filters.http.mcp
                  path: [{key: method}]
                  value: {string_match: {exact: tools/call}}
            - sourced_metadata:
                metadata_matcher:
                  filter: envoy.filters.http.mcp
                  path: [{key: params}, {key: name}]
                  value:
                    or_match:
                      value_matchers:
                      - string_match: {exact: echo}
                      - string_match: {prefix: read_}
"""
"""As it is published for a chain with Envoy's own MCP filter in front."""

OWN = """
name: own.rbac
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
  rules:
    action: DENY
    policies:
      bob-deletes-nothing:
        principals:
        - and_ids:
            ids:
            - sourced_metadata: &who
                metadata_matcher:
                  filter: NAMESPACE
                  path: [{key: principal}]
                  value: {string_match: {exact: "key:bob"}}
        permissions:
        - sourced_metadata:
            metadata_matcher:
              filter: NAMESPACE
              path: [{key: mcp}, {key: name}]
              value: {string_match: {exact: delete}}
      bob-has-no-large-answers:
        principals: [{sourced_metadata: *who}]
        permissions:
        - sourced_metadata:
            metadata_matcher:
              filter: NAMESPACE
              path: [{key: llm}, {key: max_tokens}]
              value: {double_match: {range: {start: 1000, end: 1000000000}}}
      nobody-gives-agents-urls:
        principals: [{any: true}]
        permissions:
        - sourced_metadata:
            metadata_matcher:
              filter: NAMESPACE
              path: [{key: a2a}, {key: part_types}]
              value: {list_match: {one_of: {string_match: {exact: url}}}}
"""

LIMITED = """
name: foreign.local_ratelimit
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
  stat_prefix: foreign
  token_bucket: {max_tokens: 1000, tokens_per_fill: 1000, fill_interval: 3600s}
  filter_enabled: {default_value: {numerator: 100, denominator: HUNDRED}}
  filter_enforced: {default_value: {numerator: 100, denominator: HUNDRED}}
  rate_limits:
  - actions:
    - metadata:
        descriptor_key: principal
        source: DYNAMIC
        metadata_key: {key: gatehouse, path: [{key: principal}]}
  descriptors:
  - entries: [{key: principal, value: "key:bob"}]
    token_bucket: {max_tokens: 1, tokens_per_fill: 1, fill_interval: 3600s}
"""

MCP_FILTER = """
name: envoy.filters.http.mcp
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.http.mcp.v3.Mcp
  max_request_body_size: 1048576
  parser_config: {group_metadata_key: group}
"""

LOGGED = {
    "name": "envoy.access_loggers.file",
    "typedConfig": {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
        "logFormat": {
            "jsonFormat": {
                "told": "%DYNAMIC_METADATA(gatehouse)%",
                "checked": f"%DYNAMIC_METADATA({CHECKED})%",
                "native": f"%DYNAMIC_METADATA({NATIVE})%",
                "tool": "%DYNAMIC_METADATA(gatehouse:mcp:name)%",
                "max_tokens": "%DYNAMIC_METADATA(gatehouse:llm:max_tokens)%",
                "details": "%RESPONSE_CODE_DETAILS%",
                "mark": "%REQ(x-mark)%",
            }
        },
    },
}


@dataclass(frozen=True)
class Stage:
    """The running gateway, the MCP server behind it and the foreign service."""

    gateway: Gateway
    upstream: Echo
    foreign: ForeignAuthz
    log: Path

    def url(self, listener: str, route: str) -> str:
        """The URL of a route on a listener."""
        return f"{self.gateway.ready['listeners'][listener]}/{route}"

    def post(
        self, listener: str, route: str, sent: dict[str, Any], key: str = KEY
    ) -> httpx.Response:
        """A request with somebody's key."""
        headers = {"x-api-key": key} | sent.get("headers", {})
        return httpx.post(self.url(listener, route), **(sent | {"headers": headers}), timeout=20)

    def session(self, listener: str) -> dict[str, str]:
        """The headers of a tester who has a session with the MCP server."""
        self.upstream.sets = {"mcp-session-id": "own"}
        params: dict[str, Any] = {"protocolVersion": LEGACY, "capabilities": {}}
        begun = self.post(listener, "tracker", legacy("initialize", params))
        self.upstream.sets = {}
        lines = {"x-api-key": KEY, "accept": "text/event-stream", "mcp-protocol-version": LEGACY}
        return {**lines, "mcp-session-id": begun.headers["mcp-session-id"]}

    def logged(self, mark: str) -> dict[str, Any]:
        """The line of Envoy's access log about the request with this x-mark."""
        deadline = time.monotonic() + LOG_SECONDS
        while True:
            for line in self.log.read_text().splitlines() if self.log.exists() else ():
                entry: dict[str, Any] = json.loads(line)
                if entry["mark"] == mark:
                    return entry
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)


def judge(told: Told) -> Denial | None:
    """Denies what the gateway was asked to delete, and what nobody said anything about."""
    facts = told.get(GATEHOUSE) or told.get(CHECKED) or {}
    native = told.get(NATIVE, {})
    named = {facts.get("mcp", {}).get("name"), native.get("params", {}).get("name")}
    if "delete" in named or facts.get("llm", {}).get("model") == "secret":
        return Denial()
    if facts.get("a2a", {}).get("method") == "CancelTask":
        return Denial(401)
    return None if facts.get("decision") == "allow" else Denial(418)


@contextlib.contextmanager
def staged(folder: Path) -> Generator[Stage]:
    """The stage for the length of the block."""
    log = folder / "access.log"
    logged = cast("dict[str, Any]", json.loads(json.dumps(LOGGED)))
    logged["typedConfig"]["path"] = str(log)
    own = [yaml.safe_load(OWN.replace("NAMESPACE", GATEHOUSE))]
    checked = yaml.safe_load(OWN.replace("NAMESPACE", CHECKED).replace("own.rbac", "checked.rbac"))
    published, limited = yaml.safe_load(PUBLISHED), yaml.safe_load(LIMITED)
    asking = ext_authz(GATEHOUSE, NATIVE, CHECKED)
    with (
        echo() as upstream,
        raw_backend(lambda _: Reply(200, [("content-type", "application/json")], [b"{}"])) as raw,
        foreign_authz(judge) as foreign,
    ):
        behind = {
            "own": [*own, checked],
            "asking": [asking],
            "chain": [published, asking],
            "limited": [limited],
        }
        envoy = patched_envoy(
            folder / "envoy",
            {"before": yaml.safe_load(MCP_FILTER)},
            behind=behind,
            clusters=[cluster_of(foreign)],
            access_log=logged,
        )
        down = f"http://127.0.0.1:{free_port()}/"
        with gatehouse(
            folder / "gateway",
            backends={"tracker": [upstream.url], "any": [f"http://{raw.address}/"], "down": [down]},
            listeners=[
                {"name": name, "port": free_port(), "identity": {"accept": ["key"]}}
                for name in LISTENERS
            ],
            routes=list(routes()),
            policies=[
                allow("any", "any"),
                allow("down", "down"),
                allow("tracker", "tracker"),
            ],
            identity={"keys": [key_entry("tester", KEY), key_entry("bob", BOB_KEY)]},
            env={"ENVOY": str(envoy)},
        ) as gateway:
            yield Stage(gateway, upstream, foreign, log)


def routes() -> Generator[dict[str, Any]]:
    """MCP native, off and by ext_authz, and the other protocols, with an upstream and without."""
    mcp = {"protocol": "mcp", "backend": "tracker"}
    yield {**mcp, "name": "tracker", "path": "/tracker", "metadata": "native", "batches": True}
    yield {**mcp, "name": "silent", "path": "/silent", "metadata": "off"}
    yield {**mcp, "name": "open", "path": "/open", "protocol": "unjudged"}
    yield {**mcp, "name": "checked", "path": "/checked", "mode": "check"}
    yield {"name": "grpc", "path": f"/{A2A_SERVICE}", "protocol": "a2a", "backend": "any"}
    for protocol in ("openai", "anthropic", "a2a"):
        route = {"name": protocol, "path": f"/{protocol}", "protocol": protocol, "backend": "any"}
        yield route
        yield {**route, "name": f"{protocol}-check", "path": f"/{protocol}-check", "mode": "check"}
        yield {**route, "name": f"{protocol}-down", "path": f"/{protocol}-down", "backend": "down"}
