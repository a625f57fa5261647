"""Sessions whose replica or key is gone: 404 and -31404, which make clients start another."""

import contextlib
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.echo import Seen
from tests.support.gatehouse import KEY, SEAL_KEY, Gateway, allow, gatehouse, gateway_config
from tests.support.http_client import HTTP
from tests.support.messages import LEGACY, legacy, legacy_call
from tests.support.raw_backend import Reply
from tests.support.session_replica import OWN_NOT_FOUND, SessionReplica, session_replica
from tests.support.waiting import until

NEW_KEY = "Zr0k3vX9pQm2L7tYc5Wb8NfHsJdAeGuR1iKo4yTzVhE"
INITIALIZE = {
    "protocolVersion": LEGACY,
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


@dataclass
class Stage:
    """A gateway before replicas a and b of `watched`, whose health is checked all the time, and
    c and d of `unwatched`, whose health is checked once."""

    gateway: Gateway
    a: SessionReplica
    b: SessionReplica
    c: SessionReplica
    d: SessionReplica

    def reload(self, **changes: Any) -> None:
        """Change gateway.yaml and wait until the change is in force."""
        number = self.gateway.status()["snapshot"]
        self.gateway.write_config(**changes)
        self.gateway.wait_for_snapshot(number + 1)

    @contextlib.contextmanager
    def changed(self, **changes: Any) -> Generator[None]:
        """A change for the length of the block."""
        before = {key: self.gateway.config[key] for key in changes}
        self.reload(**changes)
        try:
            yield
        finally:
            self.reload(**before)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("gateway")
    with ExitStack() as stack:
        a, b, c, d = (stack.enter_context(session_replica(f"replica-{name}")) for name in "abcd")
        config = gateway_config(
            {
                "watched": [a.backend.url, b.backend.url],
                "unwatched": [c.backend.url, d.backend.url],
            },
            folder,
        )
        config["backends"][0]["health_interval"] = 0.1
        config["backends"][1]["health_interval"] = 3600
        policies = [allow("one", "watched"), allow("two", "unwatched")]
        gateway = stack.enter_context(gatehouse(folder, policies=policies, config=config))
        yield Stage(gateway, a, b, c, d)


def send(
    gateway: Gateway, request: dict[str, Any], session: str | None, route: str = "watched"
) -> httpx.Response:
    own = {} if session is None else {"mcp-session-id": session}
    lines = {**request["headers"], "x-api-key": KEY, **own}
    return HTTP.post(gateway.url(route), json=request["json"], headers=lines)


def call(
    stage: Stage, session: str, route: str = "watched", ident: int | str = 9007199254740993
) -> httpx.Response:
    return send(stage.gateway, legacy_call("whoami", ident=ident), session, route)


def begin_at(stage: Stage, replica: SessionReplica, route: str = "watched") -> str:
    """A new session at this replica."""
    for _ in range(64):
        before = len(replica.live)
        begun = send(stage.gateway, legacy("initialize", INITIALIZE), None, route)
        assert begun.status_code == 200, begun.text
        if len(replica.live) > before:
            return begun.headers["mcp-session-id"]
    raise AssertionError(f"no session of 64 began at {replica.name}")


def assert_unknown(answer: httpx.Response, ident: int | str = 9007199254740993) -> None:
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert (answer.json()["id"], error["code"]) == (ident, -31404)
    assert error["data"]["reason"] == "session_unknown"
    assert error["data"]["reference"] == answer.headers["x-gatehouse-audit-id"]
    assert "mcp-session-id" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("x-gateway-")]


def healthy(stage: Stage, replica: SessionReplica) -> bool:
    endpoints = stage.gateway.status()["endpoints"]
    return all(one["healthy"] for one in endpoints if one["endpoint"] == replica.backend.address)


def test_a_replica_that_left_the_configuration_has_lost_its_sessions(stage: Stage) -> None:
    session = begin_at(stage, stage.a)
    backends = [
        {**one, "endpoints": [stage.b.backend.address]} if one["name"] == "watched" else one
        for one in stage.gateway.config["backends"]
    ]
    with stage.changed(backends=backends):
        stage.b.take()
        until(lambda: call(stage, session).status_code == 404)
        assert_unknown(call(stage, session))
        assert_unknown(call(stage, session, ident="text"), "text")
        assert stage.b.take() == []
    until(lambda: call(stage, session).status_code == 200)
    assert call(stage, session).json()["result"]["content"][0]["text"] == "replica-a"


def test_an_unhealthy_replica_has_lost_its_sessions(stage: Stage) -> None:
    with session_replica("replica-e") as gone:
        backends = [
            {**one, "endpoints": [*one["endpoints"], gone.backend.address]}
            if one["name"] == "watched"
            else one
            for one in stage.gateway.config["backends"]
        ]
        stage.reload(backends=backends)
        session = begin_at(stage, gone)
        port = int(gone.backend.address.rpartition(":")[2])
    until(lambda: not healthy(stage, gone))
    for replica in (stage.a, stage.b):
        replica.take()
    for _ in range(8):
        assert_unknown(call(stage, session))
    assert stage.a.take() == stage.b.take() == []
    with session_replica("replica-e", port) as back:
        until(lambda: healthy(stage, back))
        until(lambda: call(stage, session).json()["error"]["message"] == OWN_NOT_FOUND)


def test_a_replica_that_refuses_before_anybody_noticed_has_lost_its_sessions(stage: Stage) -> None:
    with session_replica("replica-f") as gone:
        backends = [
            {**one, "endpoints": [stage.c.backend.address, gone.backend.address]}
            if one["name"] == "unwatched"
            else one
            for one in stage.gateway.config["backends"]
        ]
        stage.reload(backends=backends)
        session = begin_at(stage, gone, "unwatched")
    assert healthy(stage, gone)
    stage.c.take()
    for _ in range(8):
        assert_unknown(call(stage, session, "unwatched"))
    listen = HTTP.get(
        stage.gateway.url("unwatched"),
        headers={
            "x-api-key": KEY,
            "accept": "text/event-stream",
            "mcp-protocol-version": LEGACY,
            "mcp-session-id": session,
        },
    )
    assert listen.status_code == 404
    assert listen.json()["error"]["code"] == -31404
    assert stage.c.take() == []
    records = stage.gateway.wait_for_records(9, reason="session_unknown", backend="unwatched")
    assert {one["decision"] for one in records} == {"refuse"}


def test_a_replica_that_hangs_up_is_no_lost_session(stage: Stage) -> None:
    session = begin_at(stage, stage.a)
    answering = stage.a.backend.answer

    def hang_up(_: Seen) -> Reply:
        raise ConnectionAbortedError

    stage.a.backend.answer = hang_up
    try:
        stage.a.take()
        answer = call(stage, session)
    finally:
        stage.a.backend.answer = answering
    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["error"]["code"]) == (9007199254740993, -31503)
    assert len(stage.a.take()) == 1  # a tool call is never repeated
    assert call(stage, session).status_code == 200


def test_an_expired_session_is_unknown(stage: Stage) -> None:
    lasting = begin_at(stage, stage.a)
    with stage.changed(sessions={"keys": [SEAL_KEY], "ttl": 0.5}):
        session = begin_at(stage, stage.a)
        until(lambda: call(stage, session).status_code == 404)
        assert_unknown(call(stage, session))
        assert call(stage, lasting).status_code == 200  # its life was sealed with it


def test_keys_are_rotated_without_losing_a_session(stage: Stage) -> None:
    old = begin_at(stage, stage.a)
    with stage.changed(sessions={"keys": [NEW_KEY, SEAL_KEY]}):
        new = begin_at(stage, stage.b)
        assert call(stage, old).status_code == call(stage, new).status_code == 200
        with stage.changed(sessions={"keys": [NEW_KEY]}):
            assert call(stage, new).status_code == 200
            assert_unknown(call(stage, old))
    assert_unknown(call(stage, new))
    assert call(stage, old).status_code == 200


@pytest.mark.parametrize("keys", [[], ["c2hvcnQ="], ["A" * 44], ["%%%"]])
def test_a_reload_with_a_weak_key_or_none_keeps_the_old_one(stage: Stage, keys: list[str]) -> None:
    session = begin_at(stage, stage.a)
    before = stage.gateway.status()["snapshot"]
    stage.gateway.write_config(sessions={"keys": keys})
    until(lambda: "sessions" in stage.gateway.status()["configuration_error"])
    assert call(stage, session).status_code == 200
    assert stage.gateway.status()["snapshot"] == before
    stage.reload(sessions={"keys": [SEAL_KEY]})
