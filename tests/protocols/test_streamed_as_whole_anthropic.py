"""Messages are judged alike, streamed and not, by the detectors that are shipped."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.guardrails.screen import Screen
from gateway.model.passage import Part, Stage
from gateway.protocols.anthropic.screening import screened_reader
from gateway.protocols.base import ResponseReader
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

LIMIT = 1_000_000
PARTS = {"text": Part.ASSISTANT, "thinking": Part.REASONING}
KNOWN: dict[str, Any] = {"id": "m-1", "type": "message", "role": "assistant", "model": "m"}
MEMBERS = {"text": "text", "thinking": "thinking", "input_json": "partial_json"}

Block = tuple[str, list[str]]
"""The type of a block, and its text or the JSON of its input in pieces."""

BLOCKS = st.one_of(
    st.tuples(st.just("text"), PIECES),
    st.tuples(st.just("thinking"), SHORT_PIECES),
    calls(1).filter(bool).map(lambda made: ("tool_use", made[0].pieces)),
)


def begun(kind: str) -> dict[str, Any]:
    """The block as it begins."""
    if kind == "tool_use":
        return {"type": kind, "id": "t-1", "name": "lookup", "input": {}}
    signed = {"signature": ""} if kind == "thinking" else {}
    return {"type": kind, kind: "", **signed}


def whole(blocks: list[Block]) -> bytes:
    content = [
        {**begun(kind), "input": json.loads("".join(pieces))}
        if kind == "tool_use"
        else {**begun(kind), kind: "".join(pieces)}
        for kind, pieces in blocks
    ]
    return encode({**KNOWN, "content": content, "stop_reason": "end_turn"})


def events(index: int, block: Block) -> list[bytes]:
    """The events of one block."""
    kind, pieces = block
    delta = "input_json" if kind == "tool_use" else kind
    first = {"type": "content_block_start", "index": index, "content_block": begun(kind)}
    deltas = [{"type": f"{delta}_delta", MEMBERS[delta]: piece} for piece in pieces]
    return [
        event(first, "content_block_start"),
        *(
            event(
                {"type": "content_block_delta", "index": index, "delta": one},
                "content_block_delta",
            )
            for one in deltas
        ),
        event({"type": "content_block_stop", "index": index}, "content_block_stop"),
    ]


def stream(blocks: list[Block], seed: int) -> bytes:
    first = event({"type": "message_start", "message": {**KNOWN, "content": []}}, "message_start")
    last = event({"type": "message_stop"}, "message_stop")
    queues = [events(n, block) for n, block in enumerate(blocks)]
    return b"".join((first, *shuffled(seed, queues), last))


def reader(kind: str, screen: Screen) -> ResponseReader:
    made = screened_reader(kind, reading(screen, limit=LIMIT), screen)
    assert made is not None
    return made


def shown(out: bytes, index: int) -> str:
    """The text or the input of a block that a client puts together."""
    deltas = [
        one["delta"]
        for one in documents(out)
        if one["type"] == "content_block_delta" and one["index"] == index
    ]
    return "".join(one[MEMBERS[one["type"].removesuffix("_delta")]] for one in deltas)


@pytest.mark.parametrize("names", SETS.values(), ids=SETS)
@settings(max_examples=8, deadline=None)
@given(blocks=st.lists(BLOCKS, min_size=1, max_size=4), seed=SEEDS, cuts=CUTS)
def test_a_stream_is_judged_as_the_whole_answer_is(
    names: tuple[str, ...], blocks: list[Block], seed: int, cuts: list[int]
) -> None:
    once, streamed = screens(names)
    answer = fed(reader("application/json", once), whole(blocks))
    out = fed(reader("text/event-stream", streamed), stream(blocks, seed), cuts)
    check_alike(once, streamed, texts=sum(1 + (kind == "tool_use") for kind, _ in blocks))
    if once.blocked is not None:
        assert json.loads(answer)["error"]["message"] == once.blocked
        assert documents(out)[-1]["error"]["message"] == streamed.blocked
        return
    for n, ((kind, pieces), told) in enumerate(
        zip(blocks, json.loads(answer)["content"], strict=True)
    ):
        if kind == "tool_use":
            assert json.loads(shown(out, n)) == told["input"]
            continue
        text, channel = "".join(pieces), f"content/{n}"
        hold = held_back(names, Stage.RESPONSE, PARTS[kind])
        check_masked(text, once, channel, shown(out, n), hold)
        check_masked(text, once, channel, told[kind], HELD_MOST)
