"""From a configuration to a snapshot, through the message that workers get."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap.snapshot import route_stage, snapshot_message
from gateway.config.pool import KvEvents, Pool
from gateway.config.schema import Route
from gateway.config.wiring import FOREIGN_ROUTE
from gateway.model.head import Headers, RequestHead
from gateway.model.refusal import Refusal
from gateway.pipeline.foreign_proxy import ForeignProxy
from tests.bootstrap.configured import backend, loaded, snapshot
from tests.support.gatehouse import KEY, SEAL_KEY, key_entry

CREDENTIAL = "Bearer backend-credential"
ISSUER = "https://idp.example"
KEY_SET = '{"keys":[]}'


def identity(**source: str) -> dict[str, Any]:
    """The identity part with an issuer of tokens, whose keys come from `source`, too."""
    issuer = {"issuer": ISSUER, "audiences": ["gateway"], **source}
    return {"keys": [key_entry("someone", KEY)], "jwt": [issuer]}


def test_a_worker_judges_by_what_the_supervisor_has_checked(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    made = snapshot(found)
    assert (made.number, made.digest) == (7, found.digest)
    assert list(made.routes) == ["mcp:tracker@tracker"]
    assert [rule.path for rule in made.policies.rules] == ["allow-all/allow"]


def test_routes_that_envoy_still_knows_stay_known_while_they_drain(tmp_path: Path) -> None:
    route = {"name": "tracker", "path": "/tracker", "protocol": "mcp", "backend": "other"}
    old = loaded(tmp_path)
    backends = [*backend(), {"name": "other", "endpoints": ["127.0.0.1:2"]}]
    new = loaded(tmp_path, backends=backends, routes=[route])
    made = snapshot(new, old)
    assert {name: stage.backend for name, stage in made.routes.items()} == {
        "mcp:tracker@tracker": "tracker",
        "mcp:tracker@other": "other",
    }
    assert list(snapshot(new).routes) == ["mcp:tracker@other"]


def test_secrets_are_in_the_message_and_in_nothing_that_is_printed(tmp_path: Path) -> None:
    found = loaded(tmp_path, backends=backend(auth={"value": CREDENTIAL}))
    message = json.dumps(snapshot_message(found, 1, {}))
    assert CREDENTIAL in message
    assert SEAL_KEY in message
    assert CREDENTIAL not in repr(found)
    assert SEAL_KEY not in repr(found)


def test_workers_get_key_sets_of_issuers_that_are_configured_and_of_no_others(
    tmp_path: Path,
) -> None:
    found = loaded(tmp_path, identity=identity(jwks_url=f"{ISSUER}/keys"))
    known = {"https://other.example": b"{}", ISSUER: KEY_SET.encode()}
    assert snapshot_message(found, 1, known)["key_sets"] == {ISSUER: KEY_SET}
    assert snapshot_message(found, 1, {})["key_sets"] == {}


@pytest.mark.parametrize("pools", [(), (Pool(name="m", endpoints=("127.0.0.1:1",)),)])
def test_only_a_route_to_pools_keeps_from_them_what_engines_tell_one_another(
    pools: tuple[Pool, ...],
) -> None:
    route = Route(name="r", path="/v1", protocol="openai", backend="m")
    protocol = route_stage(route, pools).protocol
    assert protocol is not None
    headers = Headers((("content-type", "application/json"),))
    opening = protocol.open(RequestHead("POST", "/v1/completions", headers=headers))
    found = opening.deframe(b'{"model":"m","prompt":"x","priority":-1}')
    assert isinstance(found, Refusal) is bool(pools)


def test_workers_are_told_what_traces_to_keep_under_a_key_that_is_all_of_theirs(
    tmp_path: Path,
) -> None:
    pool = {"name": "chat", "path": "/v1", "endpoints": ["127.0.0.1:1"]}
    kept = pool | {"trace": {"file": "chat.log", "max_bytes": 70_000}}
    found = loaded(tmp_path, pools=[kept, pool | {"name": "code"}])
    one, two = snapshot(found), snapshot(found)
    assert {name: trace.max_bytes for name, trace in one.traces.items()} == {"chat": 70_000}
    assert one.traces["chat"].file == str(tmp_path / "chat.log")
    assert one.trace_key == two.trace_key
    assert len(one.trace_key) == 32
    assert repr(one.trace_key) not in repr(one)


def test_pools_are_listened_to_where_their_events_are_and_others_are_not(tmp_path: Path) -> None:
    pool = {"name": "chat", "path": "/v1", "endpoints": ["127.0.0.1:1"]}
    heard = pool | {"kv_events": {"replay_port": 5558}}
    plans = snapshot(loaded(tmp_path, pools=[heard, pool | {"name": "code"}])).pickers
    assert plans["chat"].kv_events == KvEvents(port=5557, replay_port=5558, topic="")
    assert plans["code"].kv_events is None


def test_proxies_of_somebody_else_are_served_by_the_route_that_is_named(tmp_path: Path) -> None:
    pool = {"name": "models", "endpoints": ["127.0.0.1:2"], "models": ["m"]}
    route = {"name": "models", "path": "/v1", "protocol": "openai", "backend": "models"}
    picks = {"route": "models", "fallbacks": 1, "tell": ["pool"], "credentials": "pass"}
    service = {"listen": "127.0.0.1:9920", "endpoint_picker": picks}
    changes: dict[str, Any] = {"pools": [pool], "routes": [route], "service": service}
    made = snapshot(loaded(tmp_path, **changes))
    assert made.foreign == ForeignProxy(
        "agents", 5.0, fallbacks=1, tell=("pool",), keeps_credentials=True
    )
    own, theirs = made.routes["openai:models@models"], made.routes[FOREIGN_ROUTE]
    assert (theirs.name, theirs.pools) == (own.name, own.pools)
    assert (own.hints.proxied, theirs.hints.proxied) == (False, True)
    del service["endpoint_picker"]
    without = snapshot(loaded(tmp_path, **changes))
    assert (without.foreign, FOREIGN_ROUTE in without.routes) == (None, False)
