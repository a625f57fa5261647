"""Guardrails see every string of what an A2A agent sends."""

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.passage import Stage
from gateway.protocols.a2a.passages_of_answers import answer_passages, artifact_channel
from gateway.wire.jsonedit import edited
from tests.support.said import NEW, PROSE, channels, check_places, check_prose, place_of, texts

SAYS = {"role": "agent", "parts": [{"kind": "text", "text": "s s"}]}
ARTIFACT = {
    "artifactId": "a-1",
    "name": "n n",
    "description": "d d",
    "parts": [
        {"text": "to"},
        {"text": "ken", "metadata": {"k": "m m"}},
        {"data": {"key": "v v"}},
        {"text": " rest"},
        {"raw": b64encode(b"coded words").decode(), "filename": "f f"},
    ],
    "metadata": {"of": "all"},
}
TASK: dict[str, Any] = {
    "id": "t-1",
    "contextId": "c-1",
    "status": {"state": "TASK_STATE_WORKING", "timestamp": "2026-01-01T00:00:00Z", "message": SAYS},
    "artifacts": [ARTIFACT],
    "history": [{"role": "ROLE_USER", "parts": [{"text": "h h"}]}],
    "metadata": {"team": "x x"},
}
OF_TASK = [
    ("s s", "status/message/parts/0", "assistant"),
    ("n n", "artifacts/a-1", "metadata"),
    ("d d", "artifacts/a-1", "metadata"),
    ("k", "artifacts/a-1/data/metadata", "metadata"),
    ("m m", "artifacts/a-1/data/metadata", "metadata"),
    ("key", "artifacts/a-1/data", "assistant"),
    ("v v", "artifacts/a-1/data", "assistant"),
    ("coded words", "artifacts/a-1/data", "assistant"),
    ("f f", "artifacts/a-1/data", "assistant"),
    ("token rest", "artifacts/a-1/parts", "assistant"),
    ("of", "artifacts/a-1/metadata", "metadata"),
    ("all", "artifacts/a-1/metadata", "metadata"),
    ("h h", "history/0/parts/0", "user"),
    ("team", "metadata", "metadata"),
    ("x x", "metadata", "metadata"),
]


def wrapped(result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "result": result}


@pytest.mark.parametrize("value", [TASK, wrapped(TASK), wrapped({"task": TASK}), {"task": TASK}])
def test_a_task_is_seen_whatever_it_is_wrapped_in(value: Any) -> None:
    found = answer_passages(value)
    assert channels(found) == OF_TASK
    for one in found:
        expected = Stage.A2A_ARTIFACT if "artifacts" in one.channel else Stage.A2A_MESSAGE
        assert one.stage is expected


def test_the_text_parts_of_an_artifact_are_one_text_that_is_replaced_as_one() -> None:
    value = wrapped(TASK)
    place = place_of(answer_passages(value), "token rest")
    assert place.path == ("result", "artifacts", 0, "parts", 0, "text")
    changed = json.loads(edited(json.dumps(value), {place: NEW}))
    parts = changed["result"]["artifacts"][0]["parts"]
    assert [one.get("text") for one in parts] == [NEW, "", None, "", None]
    assert parts[1]["metadata"] == {"k": "m m"}


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "message", **SAYS},
        {"message": SAYS},
        {"msg": {"role": "ROLE_AGENT", "content": [{"text": "s s"}]}},
        wrapped({"kind": "message", **SAYS}),
    ],
)
def test_a_message_is_seen_in_every_version(value: Any) -> None:
    assert channels(answer_passages(value)) == [("s s", "message/parts/0", "assistant")]


@pytest.mark.parametrize("named", [True, False])
def test_updates_have_the_channels_of_the_task(named: bool) -> None:
    status: Any = {
        "taskId": "t-1",
        "kind": "status-update",
        "status": TASK["status"],
        "final": True,
    }
    artifact: Any = {"taskId": "t-1", "artifact": ARTIFACT, "append": True, "lastChunk": False}
    if named:
        status, artifact = {"statusUpdate": status}, {"artifactUpdate": artifact}
    assert channels(answer_passages(wrapped(status))) == OF_TASK[:1]
    assert channels(answer_passages(wrapped(artifact))) == OF_TASK[1:12]


def test_tasks_of_a_list_have_their_numbers() -> None:
    found = answer_passages({"tasks": [{"id": "t"}, TASK], "nextPageToken": "AAAA" * 40})
    assert [one.channel for one in found] == [f"tasks/1/{channel}" for _, channel, _ in OF_TASK]


def test_the_id_of_an_artifact_that_could_say_anything_is_hashed_in_its_channel() -> None:
    assert artifact_channel("a-1") == "artifacts/a-1"
    for ident in ("bob@example.com", "x" * 65, "", None, 7):
        channel = artifact_channel(ident)
        assert channel.startswith("artifacts/")
        assert len(channel) == len("artifacts/") + 16
    assert artifact_channel("a b") != artifact_channel("a c")
    (said,) = answer_passages({"artifacts": [{"artifactId": "bob b", "parts": []}]})
    assert (said.text, said.channel) == ("bob b", f"{artifact_channel('bob b')}/other")


def test_a_card_is_seen_whole() -> None:
    card: Any = {
        "name": "Triage",
        "description": "d d",
        "version": "1.0",
        "url": "https://e.x",
        "provider": {"organization": "o o", "url": "https://o.x"},
        "capabilities": {"extensions": [{"uri": "u"}]},
        "skills": [{"id": "s", "name": "n n", "description": "i i", "tags": ["t t"]}],
        "defaultInputModes": ["text/plain"],
        "signatures": [{"signature": "x"}],
        "novel": "v v",
    }
    for value in (card, wrapped(card)):
        found = answer_passages(value, card=True)
        assert channels(found) == [
            ("Triage", "card", "agent_card"),
            ("d d", "card", "agent_card"),
            ("https://e.x", "card", "agent_card"),
            ("o o", "card", "agent_card"),
            ("https://o.x", "card", "agent_card"),
            ("extensions", "card", "agent_card"),
            ("uri", "card", "agent_card"),
            ("u", "card", "agent_card"),
            ("n n", "card/skills/0", "agent_card"),
            ("i i", "card/skills/0", "agent_card"),
            ("t t", "card/skills/0", "agent_card"),
            ("novel", "card/other", "metadata"),
            ("v v", "card/other", "metadata"),
        ]
        assert {(one.stage, one.name) for one in found} == {(Stage.AGENT_CARD, "Triage")}


def test_errors_of_every_binding_are_seen() -> None:
    rpc: Any = {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "m m", "data": ["d d"]}}
    rest: Any = {
        "error": {"code": 404, "status": "NOT_FOUND", "message": "m m", "details": ["d d"]}
    }
    for value in (rpc, rest):
        for card in (True, False):
            assert channels(answer_passages(value, card=card)) == [
                ("m m", "error", "error"),
                ("d d", "error", "error"),
            ]


def test_push_configurations_and_what_nobody_knows_are_seen() -> None:
    value = wrapped({"taskId": "t", "pushNotificationConfig": {"url": "https://e.x"}, "new": "n n"})
    assert texts(answer_passages(value)) == ["https://e.x", "new", "n n"]
    assert texts(answer_passages({"parts": "odd one"})) == ["odd one"]
    assert texts(answer_passages({"artifact": {"parts": "odd one"}})) == ["odd one"]
    assert texts(answer_passages("bare text")) == ["bare text"]


KEYS = (
    "jsonrpc result error task message status artifacts artifact artifactId parts text data raw "
    "metadata role history kind name description skills statusUpdate artifactUpdate tasks other"
)
keys = st.sampled_from(KEYS.split())
words = st.sampled_from(["user", "message", "aGVsbG8=", "ROLE_AGENT"])
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.just(PROSE) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=14,
)


@settings(max_examples=200)
@given(value=values, card=st.booleans())
def test_whatever_an_answer_holds_all_prose_is_seen_and_can_be_replaced(
    value: Any, card: bool
) -> None:
    check_places(value, lambda one: answer_passages(one, card=card))
    check_prose(value, lambda one: answer_passages(one, card=card))


@given(pieces=st.lists(st.text(max_size=3) | st.none(), max_size=6))
def test_the_texts_of_an_artifact_are_all_there_in_order(pieces: list[str | None]) -> None:
    parts: Any = [{"data": {}} if one is None else {"text": one} for one in pieces]
    value: Any = {"artifact": {"artifactId": "a", "parts": parts}}
    found = [one for one in answer_passages(value) if one.channel == "artifacts/a/parts"]
    whole = "".join(one for one in pieces if one)
    assert "".join(texts(found)) == whole
    again = json.loads(edited(json.dumps(value), {one.place: one.text for one in found}))
    assert "".join(one.get("text", "") for one in again["artifact"]["parts"]) == whole
