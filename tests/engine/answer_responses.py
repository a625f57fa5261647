"""OpenAI's responses, none of which is kept."""

from typing_extensions import override

from tests.engine.answer import CREATED, Answer, Outcome, named
from tests.engine.ask import Json


class ResponsesAnswer(Answer):
    """A response that is one message."""

    prefix = "resp_"

    def __init__(self, model: str, *, include_usage: bool = False) -> None:
        """Events are numbered from 0."""
        super().__init__(model, include_usage=include_usage)
        self._number = 0
        self._place: Json = {"item_id": f"msg_{self.ident}", "output_index": 0, "content_index": 0}

    @override
    def whole(self, outcome: Outcome) -> Json:
        cut = outcome.reason == "length"
        return {
            **self._head("incomplete" if cut else "completed"),
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "output": [self._message([self._text(outcome.text)])],
            "usage": {
                "input_tokens": outcome.prompt,
                "input_tokens_details": {"cached_tokens": outcome.cached or 0},
                "output_tokens": outcome.generated,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": outcome.prompt + outcome.generated,
            },
        }

    @override
    def begin(self, outcome: Outcome) -> bytes:
        begun: Json = {**self._head("in_progress"), "output": [], "usage": None}
        begun["incomplete_details"] = None
        item = {"output_index": 0, "item": self._message([])}
        return b"".join(
            (
                self._event("response.created", {"response": begun}),
                self._event("response.in_progress", {"response": begun}),
                self._event("response.output_item.added", item),
                self._event("response.content_part.added", self._part("")),
            )
        )

    @override
    def delta(self, text: str) -> bytes:
        said: Json = {**self._place, "delta": text, "logprobs": []}
        return self._event("response.output_text.delta", said)

    @override
    def end(self, outcome: Outcome) -> bytes:
        whole = self.whole(outcome)
        text: Json = {**self._place, "text": outcome.text, "logprobs": []}
        item = {"output_index": 0, "item": whole["output"][0]}
        return b"".join(
            (
                self._event("response.output_text.done", text),
                self._event("response.content_part.done", self._part(outcome.text)),
                self._event("response.output_item.done", item),
                self._event(f"response.{whole['status']}", {"response": whole}),
            )
        )

    def _event(self, kind: str, data: Json) -> bytes:
        number, self._number = self._number, self._number + 1
        return named({"type": kind, "sequence_number": number, **data})

    def _head(self, status: str) -> Json:
        return {
            "id": self.ident,
            "object": "response",
            "created_at": CREATED,
            "model": self.model,
            "status": status,
            "error": None,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
        }

    def _message(self, content: list[Json]) -> Json:
        status = "completed" if content else "in_progress"
        message = {"type": "message", "id": self._place["item_id"], "role": "assistant"}
        return {**message, "status": status, "content": content}

    def _part(self, text: str) -> Json:
        return {**self._place, "part": self._text(text)}

    def _text(self, text: str) -> Json:
        return {"type": "output_text", "text": text, "annotations": []}
