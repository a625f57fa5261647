"""Events of agents say what a screen releases; the pieces of an artifact are one text."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.passage import Part, Stage
from gateway.model.refusal import Reason
from gateway.protocols.a2a.streaming import EventReader
from tests.support.answer_screen import BLOCKED, MASKED, RuleScreen, masked
from tests.support.screened import documents, event, fed, reading


def reader(screen: RuleScreen) -> EventReader:
    return EventReader(reading(screen), screen)


def rpc(result: Any) -> bytes:
    return event({"jsonrpc": "2.0", "id": 1, "result": result})


def piece03(text: str, *, append: bool = True, last: bool = False, ident: str = "a") -> bytes:
    parts = [{"kind": "text", "text": text}]
    return rpc(
        {
            "kind": "artifact-update",
            "taskId": "t",
            "contextId": "c",
            "artifact": {"artifactId": ident, "parts": parts},
            "append": append,
            "lastChunk": last,
        }
    )


def piece10(text: str, *, append: bool = True, last: bool = False, ident: str = "a") -> bytes:
    artifact = {"artifactId": ident, "parts": [{"text": text}]}
    update = {"taskId": "t", "contextId": "c", "artifact": artifact, "append": append}
    return event({"artifactUpdate": {**update, "lastChunk": last}})


def status(state: str, text: str = "") -> bytes:
    message = {
        "kind": "message",
        "role": "agent",
        "messageId": "m",
        "parts": [{"kind": "text", "text": text}],
    }
    told = {"state": state, "message": message} if text else {"state": state}
    return rpc(
        {
            "kind": "status-update",
            "taskId": "t",
            "contextId": "c",
            "status": told,
            "final": state == "completed",
        }
    )


def updates(out: bytes) -> list[Any]:
    found = [one.get("result", one.get("artifactUpdate")) for one in documents(out)]
    return [one for one in found if "artifact" in one]


def read(out: bytes, ident: str = "a") -> str:
    """What a client puts together of an artifact that nothing begins anew."""
    return "".join(
        part["text"]
        for one in updates(out)
        if one["artifact"]["artifactId"] == ident
        for part in one["artifact"]["parts"]
    )


PIECES = pytest.mark.parametrize("piece", [piece03, piece10])


@PIECES
def test_a_stream_of_which_all_is_released_passes_byte_for_byte(piece: Any) -> None:
    body = (
        piece("Hel", append=False)
        + b": ping\n\n"
        + piece("lo", last=True)
        + status("completed", "ok")
    )
    assert fed(reader(RuleScreen()), body) == body


@PIECES
def test_a_secret_that_is_cut_into_pieces_is_masked(piece: Any) -> None:
    screen = RuleScreen(hold=3)
    out = fed(reader(screen), piece("a SEC", append=False) + piece("RET b", last=True))
    assert read(out) == f"a {MASKED} b"
    assert screen.kinds == {"artifacts/a/parts": (Stage.A2A_ARTIFACT, Part.ASSISTANT, "")}
    assert len(updates(out)) == 2


@PIECES
@pytest.mark.parametrize("end", [status("completed"), status("input-required"), b""])
def test_the_rest_comes_in_an_update_before_the_task_ends(piece: Any, end: bytes) -> None:
    out = fed(reader(RuleScreen(hold=99)), piece("one ", append=False) + piece("two") + end)
    *_, rest = updates(out)
    assert read(out) == "one two"
    assert rest["artifact"]["parts"][-1]["text"] == "one two"
    assert (rest["append"], rest["taskId"]) == (True, "t")
    if end:
        assert documents(out)[-1] == documents(end)[0]


def test_a_state_that_ends_nothing_ends_no_text() -> None:
    out = fed(
        reader(RuleScreen()), piece03("SEC", append=False) + status("working") + piece03("RET")
    )
    assert read(out) == MASKED


def test_an_artifact_that_begins_anew_is_a_new_text() -> None:
    screen = RuleScreen(hold=99)
    out = fed(reader(screen), piece03("one", append=False) + piece03("two", append=False))
    texts = [(one["append"], one["artifact"]["parts"][0]["text"]) for one in updates(out)]
    assert texts == [(False, ""), (True, "one"), (False, ""), (True, "two")]
    assert list(screen.kinds) == ["artifacts/a/parts", "artifacts/a/parts/2"]


def test_a_last_update_without_a_text_comes_after_the_rest() -> None:
    last = {"artifactId": "a", "parts": [{"kind": "data", "data": {"x": "SECRET"}}]}
    end = rpc({"kind": "artifact-update", "artifact": last, "append": True, "lastChunk": True})
    out = fed(reader(RuleScreen(hold=99)), piece03("held", append=False) + end)
    *_, rest, data = updates(out)
    assert rest["artifact"]["parts"] == [{"kind": "text", "text": "held"}]
    assert data["artifact"]["parts"][0]["data"] == {"x": MASKED}


def test_messages_and_tasks_are_judged_whole() -> None:
    task = {
        "kind": "task",
        "id": "t",
        "artifacts": [
            {
                "artifactId": "z",
                "parts": [{"kind": "text", "text": "SEC"}, {"kind": "text", "text": "RET"}],
            }
        ],
    }
    body = (
        status("working", "a SECRET")
        + rpc(task)
        + event({"message": {"role": "ROLE_AGENT", "parts": [{"text": "SECRET"}]}})
    )
    one, two, three = documents(fed(reader(RuleScreen()), body))
    assert one["result"]["status"]["message"]["parts"][0]["text"] == f"a {MASKED}"
    assert [part["text"] for part in two["result"]["artifacts"][0]["parts"]] == [MASKED, ""]
    assert three["message"]["parts"] == [{"text": MASKED}]


@PIECES
def test_a_block_ends_the_stream_with_an_error(piece: Any) -> None:
    one = reader(RuleScreen())
    out = fed(
        one, piece("fine ", append=False) + piece("FORBID") + piece("DEN") + status("completed")
    )
    assert documents(out)[-1]["error"]["message"] == BLOCKED
    assert b"FORBID" not in out
    assert one.broken
    assert one.feed(status("working")) == b""


@pytest.mark.parametrize(
    ("error", "begins"),
    [
        (b'{"jsonrpc":"2.0","id":1,"error":{"message":"no"}}', b"data: "),
        (b'{"error":{"message":"no"}}', b"event: error\ndata: "),
    ],
    ids=["JSON-RPC", "REST"],
)
def test_an_error_over_rest_has_a_type_of_its_own(error: bytes, begins: bytes) -> None:
    screen = RuleScreen()
    made: Callable[[Reason, str], bytes] = lambda _, _why: error  # noqa: E731
    one = EventReader(reading(screen, error=made), screen)
    assert one.break_off(Reason.CONTENT_BLOCKED, "no") == begins + error + b"\n\n"


def test_an_error_of_the_agent_is_judged() -> None:
    (out,) = documents(
        fed(
            reader(RuleScreen()),
            event({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "a SECRET"}}),
        )
    )
    assert out["error"]["message"] == f"a {MASKED}"


@pytest.mark.parametrize(
    "bad",
    [
        b"data: {\n\n",
        b"data: []\n\n",
        event({"artifactUpdate": {"artifact": {"artifactId": "a", "Parts": [{"text": "SECRET"}]}}}),
        event({"artifactUpdate": {"artifact": {"artifactId": "a", "parts": [{"Text": "SECRET"}]}}}),
        event({"artifactupdate": {"artifact": {"artifactId": "a", "parts": [{"text": "SECRET"}]}}}),
        event(
            {
                "artifact": {"artifactId": "a"},
                "result": {"artifact": {"parts": [{"text": "SECRET"}]}},
            }
        ),
        b"".join(piece10("x", ident=str(number)) for number in range(1_025)),
    ],
)
def test_what_cannot_be_read_ends_the_stream(bad: bytes) -> None:
    one = reader(RuleScreen())
    out = fed(one, bad + status("working", "later"))
    assert one.broken
    assert b"later" not in out
    assert b"SECRET" not in out


def test_nothing_goes_on_while_the_screen_asks() -> None:
    screen = RuleScreen(asks=True)
    one = reader(screen)
    assert read(one.feed(piece10("a ", append=False) + piece10("ASK b"))) == "a "
    assert one.finish() == b""
    screen.answer()
    assert read(one.finish()) == "ASK b"


WORDS = st.sampled_from(["SECRET", "SEC", "RET", "FORBIDDEN", "a", " ", "é", '"'])
TEXTS = st.lists(
    st.tuples(st.sampled_from("ab"), st.lists(WORDS, max_size=5).map("".join)), max_size=6
)
CUTS = st.lists(st.integers(0, 3_000), max_size=8)


@settings(deadline=None)
@given(TEXTS, CUTS, st.integers(0, 12), st.sampled_from([piece03, piece10]))
def test_at_any_chunking_the_client_reads_what_the_whole_answer_says(
    texts: list[tuple[str, str]], cuts: list[int], hold: int, piece: Any
) -> None:
    wholes = {ident: "".join(text for at, text in texts if at == ident) for ident in "ab"}
    body = b"".join(piece(text, ident=ident) for ident, text in texts) + status("completed")
    out = fed(reader(RuleScreen(hold)), body, cuts)
    assert out == fed(reader(RuleScreen(hold)), body)
    if any("FORBIDDEN" in whole for whole in wholes.values()):
        assert BLOCKED.encode() in out
        assert b"FORBIDDEN" not in out
        return
    assert {ident: read(out, ident) for ident in "ab"} == {
        ident: masked(whole) for ident, whole in wholes.items()
    }


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.sampled_from(["a", "a FORBIDDEN", "SECRET b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "result",
                    "artifactUpdate",
                    "artifact",
                    "artifactId",
                    "parts",
                    "text",
                    "append",
                    "lastChunk",
                    "status",
                    "message",
                    "kind",
                    "final",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def odd_update(artifact: Any, rest: dict[str, Any]) -> Any:
    return {"result": {**rest, "artifact": artifact}}


@settings(deadline=None)
@given(
    st.lists(
        VALUES
        | st.builds(
            odd_update,
            st.dictionaries(st.sampled_from(["artifactId", "parts"]), VALUES, max_size=2),
            st.dictionaries(st.sampled_from(["append", "lastChunk", "x"]), VALUES, max_size=2),
        ),
        max_size=5,
    )
)
def test_nothing_that_an_agent_sends_raises_or_slips_through(values: list[Any]) -> None:
    out = fed(reader(RuleScreen()), b"".join(map(event, values)))
    assert b"FORBIDDEN" not in out
