"""How engines write answers: what the APIs have in common."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final, Literal
from uuid import uuid4

import orjson

from tests.engine.ask import Json

CREATED: Final = 1_767_225_600  # 2026-01-01, in every answer


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer, as far as it has come. `cached` is None when the engine does not tell it."""

    prompt: int
    cached: int | None
    generated: int = 0
    text: str = ""
    reason: Literal["stop", "length"] = "stop"


class Answer(ABC):
    """One answer to a request for `model`, whole or as a stream of server-sent events."""

    prefix = ""

    def __init__(self, model: str, *, include_usage: bool = False) -> None:
        """`include_usage` is the client's wish where the API leaves it the choice."""
        self.ident = f"{self.prefix}{uuid4().hex}"
        self.model = model
        self.include_usage = include_usage

    @abstractmethod
    def whole(self, outcome: Outcome) -> Json:
        """The answer as one JSON object."""

    @abstractmethod
    def begin(self, outcome: Outcome) -> bytes:
        """The events before the first text."""

    @abstractmethod
    def delta(self, text: str) -> bytes:
        """The events of more text."""

    @abstractmethod
    def end(self, outcome: Outcome) -> bytes:
        """The events after the last text."""


def event(data: Json) -> bytes:
    """An event without a name."""
    return b"data: " + orjson.dumps(data) + b"\n\n"


def named(data: Json) -> bytes:
    """An event that is named like its type."""
    return b"event: " + data["type"].encode() + b"\n" + event(data)


def error(status: int, message: str, kind: str, *, anthropic: bool = False) -> bytes:
    """The body of an error, as vLLM writes it for either family of APIs."""
    if anthropic:
        return orjson.dumps({"type": "error", "error": {"type": kind, "message": message}})
    return orjson.dumps(
        {"error": {"message": message, "type": kind, "param": None, "code": status}}
    )
