"""What an answer cost, as Anthropic counts. Pure: no I/O, no clock.

`input_tokens` leaves out what was written to a cache and read from one, so `Usage.input` is the sum
of the three. A stream begins with the input's numbers (message_start); those of message_delta are
cumulative and replace them. Tokens of a compaction and of an advisor are in `iterations` only.
"""

from dataclasses import replace
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.usage import Usage

MAX_TOKENS: Final = 2**53
"""Above this a number is no count of tokens."""

_INPUT: Final = "input_tokens"
_OUTPUT: Final = "output_tokens"
_CREATED: Final = "cache_creation_input_tokens"
_READ: Final = "cache_read_input_tokens"
_THINKING: Final = "thinking_tokens"
_APART: Final = frozenset({"compaction", "advisor_message"})
"""Types of iterations whose tokens are not in the sums beside them."""


class Tally:
    """The numbers of one answer, from its message and, of a stream, from what follows."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._apart = Usage()
        self._model = ""
        self._finish = ""
        self._id = ""

    @property
    def finish(self) -> str:
        """Why the model stopped, "" while nothing has told it."""
        return self._finish

    @property
    def usage(self) -> Usage | None:
        """The cost so far; None while nothing has told it."""
        counts = self._counts
        if not counts:
            return None
        cached = counts.get(_READ, 0)
        return Usage(
            input=counts.get(_INPUT, 0) + counts.get(_CREATED, 0) + cached + self._apart.input,
            output=counts.get(_OUTPUT, 0) + self._apart.output,
            cached=cached + self._apart.cached,
            reasoning=counts.get(_THINKING, 0),
            model=self._model,
            finish=self._finish,
            id=self._id,
            tells_cached=_READ in counts,
        )

    def message(self, value: JsonValue) -> None:
        """A whole message, or the one that begins a stream."""
        if isinstance(value, dict) and value.get("type") == "message":
            self._model = _text(value.get("model")) or self._model
            self._id = _text(value.get("id")) or self._id
            self._stopped(value)
            self._add(value.get("usage"))

    def event(self, value: JsonValue) -> None:
        """An event of a stream."""
        if not isinstance(value, dict):
            return
        if value.get("type") == "message_start":
            self.message(value.get("message"))
        elif value.get("type") == "message_delta":
            self._stopped(value.get("delta"))
            self._add(value.get("usage"))

    def _stopped(self, value: JsonValue) -> None:
        if isinstance(value, dict):
            self._finish = _text(value.get("stop_reason")) or self._finish

    def _add(self, usage: JsonValue) -> None:
        if not isinstance(usage, dict):
            return
        self._counts |= _counts(usage)
        details = usage.get("output_tokens_details")
        if isinstance(details, dict) and (thinking := _count(details.get(_THINKING))) is not None:
            self._counts[_THINKING] = thinking
        iterations = usage.get("iterations")
        if isinstance(iterations, list):
            self._apart = _sum_apart(iterations)


def _counts(usage: JsonObject) -> dict[str, int]:
    found = {key: _count(usage.get(key)) for key in (_INPUT, _OUTPUT, _CREATED, _READ)}
    return {key: count for key, count in found.items() if count is not None}


def _sum_apart(iterations: list[JsonValue]) -> Usage:
    total = Usage()
    for one in iterations:
        if isinstance(one, dict) and one.get("type") in _APART:
            counts = _counts(one)
            cached = counts.get(_READ, 0)
            total = replace(
                total,
                input=total.input + counts.get(_INPUT, 0) + counts.get(_CREATED, 0) + cached,
                output=total.output + counts.get(_OUTPUT, 0),
                cached=total.cached + cached,
            )
    return total


def _count(value: JsonValue) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MAX_TOKENS else None


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
