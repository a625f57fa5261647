"""Lists show a caller only what it may use: as JSON, streamed, and replayed on another gateway."""

import contextlib
import gzip
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.conformance.suite import everything_command
from tests.support.echo import Seen
from tests.support.gatehouse import (
    KEY,
    Gateway,
    allow,
    gatehouse,
    gateway_config,
    key_entry,
    policy,
)
from tests.support.http_client import HTTP
from tests.support.messages import LEGACY, legacy, modern
from tests.support.processes import running
from tests.support.raw_backend import RawBackend, Reply, raw_backend

OTHER_KEY = "another-key-9876543210"
LIMIT = 20_000
JSON = ("content-type", "application/json")
EVENTS = ("content-type", "text/event-stream")
LISTS = {
    "tools/list": ("tools", "name", "ok", "secret"),
    "prompts/list": ("prompts", "name", "ok", "secret"),
    "resources/list": ("resources", "uri", "file:///ok", "file:///secret"),
    "resources/templates/list": (
        "resourceTemplates",
        "uriTemplate",
        "file:///ok/{path}",
        "file:///secret/{path}",
    ),
}


@dataclass(frozen=True)
class Stage:
    """Two gateways before `raw`, and before two replicas of a real server (`everything`)."""

    one: Gateway
    two: Gateway
    raw: RawBackend


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as stack:
        raw = stack.enter_context(raw_backend(lambda _: Reply(500)))
        servers = [
            stack.enter_context(running(everything_command(name)))
            for name in ("replica-a", "replica-b")
        ]
        real = [server.wait_for_line(r"^ready (\S+)")[1] for server in servers]
        keys = [key_entry("tester", KEY), key_entry("second", OTHER_KEY)]
        policies = [
            policy(
                "some",
                "raw",
                rule("tools", tools=["ok"], principals=["key:tester"]),
                rule("prompts", prompts=["ok"], principals=["key:tester"]),
                rule("resources", resources=["file:///ok*"], principals=["key:tester"]),
                rule("others", tools=["other"], principals=["key:second"]),
            ),
            allow("real", "everything", tools=["whoami", "test_simple_text"]),
        ]
        gateways: list[Gateway] = []
        for name in ("one", "two"):
            folder = tmp_path_factory.mktemp(name)
            config = gateway_config({"raw": [raw.url], "everything": real}, folder)
            config["identity"] = {"keys": keys}
            config["limits"]["response_bytes"] = LIMIT
            started = gatehouse(folder, policies=policies, config=config)
            gateways.append(stack.enter_context(started))
        yield Stage(gateways[0], gateways[1], raw)


def rule(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "effect": "allow", **fields}


def send(
    gateway: Gateway, request: dict[str, Any], route: str = "raw", key: str = KEY
) -> httpx.Response:
    lines = {**request["headers"], "x-api-key": key}
    return HTTP.post(gateway.url(route), json=request["json"], headers=lines)


def resuming(event: str, key: str = KEY, **headers: str) -> dict[str, str]:
    """The headers of a GET that resumes after an event."""
    return {
        "x-api-key": key,
        "accept": "text/event-stream",
        "mcp-protocol-version": LEGACY,
        "last-event-id": event,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }


def resume(gateway: Gateway, event: str, key: str = KEY) -> httpx.Response:
    return HTTP.get(gateway.url("raw"), headers=resuming(event, key))


def listing(method: str, ident: Any = 1, **result: Any) -> dict[str, Any]:
    """The answer to a list request: one item that the policy shows, one that it hides."""
    member, key, shown, hidden = LISTS[method]
    items = [
        {key: hidden, "description": "d"},
        {key: shown, "inputSchema": {"type": "object", "x": 1.50}},
    ]
    return {"jsonrpc": "2.0", "id": ident, "result": {member: items, **result}}


def shown(method: str, ident: Any = 1, **result: Any) -> dict[str, Any]:
    """What a caller gets of `listing`."""
    answer = listing(method, ident, **result)
    del answer["result"][LISTS[method][0]][0]
    return answer


def event(message: Any, ident: str | None = None) -> bytes:
    start = "" if ident is None else f"id: {ident}\n"
    return f"{start}data: {json.dumps(message)}\n\n".encode()


def events_of(text: str) -> list[dict[str, str]]:
    """The fields of each event."""
    blocks = (block.splitlines() for block in text.strip().split("\n\n"))
    return [dict(line.split(": ", 1) for line in block if ": " in line) for block in blocks]


def replying(reply: Reply) -> Callable[[Seen], Reply]:
    return lambda _: reply


NOTE = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info"}}


# --- filtered on the first stream ---------------------------------------------------------------


@pytest.mark.parametrize("method", LISTS)
@pytest.mark.parametrize("write", [legacy, modern], ids=["legacy", "modern"])
@pytest.mark.parametrize("streamed", [False, True], ids=["JSON", "SSE"])
def test_a_list_shows_what_the_caller_may_use(
    stage: Stage, method: str, write: Callable[..., dict[str, Any]], streamed: bool
) -> None:
    result = {"ttlMs": 1000, "cacheScope": "public", "nextCursor": "n"}
    message = listing(method, **result)
    body = [event(NOTE), event(message)] if streamed else [json.dumps(message).encode()]
    stage.raw.answer = replying(Reply(200, [EVENTS if streamed else JSON], body))
    answer = send(stage.one, write(method))
    assert answer.status_code == 200
    data = events_of(answer.text)[-1]["data"] if streamed else answer.text
    assert json.loads(data) == shown(method, **{**result, "cacheScope": "private"})
    assert '"x": 1.5}' in data  # untouched: order, numbers and white space of what is shown
    filtered = stage.one.wait_for_records(1, method=method, filtered=1)[-1]
    assert filtered["decision"] == "allow"


# --- resumed on the other gateway ---------------------------------------------------------------


class Dropping:
    """A server whose POST stream breaks off after the events `first`, once the client has read
    them, and whose GET replays the events `replayed`."""

    def __init__(self, first: bytes, replayed: list[bytes]) -> None:
        self._first = first
        self._replayed = replayed
        self.arrived = threading.Event()

    def __call__(self, request: Seen) -> Reply:
        if request.method == "GET":
            return Reply(200, [EVENTS], self._replayed)
        self.arrived.clear()
        return Reply(200, [EVENTS], self._pieces(), drop=True)

    def _pieces(self) -> Iterator[bytes]:
        yield self._first
        self.arrived.wait(5)


def first_event(
    stage: Stage, server: Dropping, request: dict[str, Any], key: str = KEY, *, wait: bool = False
) -> str:
    """The id of the first event of a stream of gateway one. The client leaves then, or waits for
    the stream to break off."""
    stage.raw.answer = server
    lines = {**request["headers"], "x-api-key": key}
    text = ""
    with (
        contextlib.suppress(httpx.RemoteProtocolError),
        httpx.stream("POST", stage.one.url("raw"), json=request["json"], headers=lines) as stream,
    ):
        for piece in stream.iter_text():
            text += piece
            if text.endswith("\n\n"):
                server.arrived.set()
                if not wait:
                    break
        else:
            raise AssertionError("the stream ended well")
    return events_of(text)[0]["id"]


@pytest.mark.parametrize("method", LISTS)
@pytest.mark.parametrize("ident", ["1", 9007199254740993], ids=repr)
def test_a_dropped_list_that_is_resumed_on_the_other_gateway_is_filtered_as_on_the_first(
    stage: Stage, method: str, ident: int | str
) -> None:
    replayed = [event(listing(method, ident), "stream-7/2")]
    server = Dropping(event(NOTE, "stream-7/1"), replayed)
    sealed = first_event(stage, server, legacy(method, ident=ident))
    assert "stream-7" not in sealed
    answer = resume(stage.two, sealed)
    assert stage.raw.seen[-1].all("last-event-id") == ["stream-7/1"]
    (got,) = events_of(answer.text)
    assert json.loads(got["data"]) == shown(method, ident)
    assert "stream-7" not in answer.text
    again = resume(stage.one, got["id"])
    assert stage.raw.seen[-1].all("last-event-id") == ["stream-7/2"]
    assert "secret" not in again.text


def test_a_list_whose_stream_the_server_breaks_off_is_resumed_filtered(stage: Stage) -> None:
    server = Dropping(event(NOTE, "1"), [event(listing("tools/list"), "2")])
    sealed = first_event(stage, server, legacy("tools/list"), wait=True)
    (got,) = events_of(resume(stage.two, sealed).text)
    assert json.loads(got["data"]) == shown("tools/list")


def test_a_replay_of_what_was_asked_for_as_a_list_has_to_be_that_list(stage: Stage) -> None:
    odd = {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"text": "secret"}]}}
    server = Dropping(event(NOTE, "1"), [event(odd, "2")])
    answer = resume(stage.two, first_event(stage, server, legacy("tools/list")))
    assert "secret" not in answer.text
    error = json.loads(events_of(answer.text)[-1]["data"])
    assert (error["id"], error["error"]["code"]) == (1, -31503)


@pytest.mark.parametrize(
    "name",
    ["raw", "forged", "foreign", "empty"],
)
def test_without_a_seal_of_ones_own_a_replayed_result_is_judged_by_its_shape(
    stage: Stage, name: str
) -> None:
    replayed: list[bytes] = []
    server = Dropping(event(NOTE, "stream-7/1"), replayed)
    sealed = first_event(stage, server, legacy("tools/list"))
    foreign = first_event(stage, server, legacy("tools/list"), OTHER_KEY)
    ids = {"raw": "stream-7/1", "forged": sealed[:-3] + "AAA", "foreign": foreign, "empty": ""}
    replayed[:] = [event(listing(method), f"e-{n}") for n, method in enumerate(LISTS)]
    replayed.append(event({"jsonrpc": "2.0", "id": 5, "result": {"content": []}}))
    replayed.append(event({"jsonrpc": "2.0", "id": 6, "result": {"stash": ["secret"]}}))
    replayed.append(event(NOTE))
    answer = resume(stage.two, ids[name])
    assert stage.raw.seen[-1].all("last-event-id") in ([ids[name]], [])
    got = [json.loads(one["data"]) for one in events_of(answer.text)]
    assert got[:-1] == [*(shown(method) for method in LISTS), got[-2]]
    assert got[-2]["result"] == {"content": []}
    assert got[-1]["error"]["code"] == -31503  # and the stream ends here
    assert "secret" not in answer.text


def test_another_principals_event_id_shows_what_the_resuming_one_may_use(stage: Stage) -> None:
    tools = [{"name": "ok"}, {"name": "other"}, {"name": "secret"}]
    replayed = [event({"jsonrpc": "2.0", "id": 1, "result": {"tools": tools}}, "2")]
    sealed = first_event(stage, Dropping(event(NOTE, "1"), replayed), legacy("tools/list"))
    answer = resume(stage.two, sealed, key=OTHER_KEY)
    assert stage.raw.seen[-1].all("last-event-id") == [sealed]  # the upstream knows no such event
    (got,) = events_of(answer.text)
    assert json.loads(got["data"])["result"]["tools"] == [{"name": "other"}]


def test_a_real_server_replays_a_list_on_the_other_gateway_filtered(stage: Stage) -> None:
    params = {
        "protocolVersion": LEGACY,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    begun = send(stage.one, legacy("initialize", params), "everything")
    session: dict[str, Any] = {"mcp_session_id": begun.headers["mcp-session-id"]}
    note = legacy("notifications/initialized", ident=None, **session)
    assert send(stage.two, note, "everything").status_code == 202
    listed = send(stage.one, legacy("tools/list", **session), "everything")
    first, last = events_of(listed.text)
    assert not first["data"]  # it is there to resume from
    lines = resuming(first["id"], **session)
    with httpx.stream("GET", stage.two.url("everything"), headers=lines) as replay:
        text = ""
        for piece in replay.iter_text():  # the server keeps the stream open
            text += piece
            if '"result"' in text and text.endswith("\n\n"):
                break
    (replayed,) = [one["data"] for one in events_of(text) if one["data"]]
    assert tool_names(last["data"]) == tool_names(replayed) == {"whoami", "test_simple_text"}


def tool_names(data: str) -> set[str]:
    return {tool["name"] for tool in json.loads(data)["result"]["tools"]}


# --- what cannot be read ------------------------------------------------------------------------

SECRET = json.dumps(listing("tools/list")).encode()
TWICE = b'{"jsonrpc":"2.0","id":1,"result":{"tools":[]},"result":{"tools":[{"name":"secret"}]}}'
UNREADABLE: dict[str, Reply] = {
    "gzip": Reply(200, [JSON, ("content-encoding", "gzip")], [gzip.compress(SECRET)]),
    "gzip said twice": Reply(
        200,
        [JSON, ("content-encoding", "identity"), ("content-encoding", "gzip")],
        [gzip.compress(SECRET)],
    ),
    "an encoding that is none": Reply(200, [JSON, ("content-encoding", "br")], [SECRET]),
    "HTML": Reply(200, [("content-type", "text/html")], [SECRET]),
    "no media type": Reply(200, [], [SECRET]),
    "two media types": Reply(200, [JSON, ("content-type", "text/html")], [SECRET]),
    "another charset": Reply(200, [("content-type", "application/json; charset=utf-7")], [SECRET]),
    "an error page": Reply(404, [("content-type", "text/plain")], [SECRET]),
    "an error page in disguise": Reply(
        400, [("content-type", "application/json;charset=latin-1")], [SECRET]
    ),
    "an encoded error": Reply(500, [JSON, ("content-encoding", "gzip")], [gzip.compress(SECRET)]),
    "too large": Reply(200, [JSON], [SECRET[:-1], b" " * LIMIT, b"}"]),
    "two documents": Reply(200, [JSON], [SECRET, SECRET]),
    "lines": Reply(200, [JSON], [SECRET, b"\n", SECRET]),
    "duplicate keys": Reply(200, [JSON], [TWICE]),
    "no JSON": Reply(200, [JSON], [b"<p>secret</p>"]),
    "no message": Reply(200, [JSON], [b'{"tools":[{"name":"secret"}]}']),
    "no list": Reply(200, [JSON], [b'{"id":1,"result":{"tools":{"secret":{}}}}']),
    "cut short": Reply(200, [JSON], [SECRET[:-2]]),
    "a large event": Reply(200, [EVENTS], [b"data: " + SECRET[:-1], b" " * LIMIT, b"}\n\n"]),
    "two documents in an event": Reply(200, [EVENTS], [b"data: " + SECRET + SECRET + b"\n\n"]),
    "an event with duplicate keys": Reply(200, [EVENTS], [b"data: " + TWICE + b"\n\n"]),
    "a stream that is JSON": Reply(200, [EVENTS], [SECRET]),
}


@pytest.mark.parametrize("reply", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("write", [legacy, modern], ids=["legacy", "modern"])
def test_a_list_that_cannot_be_read_never_passes(
    stage: Stage, reply: Reply, write: Callable[..., dict[str, Any]]
) -> None:
    stage.raw.answer = replying(reply)
    answer = send(stage.one, write("tools/list", ident=9007199254740993))
    assert "secret" not in answer.text
    assert b"secret" not in answer.content
    assert answer.status_code == reply.status
    if answer.text:
        streamed = answer.headers["content-type"].startswith("text/event-stream")
        data = events_of(answer.text)[-1]["data"] if streamed else answer.text
        error = json.loads(data)
        assert (error["id"], error["error"]["code"]) == (9007199254740993, -31503)
        assert "content-encoding" not in answer.headers
    else:
        assert reply is UNREADABLE["a stream that is JSON"]  # no event at all


def test_the_backend_is_not_asked_for_an_encoding_that_could_not_be_read(stage: Stage) -> None:
    stage.raw.answer = replying(Reply(200, [JSON], [SECRET]))
    request = legacy("tools/list", accept_encoding="gzip, br")
    assert "secret" not in send(stage.one, request).text
    assert stage.raw.seen[-1].all("accept-encoding") == []


def test_pieces_of_any_size_make_no_difference(stage: Stage) -> None:
    stream: Iterable[bytes] = [event(NOTE, "1") + event(listing("tools/list"), "2")]
    whole = b"".join(stream)
    for size in (1, 5, 64):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        stage.raw.answer = replying(Reply(200, [EVENTS], pieces))
        answer = send(stage.one, legacy("tools/list"))
        assert json.loads(events_of(answer.text)[1]["data"]) == shown("tools/list")
