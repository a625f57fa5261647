"""Anthropic messages."""

from typing_extensions import override

from tests.engine.answer import Answer, Outcome, named
from tests.engine.ask import Json


class MessagesAnswer(Answer):
    """A message of one block of text."""

    prefix = "msg_"

    @override
    def whole(self, outcome: Outcome) -> Json:
        content = [{"type": "text", "text": outcome.text}]
        return {**self._head(), "content": content, **_stop(outcome), "usage": _usage(outcome)}

    @override
    def begin(self, outcome: Outcome) -> bytes:
        stop = {"stop_reason": None, "stop_sequence": None}
        message: Json = {**self._head(), "content": [], **stop, "usage": _usage(outcome)}
        block = {"type": "text", "text": ""}
        return named({"type": "message_start", "message": message}) + named(
            {"type": "content_block_start", "index": 0, "content_block": block}
        )

    @override
    def delta(self, text: str) -> bytes:
        delta = {"type": "text_delta", "text": text}
        return named({"type": "content_block_delta", "index": 0, "delta": delta})

    @override
    def end(self, outcome: Outcome) -> bytes:
        return b"".join(
            (
                named({"type": "content_block_stop", "index": 0}),
                named({"type": "message_delta", "delta": _stop(outcome), "usage": _usage(outcome)}),
                named({"type": "message_stop"}),
            )
        )

    def _head(self) -> Json:
        return {"id": self.ident, "type": "message", "role": "assistant", "model": self.model}


def _stop(outcome: Outcome) -> Json:
    reason = "max_tokens" if outcome.reason == "length" else "end_turn"
    return {"stop_reason": reason, "stop_sequence": None}


def _usage(outcome: Outcome) -> Json:
    """Input tokens are those that were not cached, as Anthropic counts."""
    cached = outcome.cached or 0
    return {
        "input_tokens": outcome.prompt - cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
        "output_tokens": outcome.generated,
    }
