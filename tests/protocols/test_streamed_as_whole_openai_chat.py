"""Chat completions are judged alike, streamed and not, by the detectors that are shipped."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.guardrails.screen import Screen
from gateway.model.passage import Part, Stage
from gateway.protocols.base import ResponseReader
from gateway.protocols.openai.reading import answer_reader
from tests.support.conversations import CUTS, PIECES, SEEDS, SHORT_PIECES, Called, calls, shuffled
from tests.support.judged_alike import SETS, check_alike, check_masked, held_back, screens
from tests.support.screened import documents, encode, event, fed, reading

MEMBERS = {
    "reasoning_content": Part.REASONING,
    "content": Part.ASSISTANT,
    "refusal": Part.REFUSAL,
}
LIMIT = 1_000_000
KNOWN: dict[str, Any] = {"id": "c-1", "created": 1, "model": "m"}


@dataclass(frozen=True)
class Choice:
    """A choice of an answer: its texts in pieces, and its calls."""

    texts: dict[str, list[str]]
    calls: list[Called]

    def message(self) -> dict[str, Any]:
        said: dict[str, Any] = {key: "".join(pieces) for key, pieces in self.texts.items()}
        made = [
            {"id": str(n), "type": "function", "function": one.function}
            for n, one in enumerate(self.calls)
        ]
        return {"role": "assistant", **said, **({"tool_calls": made} if made else {})}

    def deltas(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [{"role": "assistant"}]
        for key, pieces in self.texts.items():
            found += [{key: piece} for piece in pieces]
        for n, one in enumerate(self.calls):
            start = {"id": str(n), "type": "function", "function": {"name": one.name}}
            found.append({"tool_calls": [{"index": n, **start}]})
            found += [
                {"tool_calls": [{"index": n, "function": {"arguments": piece}}]}
                for piece in one.pieces
            ]
        return found


CHOICES = st.builds(
    Choice,
    st.fixed_dictionaries(
        {}, optional={key: SHORT_PIECES if key != "content" else PIECES for key in MEMBERS}
    ),
    calls(),
)


def whole(choices: list[Choice]) -> bytes:
    made = [
        {"index": n, "message": one.message(), "finish_reason": "stop"}
        for n, one in enumerate(choices)
    ]
    return encode({**KNOWN, "object": "chat.completion", "choices": made})


def stream(choices: list[Choice], seed: int) -> bytes:
    queues: list[list[dict[str, Any]]] = [
        [
            *({"index": n, "delta": delta, "finish_reason": None} for delta in one.deltas()),
            {"index": n, "delta": {}, "finish_reason": "stop"},
        ]
        for n, one in enumerate(choices)
    ]
    chunks = shuffled(seed, queues)
    envelope = {**KNOWN, "object": "chat.completion.chunk"}
    return b"".join(event({**envelope, "choices": [one]}) for one in chunks) + b"data: [DONE]\n\n"


def reader(kind: str, screen: Screen) -> ResponseReader:
    made = answer_reader(kind, reading(screen, limit=LIMIT), strips=False, named_events=False)
    assert made is not None
    return made


def shown(out: bytes, index: int, member: str) -> str:
    """The text of a choice that a client puts together."""
    return "".join(
        choice["delta"].get(member) or ""
        for chunk in documents(out)
        for choice in chunk["choices"]
        if choice["index"] == index
    )


def called(out: bytes, index: int) -> list[tuple[str, str]]:
    """The calls of a choice that a client puts together."""
    found: dict[int, list[str]] = {}
    for chunk in documents(out):
        for choice in chunk["choices"]:
            for one in choice["delta"].get("tool_calls", ()) if choice["index"] == index else ():
                name, arguments = found.setdefault(one["index"], ["", ""])
                function = one["function"]
                found[one["index"]] = [
                    name + function.get("name", ""),
                    arguments + function.get("arguments", ""),
                ]
    return [(name, arguments) for name, arguments in found.values()]


@pytest.mark.parametrize("names", SETS.values(), ids=SETS)
@settings(max_examples=8, deadline=None)
@given(choices=st.lists(CHOICES, min_size=1, max_size=3), seed=SEEDS, cuts=CUTS)
def test_a_stream_is_judged_as_the_whole_answer_is(
    names: tuple[str, ...], choices: list[Choice], seed: int, cuts: list[int]
) -> None:
    once, streamed = screens(names)
    answer = fed(reader("application/json", once), whole(choices))
    out = fed(reader("text/event-stream", streamed), stream(choices, seed), cuts)
    texts = sum(len(one.texts) + 2 * len(one.calls) for one in choices)
    check_alike(once, streamed, texts=texts)
    if once.blocked is not None:
        assert json.loads(answer)["error"]["message"] == once.blocked
        assert documents(out)[-1]["error"]["message"] == streamed.blocked
        return
    for n, (choice, told) in enumerate(zip(choices, json.loads(answer)["choices"], strict=True)):
        for member, pieces in choice.texts.items():
            channel, part = f"choices/{n}/{member}", MEMBERS[member]
            text, hold = "".join(pieces), held_back(names, Stage.RESPONSE, part)
            check_masked(text, once, channel, shown(out, n, member), hold)
            check_masked(text, once, channel, told["message"][member], 4096)
        made = told["message"].get("tool_calls", ())
        whole_calls = [(one["function"]["name"], one["function"]["arguments"]) for one in made]
        assert called(out, n) == whole_calls
