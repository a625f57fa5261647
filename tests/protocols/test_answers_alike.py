"""An answer is judged alike, streamed and not streamed, by the screen that serves: the same
findings in the same places, the same verdict, the same text for the client."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.guardrails.screen import Screen
from gateway.protocols.a2a.screening import screened_reader_of as a2a_reader
from gateway.protocols.anthropic.screening import screened_reader as anthropic_reader
from gateway.protocols.base import ResponseReader
from gateway.protocols.openai.reading import answer_reader
from tests.guardrails.guarding import book, guardrail
from tests.support.screened import documents, encode, event, fed, reading

JSON = "application/json"
EVENTS = "text/event-stream"
STAGES = "[response, a2a_artifact, a2a_message]"
JUDGING = book(
    guardrail("masks", stages=STAGES, detectors="[{type: codes, action: mask, categories: [key]}]"),
    guardrail("blocks", stages=STAGES, detectors="[{type: codes, categories: [code]}]"),
)


def found(screen: Screen) -> list[tuple[str, str, int, int]]:
    return sorted((one.category, one.channel, one.start, one.end) for one in _findings(screen))


def _findings(screen: Screen) -> list[Any]:
    return [getattr(one, "finding", one) for one in screen.outcome().found]


class Chat:
    """Chat completions."""

    @staticmethod
    def reader(kind: str, screen: Screen) -> ResponseReader | None:
        return answer_reader(kind, reading(screen), strips=False, named_events=False)

    @staticmethod
    def whole(text: str) -> bytes:
        return encode({"choices": [{"index": 0, "message": {"content": text}}]})

    @staticmethod
    def stream(pieces: list[str]) -> bytes:
        deltas = [event({"choices": [{"index": 0, "delta": {"content": one}}]}) for one in pieces]
        return b"".join((*deltas, b"data: [DONE]\n\n"))

    @staticmethod
    def said(out: bytes) -> str:
        return "".join(one["choices"][0]["delta"]["content"] for one in documents(out))

    @staticmethod
    def told(answer: Any) -> str:
        return answer["choices"][0]["message"]["content"]


class Responses:
    """Responses, which say the text again."""

    @staticmethod
    def reader(kind: str, screen: Screen) -> ResponseReader | None:
        return answer_reader(kind, reading(screen), strips=False, named_events=True)

    @staticmethod
    def answer(text: str) -> Any:
        part = {"type": "output_text", "text": text}
        item = {"type": "message", "role": "assistant", "content": [part]}
        return {"object": "response", "output": [item]}

    @classmethod
    def whole(cls, text: str) -> bytes:
        return encode(cls.answer(text))

    @classmethod
    def stream(cls, pieces: list[str]) -> bytes:
        text = "".join(pieces)
        deltas = [event({"type": "response.output_text.delta", "delta": one}) for one in pieces]
        done = event({"type": "response.output_text.done", "text": text})
        last = event({"type": "response.completed", "response": cls.answer(text)})
        return b"".join((*deltas, done, last))

    @classmethod
    def said(cls, out: bytes) -> str:
        *_, done, last = documents(out)
        text = "".join(one.get("delta", "") for one in documents(out))
        assert done["text"] == cls.told(last["response"]) == text
        return text

    @staticmethod
    def told(answer: Any) -> str:
        return answer["output"][0]["content"][0]["text"]


class Messages:
    """Anthropic's messages."""

    @staticmethod
    def reader(kind: str, screen: Screen) -> ResponseReader | None:
        return anthropic_reader(kind, reading(screen), screen)

    @staticmethod
    def whole(text: str) -> bytes:
        return encode({"type": "message", "content": [{"type": "text", "text": text}]})

    @staticmethod
    def stream(pieces: list[str]) -> bytes:
        at: dict[str, Any] = {"index": 0}
        begin = event({"type": "content_block_start", **at, "content_block": {"type": "text"}})
        deltas = [
            event(
                {"type": "content_block_delta", **at, "delta": {"type": "text_delta", "text": one}}
            )
            for one in pieces
        ]
        return b"".join((begin, *deltas, event({"type": "content_block_stop", **at})))

    @staticmethod
    def said(out: bytes) -> str:
        return "".join(one["delta"]["text"] for one in documents(out) if "delta" in one)

    @staticmethod
    def told(answer: Any) -> str:
        return answer["content"][0]["text"]


class Artifacts:
    """A2A's artifacts."""

    @staticmethod
    def reader(kind: str, screen: Screen) -> ResponseReader | None:
        return a2a_reader(kind, reading(screen), screen, None)

    @staticmethod
    def whole(text: str) -> bytes:
        return encode({"artifacts": [{"artifactId": "a", "parts": [{"text": text}]}]})

    @staticmethod
    def stream(pieces: list[str]) -> bytes:
        artifacts = [{"artifactId": "a", "parts": [{"text": one}]} for one in pieces]
        return b"".join(
            event({"artifactUpdate": {"artifact": one, "append": number > 0}})
            for number, one in enumerate(artifacts)
        )

    @staticmethod
    def said(out: bytes) -> str:
        updates = [one["artifactUpdate"]["artifact"] for one in documents(out)]
        return "".join(part["text"] for one in updates for part in one["parts"])

    @staticmethod
    def told(answer: Any) -> str:
        return answer["artifacts"][0]["parts"][0]["text"]


WORDS = st.sampled_from(
    ["KEY-abc", "KEY-", "abc ", "CODE-1234 ", "COD", "E-1234", " ", "plain words ", "é", "x" * 90]
)
PIECES = st.lists(st.lists(WORDS, max_size=4).map("".join), min_size=1, max_size=8)
CUTS = st.lists(st.integers(0, 4_000), max_size=6)


@pytest.mark.parametrize(
    "protocol", [Chat, Responses, Messages, Artifacts], ids=lambda one: one.__name__
)
@settings(max_examples=60, deadline=None)
@given(PIECES, CUTS)
def test_streamed_and_not_streamed_find_the_same(
    protocol: Any, pieces: list[str], cuts: list[int]
) -> None:
    text = "".join(pieces)
    once, streamed = JUDGING.screen(("masks", "blocks")), JUDGING.screen(("masks", "blocks"))
    make: Callable[[str, Screen], ResponseReader] = protocol.reader
    answer = fed(make(JSON, once), protocol.whole(text))
    out = fed(make(EVENTS, streamed), protocol.stream(pieces), cuts)
    assert found(streamed) == found(once)
    assert streamed.blocked == once.blocked
    if once.blocked is None:
        assert protocol.said(out) == protocol.told(json.loads(answer))
        assert "KEY-abc" not in protocol.said(out)
    else:
        assert b"CODE-1234" not in out
        assert once.blocked.encode() in out
