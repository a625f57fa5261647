"""Chat completions as they are measured: the request, its answer as JSON and as a stream.

The stream is what servers send: a chunk a token, one that says why it ends, one with usage and
[DONE], each an event.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from benchmarks.corpus import api_key

WHOLE: Final = "bench-whole"
STREAM: Final = "bench-stream"
PACED: Final = "bench-paced"
MODELS: Final = (WHOLE, STREAM, PACED)
"""Names of models, by which the upstream knows how to answer."""

PATH: Final = "/chat/completions"
"""Below the base path of a route."""

UPSTREAM_BASE: Final = "/v1"
UPSTREAM_PATH: Final = UPSTREAM_BASE + PATH
EVENTS: Final = 200
PROMPT_BYTES: Final = 860
LOREM: Final = "lorem ipsum "
DONE: Final = b"data: [DONE]\n\n"
CREATED: Final = 1_767_225_600
USAGE: Final = {"prompt_tokens": 140, "completion_tokens": 197, "total_tokens": 337}


@dataclass(frozen=True, slots=True)
class ChatCall:
    """A chat completion of `model` with about 1 KB of JSON, or with a prompt of `prompt_bytes`.
    Streams ask for usage themselves, so that every contender sends the same bytes."""

    model: str = WHOLE
    prompt_bytes: int = PROMPT_BYTES

    @property
    def body(self) -> bytes:
        """The body."""
        size = self.prompt_bytes // len(LOREM) + 1
        asked: dict[str, Any] = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": "You are a helpful assistant."},
                {"role": "user", "content": (LOREM * size)[: self.prompt_bytes]},
            ],
            "max_tokens": 512,
            "temperature": 0.2,
        }
        if self.events:
            asked |= {"stream": True, "stream_options": {"include_usage": True}}
        return json.dumps(asked, separators=(",", ":")).encode()

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What the OpenAI SDK sends of what matters."""
        return (
            ("content-type", "application/json"),
            ("accept", "text/event-stream" if self.events else "application/json"),
            ("user-agent", "benchmark/1"),
            ("authorization", f"Bearer {api_key(0)}"),
        )

    @property
    def events(self) -> int:
        """Of the answer."""
        return 0 if self.model == WHOLE else EVENTS

    def answered(self, body: bytes) -> bool:
        """Whether the answer is whole. Proxies may write the chunks anew and leave some out."""
        if self.events:
            return body.endswith(DONE) and body.count(b"data: ") > EVENTS // 2
        return bool(json.loads(body)["choices"])


@cache
def answer() -> bytes:
    """The answer of JSON."""
    message = {"role": "assistant", "content": "done " * 40, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    whole = _described(WHOLE, "chat.completion", [choice])
    return json.dumps({**whole, "usage": USAGE}).encode()


@cache
def events(model: str = STREAM) -> Sequence[bytes]:
    """The events of a stream, each whole."""
    choices = [_choice({"role": "assistant", "content": ""})]
    choices += [_choice({"content": f"word{i} "}) for i in range(EVENTS - 4)]  # none like another:
    # LiteLLM takes a hundred equal ones for a model that has gone astray
    choices += [_choice({}, "stop")]
    chunks = [_described(model, "chat.completion.chunk", [choice]) for choice in choices]
    chunks.append({**_described(model, "chat.completion.chunk", []), "usage": USAGE})
    lines = [json.dumps(chunk, separators=(",", ":")).encode() for chunk in chunks]
    return (*(b"data: " + line + b"\n\n" for line in lines), DONE)


def _described(model: str, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-bench",
        "object": kind,
        "created": CREATED,
        "model": model,
        "choices": choices,
    }


def _choice(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish}
