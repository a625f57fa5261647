"""Completions are judged alike, streamed and not, by the detectors that are shipped."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.guardrails.screen import Screen
from gateway.model.passage import Part, Stage
from gateway.protocols.base import ResponseReader
from gateway.protocols.openai.reading import answer_reader
from tests.support.conversations import CUTS, PIECES, SEEDS, shuffled
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
KNOWN: dict[str, Any] = {"id": "c-1", "object": "text_completion", "created": 1, "model": "m"}


def whole(texts: list[str]) -> bytes:
    made = [
        {"index": n, "text": text, "finish_reason": "stop", "logprobs": None}
        for n, text in enumerate(texts)
    ]
    return encode({**KNOWN, "choices": made})


def stream(choices: list[list[str]], seed: int) -> bytes:
    queues = [
        [
            *({"index": n, "text": piece, "finish_reason": None} for piece in pieces),
            {"index": n, "text": "", "finish_reason": "stop"},
        ]
        for n, pieces in enumerate(choices)
    ]
    chunks = [event({**KNOWN, "choices": [one]}) for one in shuffled(seed, queues)]
    return b"".join(chunks) + b"data: [DONE]\n\n"


def reader(kind: str, screen: Screen) -> ResponseReader:
    made = answer_reader(kind, reading(screen, limit=LIMIT), strips=False, named_events=False)
    assert made is not None
    return made


def shown(out: bytes, index: int) -> str:
    """The text of a choice that a client puts together."""
    choices = [choice for chunk in documents(out) for choice in chunk["choices"]]
    return "".join(choice["text"] for choice in choices if choice["index"] == index)


@pytest.mark.parametrize("names", SETS.values(), ids=SETS)
@settings(max_examples=8, deadline=None)
@given(choices=st.lists(PIECES, min_size=1, max_size=3), seed=SEEDS, cuts=CUTS)
def test_a_stream_is_judged_as_the_whole_answer_is(
    names: tuple[str, ...], choices: list[list[str]], seed: int, cuts: list[int]
) -> None:
    once, streamed = screens(names)
    texts = ["".join(pieces) for pieces in choices]
    answer = fed(reader("application/json", once), whole(texts))
    out = fed(reader("text/event-stream", streamed), stream(choices, seed), cuts)
    check_alike(once, streamed, texts=len(texts))
    if once.blocked is not None:
        assert json.loads(answer)["error"]["message"] == once.blocked
        assert documents(out)[-1]["error"]["message"] == streamed.blocked
        return
    hold = held_back(names, Stage.RESPONSE, Part.ASSISTANT)
    for n, (text, told) in enumerate(zip(texts, json.loads(answer)["choices"], strict=True)):
        check_masked(text, once, f"choices/{n}/content", shown(out, n), hold)
        check_masked(text, once, f"choices/{n}/content", told["text"], HELD_MOST)
