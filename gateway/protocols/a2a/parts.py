"""The parts of a message. Pure: no I/O, no clock.

A part of 1.0 is exactly one of text, raw, url and data. Of 0.3 it is text, file or data, told by
`kind` in JSON-RPC and by the member alone in ProtoJSON (REST, gRPC), and a file has bytes or a URI.
"""

from dataclasses import dataclass, field
from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.protocols.a2a.members import Keys, Members, WrongError
from gateway.protocols.a2a.operation import V10

MAX_PARTS: Final = 10_000
"""Parts of one message, each some microseconds."""

_PART_10: Final = Keys(
    "text", "raw", "url", "data", "metadata", "filename", "mediaType", never=("file",)
)
_PART_03: Final = Keys("kind", "text", "file", "data", "metadata", never=("raw", "url"))
_FILE: Final = Keys("name", "mimeType", "bytes", "uri", "fileWithBytes", "fileWithUri")

_CONTENT_10: Final = ("text", "raw", "url", "data")
_CONTENT_03: Final = ("text", "file", "data")
_BYTES: Final = ("bytes", "fileWithBytes")
_URIS: Final = ("uri", "fileWithUri")


@dataclass(slots=True)
class Parts:
    """What all parts of one message say together, each type once."""

    text_bytes: int = 0
    types: dict[str, None] = field(default_factory=dict[str, None])
    media_types: dict[str, None] = field(default_factory=dict[str, None])
    file_names: list[str] = field(default_factory=list[str])
    urls: list[str] = field(default_factory=list[str])

    def add(self, kind: str, media_type: str, file_name: str) -> None:
        """One more part."""
        self.types[kind] = None
        if media_type:
            self.media_types[media_type] = None
        if file_name:
            self.file_names.append(file_name)


def read_parts(parts: list[JsonValue], version: str, where: str) -> Parts:
    """What the parts of a message say; raises WrongError."""
    if len(parts) > MAX_PARTS:
        raise WrongError(f"{where} has over {MAX_PARTS} parts")
    found = Parts()
    read = _part_10 if version == V10 else _part_03
    for index, part in enumerate(parts):
        if not isinstance(part, dict):
            raise WrongError(f"{where}[{index}] must be an object")
        read(part, f"{where}[{index}]", found)
    return found


def _part_10(value: JsonValue, where: str, found: Parts) -> None:
    part = Members(value, where, _PART_10)
    kind = _only(part, _CONTENT_10)
    if kind == "text":
        found.text_bytes += len(part.string("text").encode())
    elif kind == "url":
        found.urls.append(part.string("url"))
    elif kind == "raw":
        part.string("raw")
    found.add(kind, part.string("mediaType"), part.string("filename"))


def _part_03(value: JsonValue, where: str, found: Parts) -> None:
    part = Members(value, where, _PART_03)
    content = _only(part, _CONTENT_03)
    if "kind" in part and part.string("kind") != content:
        raise WrongError(f"{where}.kind is not that of its content")
    if content != "file":
        if content == "text":
            found.text_bytes += len(part.string("text").encode())
        found.add(content, "", "")
        return
    file = part.inner("file", _FILE)
    source = _only(file, (*_BYTES, *_URIS))
    text = file.string(source)
    if source in _URIS:
        found.urls.append(text)
    found.add("url" if source in _URIS else "raw", file.string("mimeType"), file.string("name"))


def _only(part: Members, names: tuple[str, ...]) -> str:
    """The one of `names` that a part has. `data` may be null, which is a value of it."""
    present = [name for name in names if part.value(name) is not None]
    if not present and "data" in names and "data" in part:
        return "data"
    if len(present) != 1:
        raise WrongError(f"{part.where} must have exactly one of {', '.join(names)}")
    return present[0]
