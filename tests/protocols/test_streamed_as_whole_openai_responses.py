"""Responses are judged alike, streamed and not, by the detectors that are shipped: a stream says
its texts again and again."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.guardrails.screen import Screen
from gateway.model.passage import Part, Stage
from gateway.protocols.base import ResponseReader
from gateway.protocols.openai.reading import answer_reader
from tests.support.conversations import CUTS, PIECES, SEEDS, SHORT_PIECES, calls, shuffled
from tests.support.judged_alike import (
    HELD_MOST,
    SETS,
    check_alike,
    check_masked,
    held_back,
    screens,
)
from tests.support.screened import documents, encode, event, fed, reading

LIMIT = 2_000_000
PARTS = {
    "output_text": ("content", "text", Part.ASSISTANT),
    "refusal": ("content", "refusal", Part.REFUSAL),
    "reasoning_summary_text": ("summary", "text", Part.REASONING),
}
"""By the name of its events: where a text is in its item, its member there, and its part."""

Item = tuple[str, list[str]]
"""The name of the events of an item, and its only text or its arguments in pieces."""

ITEMS = st.one_of(
    st.tuples(st.just("output_text"), PIECES),
    st.tuples(st.sampled_from(("refusal", "reasoning_summary_text")), SHORT_PIECES),
    calls(1).filter(bool).map(lambda made: ("function_call", made[0].pieces)),
)


def item(kind: str, text: str | None) -> dict[str, Any]:
    """An item; one that has just begun without a text."""
    if kind == "function_call":
        known = {"type": kind, "id": "i", "call_id": "c", "name": "lookup"}
        return {**known, "arguments": text or ""}
    members, key, _ = PARTS[kind]
    part = {"type": kind.removeprefix("reasoning_"), key: text}
    said = [] if text is None else [part]
    if members == "summary":
        return {"type": "reasoning", "id": "i", "summary": said}
    return {"type": "message", "id": "i", "role": "assistant", "content": said}


def response(items: list[Item]) -> dict[str, Any]:
    output = [item(kind, "".join(pieces)) for kind, pieces in items]
    return {"id": "r", "object": "response", "status": "completed", "model": "m", "output": output}


def events(index: int, one: Item) -> list[bytes]:
    """The events of one item."""
    kind, pieces = one
    text, at = "".join(pieces), {"item_id": "i", "output_index": index}
    found: list[dict[str, Any]] = []
    if kind == "function_call":
        name = "function_call_arguments"
        found += [{"type": f"{name}.delta", **at, "delta": piece} for piece in pieces]
        found.append({"type": f"{name}.done", **at, "arguments": text})
    else:
        members, key, _ = PARTS[kind]
        part_name = "content_part" if members == "content" else "reasoning_summary_part"
        (part,) = item(kind, text)[members]
        at = {**at, f"{members}_index": 0}
        found.append({"type": f"{part_name}.added", **at, "part": {**part, key: ""}})
        found += [{"type": f"{kind}.delta", **at, "delta": piece} for piece in pieces]
        found.append({"type": f"{kind}.done", **at, key: text})
        found.append({"type": f"{part_name}.done", **at, "part": part})
    first = {"type": "output_item.added", "output_index": index, "item": item(kind, None)}
    last = {"type": "output_item.done", "output_index": index, "item": item(kind, text)}
    return [named(one) for one in (first, *found, last)]


def named(value: dict[str, Any]) -> bytes:
    kind = f"response.{value['type']}"
    return event({**value, "type": kind, "sequence_number": 1}, kind)


def stream(items: list[Item], seed: int) -> bytes:
    queues = [events(n, one) for n, one in enumerate(items)]
    begun = named({"type": "created", "response": response([])})
    done = named({"type": "completed", "response": response(items)})
    return b"".join((begun, *shuffled(seed, queues), done))


def reader(kind: str, screen: Screen) -> ResponseReader:
    made = answer_reader(kind, reading(screen, limit=LIMIT), strips=False, named_events=True)
    assert made is not None
    return made


def shown(out: bytes, index: int) -> str:
    """The text or the arguments of an item that a client puts together of deltas."""
    deltas = [one for one in documents(out) if one["type"].endswith(".delta")]
    return "".join(one["delta"] for one in deltas if one["output_index"] == index)


def text_of(told: dict[str, Any], kind: str) -> str:
    """The text of an item, or its arguments."""
    if kind == "function_call":
        return told["arguments"]
    members, key, _ = PARTS[kind]
    return told[members][0][key]


@pytest.mark.parametrize("names", SETS.values(), ids=SETS)
@settings(max_examples=8, deadline=None)
@given(items=st.lists(ITEMS, min_size=1, max_size=3), seed=SEEDS, cuts=CUTS)
def test_a_stream_is_judged_as_the_whole_answer_is(
    names: tuple[str, ...], items: list[Item], seed: int, cuts: list[int]
) -> None:
    once, streamed = screens(names)
    answer = fed(reader("application/json", once), encode(response(items)))
    out = fed(reader("text/event-stream", streamed), stream(items, seed), cuts)
    check_alike(once, streamed, texts=sum(1 + (kind == "function_call") for kind, _ in items))
    if once.blocked is not None:
        assert json.loads(answer)["error"]["message"] == once.blocked
        assert documents(out)[-1]["message"] == streamed.blocked
        return
    output = json.loads(answer)["output"]
    assert documents(out)[-1]["response"]["output"] == output
    for n, ((kind, pieces), told) in enumerate(zip(items, output, strict=True)):
        last = [one for one in documents(out) if one["type"] == "response.output_item.done"]
        assert text_of(next(one for one in last if one["output_index"] == n)["item"], kind) == (
            text_of(told, kind)
        )
        if kind == "function_call":
            assert shown(out, n) == told["arguments"]
            continue
        members, _, part = PARTS[kind]
        text, channel = "".join(pieces), f"output/{n}/{members}/0"
        check_masked(text, once, channel, shown(out, n), held_back(names, Stage.RESPONSE, part))
        check_masked(text, once, channel, text_of(told, kind), HELD_MOST)
