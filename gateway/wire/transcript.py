"""A prompt as bytes in the order in which a model reads it. Pure: no I/O, no clock.

What is written is the decoded text, never JSON as the client spelt it: two clients that send the
same conversation get the same bytes, and a conversation that goes on begins with the bytes that it
had before. The marks between texts are control characters, as chat templates have special tokens.
Media are a hash of what they are, so that they tell requests apart and cost nothing to carry.
"""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import orjson
import xxhash

from gateway.model.jsonvalue import JsonValue
from gateway.wire.imagesize import size_of_base64

Medium: TypeAlias = Literal["image", "audio", "video", "file"]

_SECTION: Final = b"\x1e%b\x1f"
_CALL: Final = b"\x1d%b\x1f"

_PIXELS: Final = 1024
"""Of an image for one token, as llm-d's estimator counts."""

_USUAL_IMAGE: Final = 640 * 360
"""Pixels of an image that does not tell its size: the same estimator's."""

_BYTES: Final[Mapping[Medium, int]] = MappingProxyType({"audio": 1280, "video": 2048, "file": 32})
"""Bytes for one token: of audio 25 tokens a second at 256 kbit/s, of documents 2,000 a page."""

_USUAL: Final[Mapping[Medium, int]] = MappingProxyType({"audio": 250, "video": 4096, "file": 2048})
"""Tokens of what is only named: ten seconds, half a minute, a page."""

MOST_MEDIA_TOKENS: Final = 16_384
"""Of one medium: engines scale down what has more, and no client can claim a larger one."""

MOST_OUTPUT_TOKENS: Final = 1 << 20
"""Of one answer: no server gives more, whatever bound a client claims."""

_INLINE: Final = "data:"


class Transcript:
    """What was written so far. `media_tokens` estimates what media add to the text."""

    __slots__ = ("_parts", "media_tokens")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.media_tokens = 0

    @property
    def parts(self) -> tuple[bytes, ...]:
        """Everything, in order."""
        return tuple(self._parts)

    def section(self, name: str) -> None:
        """What follows is by `name`: a role, or "tools"."""
        self._parts.append(_SECTION % name.encode())

    def text(self, value: JsonValue) -> None:
        """A text; what is none, or empty, leaves no trace."""
        if isinstance(value, str) and value:
            self._parts.append(value.encode())

    def call(self, name: JsonValue, arguments: JsonValue) -> None:
        """A call of a tool; `arguments` are a text, or a value, which is written canonically."""
        self._parts.append(_CALL % (name.encode() if isinstance(name, str) else b""))
        self.value(arguments)

    def value(self, value: JsonValue, without: Iterable[str] = ()) -> None:
        """A value of any shape: a text as it is, another as JSON in which the order of keys does
        not matter, of an object without the keys `without`."""
        if isinstance(value, dict):
            left_out = frozenset(without)
            value = {key: one for key, one in value.items() if key not in left_out}
        if value is None or isinstance(value, str):
            self.text(value)
        else:
            self._parts.append(_canonical(value))

    def tokens(self, ids: Sequence[int]) -> None:
        """Token ids, of four bytes each: about what a token has as text."""
        try:
            self._parts.append(struct.pack(f"<{len(ids)}I", *ids))
        except struct.error:  # no vocabulary has them; they still tell requests apart
            self._parts.append(_canonical(list[JsonValue](ids)))

    def media(self, medium: Medium, content: str) -> None:
        """Something that is no text: a URL, a data: URL, base64 or the id of a file."""
        digest = xxhash.xxh3_128_hexdigest(content.encode())
        self._parts.append(_CALL % f"{medium} {digest}".encode())
        self.media_tokens += _tokens_of(medium, content)


def size_in_tokens(medium: Medium, size: int) -> int:
    """What a medium of `size` bytes adds to a prompt, at least one token."""
    if medium == "image":
        return _USUAL_IMAGE // _PIXELS
    return min(max(size // _BYTES[medium], 1), MOST_MEDIA_TOKENS)


def _tokens_of(medium: Medium, content: str) -> int:
    inline = content[: len(_INLINE)].lower() == _INLINE
    start = content.find(",") + 1 if inline else 0
    if medium == "image":
        # no URL is PNG or JPEG in base64, so nothing has to tell them apart
        width, height = size_of_base64(content[start:]) or (_USUAL_IMAGE, 1)
        return min(max(width * height // _PIXELS, 1), MOST_MEDIA_TOKENS)
    if not inline and len(content) < _NAME:
        return _USUAL[medium]
    return size_in_tokens(medium, (len(content) - start) * 3 // 4)


_NAME: Final = 4096
"""Characters up to which a text that is no data: URL is the name of a medium: a URL or an id."""


def _canonical(value: JsonValue) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
