"""What a client asks an engine for, whichever API it speaks."""

import dataclasses
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

import orjson

Json: TypeAlias = dict[str, Any]

ID_BYTES: Final = 4
"""The length of a token of a prompt that a client sends as numbers."""
LIMITS: Final = ("max_completion_tokens", "max_tokens", "max_output_tokens")


class AskError(ValueError):
    """A request that the engine does not understand; the text says why."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A prompt, rendered, and what is wanted of the answer.

    `width` is bytes per token where the client sent tokens. `limit` and `minimum` count tokens of
    the answer. `ignore_eos` asks for an answer as long as its limit. `salt` separates caches.
    `lengths` are those of the texts to embed.
    """

    model: str
    prompt: bytes
    width: float | None = None
    limit: int | None = None
    minimum: int = 0
    ignore_eos: bool = False
    stream: bool = False
    include_usage: bool = False
    salt: str = ""
    lengths: tuple[int, ...] = ()


def chat(body: Json) -> Ask:
    """A chat completion."""
    messages = _messages(body.get("messages"))
    return _ask(body, _rendered(body.get("tools"), messages))


def text(body: Json) -> Ask:
    """A completion of a text, or of a list of token numbers."""
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(cast("list[Any]", prompt)) == 1:
        (prompt,) = cast("list[Any]", prompt)
    if isinstance(prompt, str):
        return _ask(body, prompt.encode())
    if isinstance(prompt, list) and all(type(one) is int for one in cast("list[Any]", prompt)):
        numbers = cast("list[int]", prompt)
        data = b"".join(struct.pack(">I", number & 0xFFFFFFFF) for number in numbers)
        return _ask(body, data, ID_BYTES)
    raise AskError("prompt is one text or one list of tokens here")


def embedding(body: Json) -> Ask:
    """Texts to embed, as one prompt."""
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(type(one) is str for one in cast("list[Any]", texts)):
        raise AskError("input is a text or a list of texts here")
    known = cast("list[str]", texts)
    ask = _ask(body, "\n".join(known).encode())
    return dataclasses.replace(ask, stream=False, lengths=tuple(map(len, known)))


def response(body: Json) -> Ask:
    """A response of OpenAI's newer API."""
    given = body.get("input")
    messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if instructions := body.get("instructions"):
        messages = [{"role": "system", "content": instructions}, *_messages(messages)]
    return _ask(body, _rendered(body.get("tools"), _messages(messages)))


def message(body: Json) -> Ask:
    """An Anthropic message."""
    messages = _messages(body.get("messages"))
    if system := body.get("system"):
        messages = [{"role": "system", "content": system}, *messages]
    return _ask(body, _rendered(body.get("tools"), messages))


def _ask(body: Json, prompt: bytes, width: float | None = None) -> Ask:
    model = body.get("model")
    if not isinstance(model, str):
        raise AskError("model is missing")
    if body.get("n") not in {None, 1}:
        raise AskError("n is 1 here")
    if not prompt:
        raise AskError("the prompt is empty")
    options: object = body.get("stream_options")
    return Ask(
        model,
        prompt,
        width,
        limit=next((_count(body, name) for name in LIMITS if body.get(name) is not None), None),
        minimum=_count(body, "min_tokens"),
        ignore_eos=body.get("ignore_eos") is True,
        stream=body.get("stream") is True,
        include_usage=isinstance(options, dict)
        and cast("Json", options).get("include_usage") is True,
        salt=str(body.get("cache_salt") or ""),
    )


def _count(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name) or 0
    if type(value) is not int or value < 0:
        raise AskError(f"{name} is a number of tokens")
    return value


def _messages(given: object) -> list[Json]:
    if not isinstance(given, list) or not given:
        raise AskError("there are no messages")
    items = cast("list[Any]", given)
    if not all(isinstance(one, dict) for one in items):
        raise AskError("a message is an object")
    return cast("list[Json]", items)


def _rendered(tools: object, messages: Iterable[Json]) -> bytes:
    """The prompt as a chat template writes it: tools, messages, and where the answer begins."""
    pieces: list[bytes] = []
    if tools:
        pieces += [b"<|tools|>\n", orjson.dumps(tools), b"\n"]
    for one in messages:
        pieces += [b"<|start|>", str(one.get("role") or one.get("type")).encode(), b"\n"]
        pieces.append(_content(one))
        pieces.append(b"<|end|>\n")
    pieces.append(b"<|start|>assistant\n")
    return b"".join(pieces)


def _content(one: Json) -> bytes:
    """Reasoning, the text, then calls of tools and whatever else a message has."""
    pieces = [str(one.get(name) or "").encode() for name in ("reasoning_content", "reasoning")]
    content = one.get("content")
    if isinstance(content, str):
        pieces.append(content.encode())
    elif isinstance(content, list):
        pieces += [_part(part) for part in cast("list[Any]", content)]
    rest = {
        name: one[name]
        for name in ("tool_calls", "tool_call_id", "name", "arguments", "output")
        if one.get(name)
    }
    if rest:
        pieces.append(orjson.dumps(rest))
    return b"".join(pieces)


def _part(part: object) -> bytes:
    if isinstance(part, dict) and isinstance(said := cast("Json", part).get("text"), str):
        return said.encode()
    return orjson.dumps(part)
