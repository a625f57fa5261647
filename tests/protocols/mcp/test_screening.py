"""Every message of an MCP server is judged by itself, as JSON and as an event."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.passage import Part, Stage
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.base import ResponseReader
from gateway.protocols.mcp.render import render
from gateway.protocols.mcp.screening import STRANGE, screened_reader_of
from tests.support.answer_screen import BLOCKED, MASKED, RuleScreen
from tests.support.screened import documents, encode, event, fed, reading

JSON = "application/json"
EVENTS = "text/event-stream"


class Forgetting(RuleScreen):
    """Judges on after a block, as a stream of several messages needs it."""

    def whole(self, passages: Any) -> Any:
        """Each message by itself."""
        verdict = super().whole(passages)
        self.blocked = None
        return verdict


def told(reason: Reason, why: str) -> bytes:
    return render(Refusal(reason, why, (1,)), "audit-1").body


def reader(kind: str, screen: RuleScreen | None = None, **more: Any) -> ResponseReader:
    screen = screen or Forgetting()
    known: dict[str, Any] = {"calls": {1: "tools/call"}, "error": told}
    found = screened_reader_of(kind, reading(screen, **{**known, **more}), screen)
    assert found is not None
    return found


def not_hidden(_method: str, name: str) -> bool:
    return name != "hidden"


def sealed(ident: str) -> str:
    return f"sealed-{ident}"


def result(ident: Any = 1, **members: Any) -> Any:
    return {"jsonrpc": "2.0", "id": ident, "result": members}


def called(text: str, ident: Any = 1) -> Any:
    return result(ident, content=[{"type": "text", "text": text}])


def notice(text: str) -> Any:
    params = {"level": "info", "data": text}
    return {"jsonrpc": "2.0", "method": "notifications/message", "params": params}


def asks(text: str) -> Any:
    message = {"role": "user", "content": {"type": "text", "text": text}}
    params = {"messages": [message], "maxTokens": 1}
    return {"jsonrpc": "2.0", "id": "s1", "method": "sampling/createMessage", "params": params}


def both(message: Any, **more: Any) -> list[Any]:
    """What the client gets of a message, as JSON and as an event."""
    whole = fed(reader(JSON, **more), encode(message), [5, 9])
    stream = fed(reader(EVENTS, **more), event(message), [5, 9])
    return [json.loads(whole), *documents(stream)]


def test_what_passes_is_byte_for_byte() -> None:
    body = encode(called("fine"))
    assert fed(reader(JSON), body) == body
    stream = b": ping\n\nid: 1\ndata:\n\n" + event(notice("x")) + event(called("fine"), "message")
    assert fed(reader(EVENTS), stream) == stream


def test_a_result_is_masked_wherever_it_says_it() -> None:
    message = result(
        content=[{"type": "text", "text": "a SECRET"}], structuredContent={"SECRET": ["SECRET"]}
    )
    want = result(
        content=[{"type": "text", "text": f"a {MASKED}"}], structuredContent={MASKED: [MASKED]}
    )
    assert both(message) == [want, want]


def test_a_blocked_tool_result_says_so_in_its_place() -> None:
    for one in both(called("FORBIDDEN")):
        assert one["id"] == 1
        assert one["result"]["isError"] is True
        assert one["result"]["content"] == [{"type": "text", "text": BLOCKED}]
        assert "audit-1" in json.dumps(one)


def test_any_other_blocked_result_is_an_error_for_its_id() -> None:
    message = result(7, contents=[{"uri": "x:y", "text": "FORBIDDEN"}])
    for one in both(message, calls={7: "resources/read"}):
        assert (one["id"], one["error"]["code"]) == (7, -31422)
        assert one["error"]["message"] == BLOCKED
        assert one["error"]["data"]["reference"] == "audit-1"


def test_an_id_that_says_something_is_not_told_in_place_of_what_is_blocked() -> None:
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": "say FORBIDDEN", "result": {}}
    for one in both(message, calls={}, replay=True):
        assert "FORBIDDEN" not in json.dumps(one)
        assert "audit-1" in json.dumps(one)


def test_an_answer_whose_request_is_not_known_is_judged_by_its_shape() -> None:
    screen = RuleScreen()
    one = reader(EVENTS, screen, calls={}, replay=True)
    (out,) = documents(fed(one, event(called("a SECRET", ident=2))))
    assert out["result"]["content"][0]["text"] == f"a {MASKED}"
    assert {(one.stage, one.part) for one in screen.seen if "SECRET" in one.text} == {
        (Stage.TOOL_RESULT, Part.TOOL_RESULT)
    }


@pytest.mark.parametrize("ident", [2, "x", "01", True, 1.5])
@pytest.mark.parametrize("replay", [False, True])
def test_the_answer_to_another_request_is_left_out(ident: Any, *, replay: bool) -> None:
    screen = RuleScreen()
    one = reader(EVENTS, screen, calls={1: "ping"}, replay=replay)
    error = {"jsonrpc": "2.0", "id": ident, "error": {"code": 1, "message": "x"}}
    body = event(called("fine", ident)) + event(error) + event(called("fine", 1))
    assert documents(fed(one, body)) == [called("fine", 1)]
    assert one.filtered == 2
    assert not one.broken


def test_a_body_that_answers_another_request_becomes_an_error() -> None:
    one = reader(JSON)
    out = json.loads(fed(one, encode(called("fine", 2))))
    assert STRANGE in json.dumps(out)
    assert one.broken
    mixed = [called("fine", 2), called("fine", 1)]
    assert json.loads(fed(reader(JSON), encode(mixed))) == [called("fine", 1)]


def test_the_id_of_a_server_that_spells_numbers_as_texts_is_that_of_the_request() -> None:
    body = {**called("fine"), "id": "1"}
    assert both(body) == [body, body]


def test_an_error_without_an_id_is_that_of_the_request() -> None:
    body = {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "x"}}
    assert both(body) == [body, body]


@pytest.mark.parametrize("member", ["result", "error"])
def test_a_message_that_asks_and_answers_at_once_does_not_go_on(member: str) -> None:
    message: dict[str, Any] = {**asks("x"), "id": 1, member: {}}
    one = reader(EVENTS)
    fed(one, event(message, "message"))
    assert one.broken


def test_an_error_of_the_server_is_judged() -> None:
    message = {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "a SECRET"}}
    assert [one["error"]["message"] for one in both(message)] == [f"a {MASKED}"] * 2


def test_a_poisoned_tool_is_left_out_of_a_list() -> None:
    tools = [
        {"name": name, "description": text}
        for name, text in (("a", "x"), ("b", "POISON"), ("c", "SECRET"))
    ]
    one = reader(JSON, calls={1: "tools/list"})
    out = json.loads(fed(one, encode(result(tools=tools))))
    assert out["result"]["tools"] == [tools[0], {"name": "c", "description": MASKED}]
    assert one.filtered == 1


def test_items_are_dropped_by_policy_and_by_the_screen() -> None:
    tools = [
        {"name": name, "description": text}
        for name, text in (("hidden", "FORBIDDEN"), ("b", "POISON"), ("c", "x"))
    ]
    one = reader(EVENTS, calls={1: "tools/list"}, shows=not_hidden)
    (out,) = documents(fed(one, event(result(tools=tools))))
    assert out["result"]["tools"] == [tools[2]]
    assert one.filtered == 2


def test_a_blocked_notification_is_left_out_and_the_stream_goes_on() -> None:
    one = reader(EVENTS)
    out = fed(one, event(notice("FORBIDDEN")) + event(notice("a SECRET")) + event(called("fine")))
    first, second = documents(out)
    assert first["params"]["data"] == f"a {MASKED}"
    assert second == called("fine")
    assert one.filtered == 1
    assert not one.broken


def test_a_blocked_request_of_the_server_is_left_out() -> None:
    screen = Forgetting()
    one = reader(EVENTS, screen)
    (passed,) = documents(fed(one, event(asks("FORBIDDEN")) + event(asks("a SECRET"))))
    assert passed["params"]["messages"][0]["content"]["text"] == f"a {MASKED}"
    assert {each.part for each in screen.seen} == {Part.USER}


def test_a_stream_that_is_resumed_is_judged_by_shape() -> None:
    body = event(called("SECRET", 9)) + event(notice("FORBIDDEN"))
    (out,) = documents(fed(reader(EVENTS, calls={}, replay=True), body))
    assert out == called(MASKED, 9)


def test_ids_of_events_are_sealed() -> None:
    one = reader(EVENTS, seal_event=sealed)
    out = fed(one, b"id: 1\n" + event(called("SECRET")) + b"id: 2\ndata:\n\n")
    assert b"id: sealed-1\n" in out
    assert b"id: sealed-2\n" in out


def test_each_message_of_a_batch_has_its_own_verdict() -> None:
    batch = [called("fine", 1), called("FORBIDDEN", 2), notice("FORBIDDEN"), called("SECRET", 3)]
    calls = {1: "tools/call", 2: "tools/call", 3: "tools/call"}
    for out in both(batch, calls=calls):
        first, second, third = out
        assert (first, third) == (called("fine", 1), called(MASKED, 3))
        assert (second["id"], second["result"]["isError"]) == (2, True)


def test_a_body_of_which_nothing_is_left_becomes_an_error() -> None:
    one = reader(JSON)
    assert json.loads(fed(one, encode(notice("FORBIDDEN"))))["error"]["code"] == -31422
    assert one.broken


def test_a_result_has_the_stage_of_its_request() -> None:
    screen = RuleScreen()
    fed(reader(EVENTS, screen), event(called("x")) + event(notice("y")))
    assert [(one.text, one.stage) for one in screen.seen if one.text in "xy"] == [
        ("x", Stage.TOOL_RESULT),
        ("y", Stage.NOTIFICATION),
    ]


@pytest.mark.parametrize("kind", [JSON, EVENTS])
def test_nothing_goes_on_while_the_screen_asks(kind: str) -> None:
    screen = RuleScreen(asks=True)
    one = reader(kind, screen)
    body = encode(called("ASK SECRET")) if kind == JSON else event(called("ASK SECRET"))
    assert fed(one, body) == b""
    screen.answer()
    assert MASKED.encode() in one.finish()
    assert one.finish() == b""


@pytest.mark.parametrize("bad", [b"{", b"[1]", b'"SECRET"', b'{"id":1,"Result":"SECRET"}', b"{}"])
def test_what_cannot_be_read_does_not_go_on(bad: bytes) -> None:
    for kind, body in ((JSON, bad), (EVENTS, b"data: " + bad + b"\n\n" + event(called("later")))):
        one = reader(kind)
        out = fed(one, body)
        assert one.broken
        assert b"SECRET" not in out
        assert b"later" not in out


def test_an_unreadable_event_that_no_client_reads_is_left_out() -> None:
    body = b"event: other\ndata: {\n\n" + event(called("fine"))
    assert fed(reader(EVENTS), body) == event(called("fine"))


@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=latin1", ""])
def test_what_cannot_be_judged_has_no_reader(kind: str) -> None:
    screen = RuleScreen()
    assert screened_reader_of(kind, reading(screen), screen) is None


VALUES = st.recursive(
    st.none()
    | st.integers(-1, 2)
    | st.floats()
    | st.sampled_from(["a", "a FORBIDDEN", "SECRET b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "jsonrpc",
                    "id",
                    "method",
                    "params",
                    "result",
                    "error",
                    "content",
                    "tools",
                    "name",
                    "text",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
MESSAGES = (
    VALUES
    | VALUES.map(lambda value: result(content=value))
    | VALUES.map(lambda value: [result(tools=value)])
)


@settings(deadline=None)
@given(st.lists(MESSAGES, max_size=4), st.lists(st.integers(0, 500), max_size=4), st.booleans())
def test_at_any_chunking_nothing_raises_or_slips_through(
    messages: list[Any], cuts: list[int], replay: bool
) -> None:
    body = b"".join(map(event, messages))
    out = fed(reader(EVENTS, replay=replay), body, cuts)
    assert out == fed(reader(EVENTS, replay=replay), body)
    assert b"FORBIDDEN" not in out
    for message in messages:
        assert b"FORBIDDEN" not in fed(reader(JSON, replay=replay), encode(message), cuts)


@pytest.mark.parametrize("kind", [JSON, EVENTS])
def test_a_tool_that_is_not_offered_is_left_out_before_it_is_judged(kind: str) -> None:
    def listed(*names: str) -> Any:
        return result(tools=[{"name": name} for name in names])

    def offers(definition: Any) -> bool:
        return bool(definition["name"] != "changed")

    found = reader(kind, calls={1: "tools/list"}, offers=offers)
    before, after = listed("a", "changed"), listed("a")
    if kind == JSON:
        assert json.loads(fed(found, encode(before))) == after
    else:
        assert documents(fed(found, event(before))) == [after]
    assert found.filtered == 1
