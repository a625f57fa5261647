"""Chat completions and completions."""

from typing import Final

from typing_extensions import override

from tests.engine.answer import CREATED, Answer, Outcome, event
from tests.engine.ask import Json

DONE: Final = b"data: [DONE]\n\n"


def usage_of(outcome: Outcome) -> Json:
    """Usage as both APIs count it."""
    details = None if outcome.cached is None else {"cached_tokens": outcome.cached}
    return {
        "prompt_tokens": outcome.prompt,
        "completion_tokens": outcome.generated,
        "total_tokens": outcome.prompt + outcome.generated,
        "prompt_tokens_details": details,
    }


class ChatAnswer(Answer):
    """A chat completion."""

    prefix = "chatcmpl-"

    @override
    def whole(self, outcome: Outcome) -> Json:
        message = {"role": "assistant", "content": outcome.text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None}
        return {
            **self._head("chat.completion"),
            "choices": [{**choice, "finish_reason": outcome.reason}],
            "usage": usage_of(outcome),
        }

    @override
    def begin(self, outcome: Outcome) -> bytes:
        return self._chunk({"role": "assistant", "content": ""})

    @override
    def delta(self, text: str) -> bytes:
        return self._chunk({"content": text})

    @override
    def end(self, outcome: Outcome) -> bytes:
        last = self._chunk({}, outcome.reason)
        if self.include_usage:
            head = self._head("chat.completion.chunk")
            last += event({**head, "choices": [], "usage": usage_of(outcome)})
        return last + DONE

    def _chunk(self, delta: Json, reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> Json:
        return {"id": self.ident, "object": kind, "created": CREATED, "model": self.model}


class TextAnswer(Answer):
    """A completion of a text."""

    prefix = "cmpl-"

    @override
    def whole(self, outcome: Outcome) -> Json:
        choices = [self._choice(outcome.text, outcome.reason)]
        return {**self._head(), "choices": choices, "usage": usage_of(outcome)}

    @override
    def begin(self, outcome: Outcome) -> bytes:
        return b""

    @override
    def delta(self, text: str) -> bytes:
        return event({**self._head(), "choices": [self._choice(text, None)]})

    @override
    def end(self, outcome: Outcome) -> bytes:
        last = event({**self._head(), "choices": [self._choice("", outcome.reason)]})
        if self.include_usage:
            last += event({**self._head(), "choices": [], "usage": usage_of(outcome)})
        return last + DONE

    def _choice(self, text: str, reason: str | None) -> Json:
        return {"index": 0, "text": text, "logprobs": None, "finish_reason": reason}

    def _head(self) -> Json:
        head = {"id": self.ident, "object": "text_completion", "created": CREATED}
        return {**head, "model": self.model}
