"""What policy can know of a multipart form, by method. Pure: no I/O, no clock.

Values of a form are text; only the spelling that JSON has for a number or a bool is read, because
servers differ on every other ("1.", " 1", "True", "on").
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.protocols.openai.typed import KEYS, Members, WrongError
from gateway.wire.content import is_media_type
from gateway.wire.keyfold import fold
from gateway.wire.multipart import Part

_LIST: Final = "[]"
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_FILES: Final = frozenset(("file", "image", "mask", "markup"))
"""Fields that are files, in every form of the API; all others that are known are texts."""


def _text(text: str) -> JsonValue:
    return text


def _number(text: str) -> JsonValue:
    return json.loads(text) if _NUMBER.fullmatch(text) else text


def _boolean(text: str) -> JsonValue:
    return {"true": True, "false": False}.get(text, text)


_READ: Final[Mapping[str, Callable[[str], JsonValue]]] = MappingProxyType(
    {"n": _number, "temperature": _number, "stream": _boolean}
)

_METHODS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "images/edits": ("model", "n", "user", "size", "quality", "response_format"),
        "images/variations": ("model", "n", "user", "size", "response_format"),
        "audio/transcriptions": ("model", "stream", "temperature", "response_format"),
        "audio/translations": ("model", "temperature", "response_format"),
        "files/create": ("purpose",),
    }
)
_REQUIRED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "audio/transcriptions": "model",
        "audio/translations": "model",
        "files/create": "purpose",
    }
)


def attributes(method: str, body: bytes, parts: Sequence[Part]) -> JsonObject:
    """The attributes that a form carries; absent ones have no entry.

    Raises `WrongError` for a field that occurs twice without being a list, for a known field that
    is of another kind, and for a name that some server takes for that of a known field.
    """
    files = [part for part in parts if part.file_name is not None]
    texts = _texts(body, parts)
    typed: JsonObject = {
        key: _READ.get(key, _text)(value) for key, value in texts.items() if isinstance(value, str)
    }
    form = Members(typed)
    if method in _REQUIRED:
        form.required(_REQUIRED[method])
    return {
        **_plain(form, _METHODS[method]),
        "file_names": [part.file_name for part in files],
        "file_types": [part.content_type for part in files if part.content_type is not None],
        "file_bytes": sum(part.end - part.start for part in files),
        "body": texts,
    }


def _plain(form: Members, names: tuple[str, ...]) -> JsonObject:
    found: JsonObject = {}
    for name in names:
        value: JsonValue
        match name:
            case "model":
                value = form.model()
            case "n":
                value = form.integer(name) if form.get(name) is not None else 1
            case "temperature":
                value = form.number(name)
            case "stream":
                value = form.boolean(name)
            case _:
                value = form.string(name)
        if value is not None:
            found[name] = value
    return found


def _texts(body: bytes, parts: Sequence[Part]) -> JsonObject:
    """The text fields by name, those of lists ("x[]") as lists."""
    texts: JsonObject = {}
    seen: set[str] = set()
    for part in parts:
        _check_name(part, seen)
        seen.add(fold(part.name))
        if part.file_name is not None:
            continue
        text = _content(body, part)
        if part.name.endswith(_LIST):
            before = texts.setdefault(part.name, [])
            if isinstance(before, list):
                before.append(text)
        else:
            texts[part.name] = text
    return texts


def _check_name(part: Part, seen: set[str]) -> None:
    """A field occurs once, unless its name says that it is a list."""
    if fold(part.name) in seen and not part.name.endswith(_LIST):
        raise WrongError("a field of the form occurs twice")
    base = part.name.partition("[")[0].strip()
    is_file = base in _FILES
    if KEYS.mimicked([base]) is not None or (base != part.name and _is_single(base)):
        raise WrongError("the name of a field can be mistaken for another")
    if is_file and part.file_name is None:
        raise WrongError(f"{base} must be a file")
    if not is_file and part.file_name is not None and _is_single(base):
        raise WrongError(f"{base} must not be a file")


def _is_single(base: str) -> bool:
    """Whether the field is a plain one that policy sees."""
    return any(base in names for names in _METHODS.values())


def _content(body: bytes, part: Part) -> str:
    """The text of a plain field, in UTF-8 whatever it says of itself."""
    if part.content_type is not None and not is_media_type(part.content_type, "text/plain"):
        raise WrongError("a field of the form is not text in UTF-8")
    try:
        return body[part.start : part.end].decode("utf-8")
    except UnicodeDecodeError:
        raise WrongError("a field of the form is not text in UTF-8") from None
