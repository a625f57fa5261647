"""Session ids through two gateways that share nothing but the sealing key, before two replicas."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.gatehouse import KEY, Gateway, allow, gatehouse, gateway_config, key_entry
from tests.support.http_client import HTTP
from tests.support.messages import LEGACY, legacy, legacy_call
from tests.support.session_replica import OWN_NOT_FOUND, SessionReplica, session_replica

OTHER_KEY = "another-key-9876543210"
INITIALIZE = {
    "protocolVersion": LEGACY,
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
BIG = 9007199254740993
REPLICA_ID = re.compile(r"replica-[abc]-\d+")


@dataclass(frozen=True)
class Stage:
    """Gateways one and two, replicas a and b of `tracker`, replica c of `other`."""

    one: Gateway
    two: Gateway
    a: SessionReplica
    b: SessionReplica
    c: SessionReplica

    @property
    def addresses(self) -> list[str]:
        """The "ip:port" of every replica."""
        return [one.backend.address for one in (self.a, self.b, self.c)]

    def forget(self) -> None:
        """Start the lists of requests anew."""
        for replica in (self.a, self.b, self.c):
            replica.take()

    def seen(self) -> int:
        """How many requests reached any replica since `forget`."""
        return sum(len(replica.seen) for replica in (self.a, self.b, self.c))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as stack:
        a, b, c = (
            stack.enter_context(session_replica(name))
            for name in ("replica-a", "replica-b", "replica-c")
        )
        backends = {"tracker": [a.backend.url, b.backend.url], "other": [c.backend.url]}
        keys = [key_entry("tester", KEY), key_entry("second", OTHER_KEY)]
        gateways: list[Gateway] = []
        for name in ("one", "two"):
            folder = tmp_path_factory.mktemp(name)
            config = gateway_config(backends, folder, identity={"keys": keys})
            policies = [allow(), allow("allow-other", "other")]
            started = gatehouse(folder, policies=policies, config=config, workers=2)
            gateways.append(stack.enter_context(started))
        yield Stage(gateways[0], gateways[1], a, b, c)


def send(
    gateway: Gateway,
    request: dict[str, Any],
    session: str | None = None,
    *,
    route: str = "tracker",
    **headers: str,
) -> httpx.Response:
    """POST a message, or another method that `request` names."""
    own = {} if session is None else {"mcp-session-id": session}
    lines = {"x-api-key": KEY, **own, **{k.replace("_", "-"): v for k, v in headers.items()}}
    method: str = request.get("method", "POST")
    sent = {key: value for key, value in request.items() if key != "method"}
    sent["headers"] = {**sent.get("headers", {}), **lines}
    return HTTP.request(method, gateway.url(route), **sent)


def listen() -> dict[str, Any]:
    return {
        "method": "GET",
        "headers": {"accept": "text/event-stream", "mcp-protocol-version": LEGACY},
    }


def end() -> dict[str, Any]:
    return {"method": "DELETE", "headers": {"mcp-protocol-version": LEGACY}}


def begin(gateway: Gateway, *, route: str = "tracker", **headers: str) -> str:
    """A new session's id."""
    begun = send(gateway, legacy("initialize", INITIALIZE), route=route, **headers)
    assert begun.status_code == 200, begun.text
    return begun.headers["mcp-session-id"]


def begin_at(stage: Stage, replica: SessionReplica) -> str:
    """A new session at this replica of `tracker`, begun on gateway one."""
    for _ in range(64):
        before = len(replica.live)
        session = begin(stage.one)
        if len(replica.live) > before:
            return session
    raise AssertionError(f"no session of 64 began at {replica.name}")


def whoami(gateway: Gateway, session: str | None, **headers: str) -> str:
    answer = send(gateway, legacy_call("whoami"), session, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]["content"][0]["text"]


def assert_unknown(answer: httpx.Response, ident: int | str) -> None:
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert error["code"] == -31404
    assert error["data"]["reason"] == "session_unknown"
    assert answer.json()["id"] == ident
    assert type(answer.json()["id"]) is type(ident)
    assert "mcp-session-id" not in answer.headers


def test_a_session_begun_on_one_gateway_goes_on_on_the_other(stage: Stage) -> None:
    session = begin(stage.one)
    names = {whoami(gateway, session) for gateway in (stage.one, stage.two) * 8}
    assert len(names) == 1


def test_the_replica_sees_its_own_id_only_and_the_client_never_sees_it(stage: Stage) -> None:
    stage.forget()
    session = begin_at(stage, stage.a)
    own = max(stage.a.live, key=lambda one: int(one.rpartition("-")[2]))
    stage.forget()
    answers = [
        send(stage.two, legacy("notifications/initialized", ident=None), session),
        send(stage.one, legacy_call("whoami"), session),
        send(stage.two, listen(), session),
        send(stage.one, {"json": {"jsonrpc": "2.0", "id": 5, "result": {}}}, session),
        send(stage.two, end(), session),
    ]
    assert [answer.status_code for answer in answers] == [202, 200, 200, 202, 204]
    for answer in answers:
        assert answer.headers.get_list("mcp-session-id") == [session]
        assert REPLICA_ID.search(f"{answer.headers}{answer.text}") is None
    seen = stage.a.take()
    assert [one.method for one in seen] == ["POST", "POST", "GET", "POST", "DELETE"]
    assert [one.all("mcp-session-id") for one in seen] == [[own]] * 5
    assert stage.seen() == 0
    assert own not in stage.a.live


def test_new_sessions_spread_and_each_stays_at_its_replica(stage: Stage) -> None:
    homes: set[str] = set()
    for _ in range(20):
        session = begin(stage.one)
        home = {whoami(gateway, session) for gateway in (stage.two, stage.one, stage.two)}
        assert len(home) == 1
        homes |= home
    assert homes == {"replica-a", "replica-b"}


def test_the_session_id_is_visible_ascii_that_names_neither_replica_nor_id(stage: Stage) -> None:
    session = begin(stage.one)
    assert re.fullmatch(r"[\x21-\x7e]{32,400}", session)
    raw = base64.urlsafe_b64decode(session + "=" * (-len(session) % 4))
    assert b"127.0.0.1" not in raw
    assert b"replica" not in raw
    assert begin(stage.one) != session


def flipped(session: str, at: int) -> str:
    other = "A" if session[at] != "A" else "B"
    return session[:at] + other + session[at + 1 :]


DAMAGES: dict[str, Callable[[str], str]] = {
    "another version": lambda session: flipped(session, 0),
    "another key": lambda session: flipped(session, 4),
    "flipped": lambda session: flipped(session, len(session) // 2),
    "another tag": lambda session: flipped(session, len(session) - 2),
    "cut": lambda session: session[:-1],
    "truncated": lambda session: session[: len(session) // 2],
    "longer": lambda session: f"{session}A",
    "padded": lambda session: f"{session}=",
    "raw": lambda _: "replica-a-1",
    "envelope": lambda _: base64.b64encode(b"127.0.0.1:80").decode(),
    "huge": lambda _: "x" * 5000,
}


@pytest.mark.parametrize("ident", [BIG, "1"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_session_id_that_the_gateway_did_not_make_is_unknown(
    stage: Stage, damage: Callable[[str], str], ident: int | str
) -> None:
    session = damage(begin(stage.one))
    stage.forget()
    assert_unknown(send(stage.two, legacy_call("whoami", ident=ident), session), ident)
    assert stage.seen() == 0


def test_a_session_of_another_principal_is_unknown(stage: Stage) -> None:
    session = begin(stage.one)
    stage.forget()
    for gateway in (stage.one, stage.two):
        stolen = send(gateway, legacy_call("whoami", ident=7), session, x_api_key=OTHER_KEY)
        assert_unknown(stolen, 7)
    assert stage.seen() == 0
    assert whoami(stage.two, session) in {"replica-a", "replica-b"}


def test_a_session_of_another_backend_is_unknown(stage: Stage) -> None:
    session = begin(stage.one)
    stage.forget()
    assert_unknown(send(stage.one, legacy_call("whoami", ident=7), session, route="other"), 7)
    assert stage.seen() == 0


@pytest.mark.parametrize("request_of", [listen, end], ids=["GET", "DELETE"])
def test_get_and_delete_with_a_forged_id_are_404_too(
    stage: Stage, request_of: Callable[[], dict[str, Any]]
) -> None:
    session = flipped(begin(stage.one), 30)
    stage.forget()
    answer = send(stage.one, request_of(), session)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == -31404
    assert "id" not in answer.json()
    assert stage.seen() == 0


def test_an_empty_session_id_is_unknown_and_not_no_session(stage: Stage) -> None:
    stage.forget()
    assert_unknown(send(stage.one, legacy_call("whoami", ident=7), ""), 7)
    assert stage.seen() == 0


def test_two_session_ids_are_refused(stage: Stage) -> None:
    first, second = begin(stage.one), begin(stage.one)
    stage.forget()
    request = legacy_call("whoami", ident=7)
    for values in ((first, second), (first, first), (first, "")):
        lines = [*request["headers"].items(), ("x-api-key", KEY)]
        lines += [("mcp-session-id", value) for value in values]
        answer = HTTP.post(stage.one.url("tracker"), json=request["json"], headers=lines)
        assert answer.status_code in {400, 404}
        assert answer.json()["id"] == 7
    joined = send(stage.one, request, f"{first},{second}")
    assert_unknown(joined, 7)
    assert stage.seen() == 0


def test_a_404_of_the_upstream_itself_passes_as_its_own(stage: Stage) -> None:
    session = begin_at(stage, stage.a)
    stage.a.live.clear()
    answer = send(stage.two, legacy_call("whoami"), session)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == OWN_NOT_FOUND
    records = stage.two.wait_for_records(1, status=404, decision="allow", target="whoami")
    assert records[-1]["endpoint"] == stage.a.backend.address


@pytest.mark.parametrize(
    "name",
    [
        "x-gateway-session-endpoint",
        "x-gateway-destination-endpoint",
        "x-gateway-destination-endpoint-served",
        "x-gateway-anything",
    ],
)
@pytest.mark.parametrize("encoded", [True, False])
def test_a_client_cannot_steer(stage: Stage, name: str, encoded: bool) -> None:
    session = begin_at(stage, stage.a)
    for target in (stage.b, stage.c):
        stage.forget()
        value = target.backend.address
        value = base64.b64encode(value.encode()).decode() if encoded else value
        assert whoami(stage.two, session, **{name: value}) == "replica-a"
        unbound = send(stage.two, legacy("initialize", INITIALIZE), **{name: value})
        assert unbound.status_code == 200
        assert stage.c.seen == []
        for one in (*stage.a.seen, *stage.b.seen):
            assert not [key for key in one.names if key.startswith(("x-gateway-", "x-envoy-"))]


def test_no_unbound_request_follows_a_clients_wish(stage: Stage) -> None:
    wish = base64.b64encode(stage.a.backend.address.encode()).decode()
    stage.forget()
    for _ in range(24):
        begin(stage.one, x_gateway_session_endpoint=wish)
    assert stage.a.seen
    assert stage.b.seen


def test_no_response_tells_a_replicas_address(stage: Stage) -> None:
    session = begin(stage.one)
    answers = [
        send(stage.one, legacy("initialize", INITIALIZE)),
        send(stage.one, legacy_call("whoami"), session),
        send(stage.one, listen(), session),
        send(stage.one, legacy_call("whoami"), "forged"),
        send(stage.one, end(), session),
    ]
    for answer in answers:
        text = json.dumps([*answer.headers.items(), answer.text])
        for address in stage.addresses:
            assert address not in text
            assert base64.b64encode(address.encode()).decode() not in text
        assert not [name for name in answer.headers if name.startswith("x-gateway-")]
