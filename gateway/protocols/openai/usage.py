"""What an answer says that it cost. Pure: no I/O, no clock.

Source: openai-openapi 2.3.0: `usage` of chat completions, completions and embeddings counts
prompt_tokens and completion_tokens, that of responses, images and audio input_tokens and
output_tokens. It is what the server says, so a wrong type is read as nothing and fails nobody.
"""

from dataclasses import replace
from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.model.usage import Usage

_MOST: Final = 1 << 53
_CACHED: Final = "cached_tokens"
_INPUTS: Final = ("prompt_tokens", "input_tokens")


class Meter:
    """Collects usage over the documents of one answer; `usage` is None until one has it."""

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self._finish = ""

    def read(self, document: JsonValue) -> None:
        """A whole JSON answer, or the data of one event. Counts of later events are totals."""
        if not isinstance(document, dict):
            return
        within = document.get("response")
        answer = within if isinstance(within, dict) else document
        self._finish = _finish(answer) or self._finish
        counted = answer.get("usage")
        if isinstance(counted, dict):
            self.usage = Usage(
                input=_first(counted, *_INPUTS),
                output=_first(counted, "completion_tokens", "output_tokens"),
                cached=_detail(counted, _CACHED, *_INPUTS),
                tells_cached=_tells(counted, _CACHED, *_INPUTS),
                reasoning=_detail(
                    counted, "reasoning_tokens", "completion_tokens", "output_tokens"
                ),
                model=_text(answer.get("model")),
                id=_text(answer.get("id")),
            )
        if self.usage is not None:
            self.usage = replace(self.usage, finish=self._finish)


def stop_reasons(answer: JsonValue) -> list[str]:
    """Why each choice of an answer or a chunk stopped, or a response is not complete."""
    if not isinstance(answer, dict):
        return []
    choices, details = answer.get("choices"), answer.get("incomplete_details")
    said = [
        *(one.get("finish_reason") for one in _objects(choices)),
        *(one.get("reason") for one in _objects([details])),
    ]
    return [one for one in said if isinstance(one, str)]


def is_usage_chunk(document: JsonValue) -> bool:
    """Whether a chunk of a stream has nothing but usage: `choices` is empty."""
    if not isinstance(document, dict) or document.get("choices") != []:
        return False
    return isinstance(document.get("usage"), dict)


def _finish(answer: dict[str, JsonValue]) -> str:
    """finish_reason of the first choice, or the status of a response and why it is not complete."""
    choices = answer.get("choices")
    if isinstance(choices, list):
        first = choices[0] if choices else None
        return _text(first.get("finish_reason")) if isinstance(first, dict) else ""
    details = answer.get("incomplete_details")
    reason = _text(details.get("reason")) if isinstance(details, dict) else ""
    return reason or (_text(answer.get("status")) if answer.get("object") == "response" else "")


def _first(counted: dict[str, JsonValue], *keys: str) -> int:
    return next((_count(counted[key]) for key in keys if key in counted), 0)


def _detail(counted: dict[str, JsonValue], key: str, *totals: str) -> int:
    for total in totals:
        details = counted.get(f"{total}_details")
        if isinstance(details, dict):
            return _count(details.get(key))
    return 0


def _tells(counted: dict[str, JsonValue], key: str, *totals: str) -> bool:
    """Whether there is a count; vLLM and SGLang write null unless they are started to count."""
    details = (counted.get(f"{total}_details") for total in totals)
    return any(isinstance(one, dict) and one.get(key) is not None for one in details)


def _count(value: JsonValue) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return value if 0 <= value < _MOST else 0


def _objects(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
