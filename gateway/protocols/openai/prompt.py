"""What a prompt holds: roles, parts, text and URLs. Pure: no I/O, no clock.

Source: openai-openapi 2.3.0, messages of chat completions and input items of responses; vLLM for
`video_url`, `audio_url` and for URLs that are plain strings. Parts and items of types that are not
known are searched for text whole, so that a bound on its size cannot be passed by a new type.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.protocols.openai.typed import Members, WrongError

_URLS: Final = ("image_url", "video_url", "audio_url", "file_url")
_CONTENT: Final = ("data", "file_data")
"""Base64 of audio and files, for which some servers take a URL as well."""

_INLINE: Final = "data:"
_NO_TEXT: Final = frozenset(("type", "id", "call_id", "status", "file_data", "encrypted_content"))
"""Members of which the value is no text of the prompt, in objects of any type."""

_CHAT_PARTS: Final = frozenset(
    ("text", "refusal", "image_url", "video_url", "audio_url", "input_audio", "file")
)
_RESPONSE_PARTS: Final = frozenset(
    (
        "input_text",
        "output_text",
        "input_image",
        "input_file",
        "summary_text",
        "reasoning_text",
        "computer_screenshot",
    )
)
_READ: Final = frozenset(("role", "content", "tool_call_id"))
"""Members of a message that are no further text; servers add some that are (reasoning_content)."""

_KNOWN_PARTS: Final = _CHAT_PARTS | _RESPONSE_PARTS

_SCHEME: Final = 32
"""Characters in which a URL has its scheme."""

_TOKEN_BYTES: Final = 4
"""What one token id counts as text: about as much as a token has in most vocabularies."""


@dataclass(slots=True)
class Prompt:
    """What was found so far. `text` counts bytes in UTF-8, `count` messages or items."""

    roles: dict[str, None] = field(default_factory=dict[str, None])
    parts: dict[str, None] = field(default_factory=dict[str, None])
    urls: dict[str, None] = field(default_factory=dict[str, None])
    text: int = 0
    count: int = 0

    def chat(self, body: Members) -> None:
        """The messages of a chat completion, and the answer that the client predicts."""
        for message in body.objects("messages"):
            self._message(message)
        if (prediction := body.object("prediction")) is not None:
            self._content(prediction)

    def response(self, body: Members) -> None:
        """Instructions, which become a system message, the items of input, the variables of a
        stored prompt, and the masks of tools that make images."""
        for tool in body.objects("tools"):
            if (mask := tool.object("input_image_mask")) is not None:
                self.links(mask)
        if (instructions := body.string("instructions")) is not None:
            self.roles["system"] = None
            self._said(instructions)
        if (prompt := body.object("prompt")) is not None:
            self.searched(prompt.free("variables"))
        if isinstance(given := body.get("input"), str):
            self.count += 1
            self.roles["user"] = None
            self._part_text(given)
            return
        for item in body.objects("input"):
            self._item(item)

    def texts(self, body: Members, key: str) -> int:
        """How many texts there are in a string, a list of strings or of token ids, or a list of
        such lists. Servers differ on mixed lists."""
        value = body.get(key)
        if isinstance(value, str):
            self._said(value)
            return 1
        values = body.list(key)
        if not values:
            return 0
        if all(isinstance(one, str) for one in values):
            self.searched(values)
            return len(values)
        if _token_ids(value):
            self.text += _TOKEN_BYTES * len(values)
            return 1
        if all(_token_ids(one) for one in values):
            self.text += _TOKEN_BYTES * sum(len(one) for one in values if isinstance(one, list))
            return len(values)
        raise body.wrong(key, "a string or a list of strings, of token ids or of lists of these")

    def parts_of(self, body: Members, key: str) -> int:
        """How many parts there are in a list, each read as one of a message."""
        parts = body.objects(key)
        for part in parts:
            self._part(part)
        return len(parts)

    def links(self, part: Members) -> None:
        """The URLs that a part names, each as a string or as the `url` of an object."""
        for key in _URLS:
            value = part.get(key)
            if isinstance(value, dict):
                linked = part.object(key)
                self._link(linked.string("url") if linked else None)
            else:
                self._link(part.string(key))
        for key in _CONTENT:
            content = part.get(key)
            if isinstance(content, str) and "://" in content[:_SCHEME]:
                self._link(content)

    def searched(self, value: JsonValue) -> None:
        """All text in a value of a free form."""
        for text in _strings(value):
            self._said(text)

    def _message(self, message: Members) -> None:
        self.count += 1
        self.roles[message.required("role")] = None
        self._content(message)
        message.string("refusal")
        message.list("tool_calls")
        message.free("function_call")
        self.searched({key: one for key, one in message.values.items() if key not in _READ})

    def _item(self, item: Members) -> None:
        """An item without a type is a message if it has a role, else a reference."""
        kind = item.string("type")
        if kind == "message" or (kind is None and "role" in item.values):
            self._message(item)
            return
        self.count += 1
        if kind is None and item.string("id") is None:
            raise WrongError("an item of input needs a type, a role or an id")
        if (role := item.string("role")) is not None:
            self.roles[role] = None
        self.parts[kind or "item_reference"] = None
        self.searched({key: one for key, one in item.values.items() if key != "role"})
        self._nested_links(item)

    def _nested_links(self, item: Members) -> None:
        """What an item holds is fetched like what a message holds (screenshots, output parts)."""
        self.links(item)
        for key in ("output", "content"):
            value = item.get(key)
            if isinstance(value, dict):
                self.links(Members(value, item.place(key)))
            elif isinstance(value, list):
                for at, one in enumerate(value):
                    if isinstance(one, dict):
                        self.links(Members(one, f"{item.place(key)}[{at}]"))

    def _content(self, message: Members) -> None:
        if isinstance(content := message.get("content"), str):
            self._part_text(content)
            return
        for part in message.objects("content"):
            self._part(part)

    def _part(self, part: Members) -> None:
        kind = part.required("type")
        self.parts[kind] = None
        self.links(part)
        for key in ("input_audio", "file"):
            if (attached := part.object(key)) is not None:
                self.links(attached)
        if kind in _KNOWN_PARTS:
            self._said(part.string("text"))
            self._said(part.string("refusal"))
        else:
            self.searched(part.values)

    def _part_text(self, text: str) -> None:
        self.parts["text"] = None
        self._said(text)

    def _said(self, text: str | None) -> None:
        if text is not None:
            self.text += len(text) if text.isascii() else len(text.encode("utf-8"))

    def _link(self, url: str | None) -> None:
        if url is not None and url[: len(_INLINE)].lower() != _INLINE:
            self.urls[url] = None


def _token_ids(value: JsonValue) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, int) and not isinstance(one, bool) for one in value
    )


def _strings(value: JsonValue) -> Iterator[str]:
    """The strings in a value, without content that is no text; the stack is the reader's own."""
    waiting: list[JsonValue] = [value]
    while waiting:
        match waiting.pop():
            case str() as text if text[: len(_INLINE)].lower() != _INLINE:
                yield text
            case list() as values:
                waiting += values
            case dict() as members:
                waiting += [one for key, one in members.items() if key not in _NO_TEXT]
            case _:
                pass
