"""The strings of a JSON value as passages, keys included. Pure: no I/O, no clock.

A protocol says with a `Shape` what the members of its objects are; whatever no shape knows is
collected all the same, since some server reads it. Nothing here raises, whatever the value is.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.model.jsonvalue import JsonValue
from gateway.model.passage import Part, Passage, Path, Place, Stage
from gateway.wire.bytestext import text_in
from gateway.wire.strictjson import MAX_VALUES, Document, decode

_TOKEN: Final = re.compile(r"[A-Za-z0-9_.:/+=*-]{0,64}")
"""What cannot be prose: ids, names of models, values of enumerations."""

_OPAQUE: Final = re.compile(r"[A-Za-z0-9+/=_-]*")
_INLINE: Final = "data:"
_LOOKED_AT: Final = 1_024
"""Characters of a medium that are looked at: what no decoder of base64 takes, no model sees."""

_NO_DATA: Final = 256
"""Characters up to which what looks like base64 may be an id or a path."""

_HOLDERS: Final = (str, dict, list)
"""What may hold a string."""

_ESCAPE: Final = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|(["\\/bfnrt]))')
_ESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

_TEXT_TYPES: Final = re.compile(
    r"text/[a-z0-9.+-]+|image/svg\+xml|application/(?:[a-z0-9.-]+\+)?"
    r"(?:json|xml|yaml|x-yaml|javascript|sql|toml)"
)


@dataclass(slots=True)
class Spot:
    """What is known of the strings at one place of a message, see `Passage`. Shared, so never
    changed; frozen it would take three times as long to make, and each member makes one."""

    part: Part
    channel: str
    name: str = ""
    item: int | None = None
    stage: Stage | None = None

    def at(self, key: str | int, part: Part | None = None, name: str | None = None) -> "Spot":
        """The spot below, of the member or element `key`, which the protocol defines."""
        return Spot(
            self.part if part is None else part,
            f"{self.channel}/{key}" if self.channel else str(key),
            self.name if name is None else name,
            self.item,
            self.stage,
        )

    def of(self, part: Part | None) -> "Spot":
        """The same spot; with `part` it is that."""
        if part is None or part is self.part:
            return self
        return Spot(part, self.channel, self.name, self.item, self.stage)

    def other(self) -> "Spot":
        """That of members which nobody knows."""
        return self if self.channel.endswith("other") else self.at("other", Part.METADATA)


class Collector:
    """Collects passages, by default of `stage`, in the order of the document."""

    __slots__ = ("_room", "_stage", "found")

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._room = MAX_VALUES
        self.found: list[Passage] = []

    def add(self, text: str, place: Place, spot: Spot) -> None:
        """One string; an empty one is no passage."""
        if text:
            stage = spot.stage or self._stage
            self.found.append(
                Passage(text, place, stage, spot.part, spot.channel, spot.item, spot.name)
            )

    def strings(self, value: JsonValue, path: Path, spot: Spot) -> None:
        """A string, or every string in a value of any shape, keys too."""
        if isinstance(value, str):
            self.add(value, Place(path), spot)
        else:
            self._tree(value, path, spot, None)

    def parsed(self, value: JsonValue, path: Path, spot: Spot) -> None:
        """A string that may be JSON: then every string in that, else itself; of one that is only
        for lenient readers JSON what its escapes say. All together hold no more than MAX_VALUES
        values."""
        inner = self._inner(value) if isinstance(value, str) else None
        if inner is None:
            self.strings(unescaped(value) if isinstance(value, str) else value, path, spot)
        else:
            self._tree(inner, (), spot, path)

    def blob(self, value: JsonValue, path: Path, spot: Spot, *, declared: bool = False) -> None:
        """A string that is base64: the text in UTF-8 that it holds; nothing of other bytes, unless
        they are `declared` to be text, which readers show whatever they are. What is no base64 is
        a string like others."""
        if not isinstance(value, str):
            self.strings(value, path, spot)
            return
        data = _decoded(value[_data_of(value) :])
        if data is None:
            self.add(value, Place(path), spot)
        elif (found := text_in(data, declared=declared)) is not None:
            self.add(found, Place(path, base64=True), spot)

    def shaped(self, value: JsonValue, path: Path, spot: Spot, shape: "Shape") -> None:
        """An object as `shape` says; every string of anything else."""
        if not isinstance(value, dict):
            self.strings(value, path, spot)
            return
        for key, one in value.items():
            rule = shape.get(key)
            if rule is None:
                self.unknown(key, one, path, spot)
            elif isinstance(one, _HOLDERS):
                rule(self, one, (*path, key), spot)

    def unknown(self, key: str, value: JsonValue, path: Path, spot: Spot) -> None:
        """A member that nobody knows, with its key."""
        other, here = spot.other(), (*path, key)
        self.add(key, Place(here, key=True), other)
        self.strings(value, here, other)

    def _inner(self, value: str) -> JsonValue:
        """The JSON that a string is, None where it is none that holds a string, or where the
        message had its share of values in strings."""
        if not _may_be_json(value):
            return None
        self._room -= value.count(",") + value.count("[") + value.count("{")
        if self._room < 0:
            return None
        data = value.encode("utf-8", "surrogatepass")
        document = decode(data, len(data))
        return document.value if isinstance(document, Document) else None

    def _tree(self, value: JsonValue, path: Path, spot: Spot, outer: Path | None) -> None:
        """Every string below `value`, in order. With `outer` that is where the JSON is that `path`
        leads into."""
        waiting: list[tuple[Path, JsonValue]] = [(path, value)]
        while waiting:
            at, one = waiting.pop()
            if isinstance(one, str):
                self.add(one, _place(at, outer, key=False), spot)
            elif isinstance(one, list):
                inner = [
                    ((*at, index), each)
                    for index, each in enumerate(one)
                    if isinstance(each, _HOLDERS)
                ]
                waiting += reversed(inner)
            elif isinstance(one, dict):
                for key in one:
                    self.add(key, _place((*at, key), outer, key=True), spot)
                inner = [((*at, key), each) for key, each in one.items()]
                waiting += reversed([pair for pair in inner if isinstance(pair[1], _HOLDERS)])


Rule: TypeAlias = Callable[[Collector, JsonValue, Path, Spot], None]
"""What becomes of a member or an element that may hold a string. The last step of the path names
it; the spot is that of the object or list that it is in."""

Shape: TypeAlias = Mapping[str, Rule]
"""The members that a protocol defines."""


def text(part: Part | None = None) -> Rule:
    """Every string is text; with `part` it is that."""

    def rule(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
        out.strings(value, path, spot.at(path[-1], part))

    return rule


def here(part: Part | None = None) -> Rule:
    """Text in the channel of the object that it is in."""

    def rule(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
        out.strings(value, path, spot.of(part))

    return rule


def parsed(part: Part) -> Rule:
    """A string that may be JSON."""

    def rule(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
        out.parsed(value, path, spot.at(path[-1], part))

    return rule


def inner(shape: Shape, part: Part | None = None) -> Rule:
    """An object of the protocol."""

    def rule(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
        out.shaped(value, path, spot.at(path[-1], part), shape)

    return rule


def merged(shape: Shape, part: Part | None = None) -> Rule:
    """An object of the protocol that adds nothing to the channel."""

    def rule(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
        out.shaped(value, path, spot.of(part), shape)

    return rule


def each(rule: Rule) -> Rule:
    """A list of which the elements are as `rule` says, each with its number in the channel;
    anything but a list is one such element."""

    def all_of(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
        if not isinstance(value, list):
            rule(out, value, path, spot)
            return
        within = spot.at(path[-1])
        for index, one in enumerate(value):
            if isinstance(one, _HOLDERS):
                rule(out, one, (*path, index), within)

    return all_of


def mapped(rule: Rule) -> Rule:
    """An object of which the keys are the author's own, which are text, and the values as `rule`
    says; anything but an object is text."""

    def all_of(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
        if not isinstance(value, dict):
            out.strings(value, path, spot)
            return
        for key, one in value.items():
            at = (*path, key)
            out.add(key, Place(at, key=True), spot)
            if isinstance(one, _HOLDERS):
                rule(out, one, at, spot)

    return all_of


def token(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """An id, the name of a model, a value of an enumeration, or a list of these: no passage where
    it cannot be prose (up to 64 characters without a space), else metadata."""
    if isinstance(value, str) and _TOKEN.fullmatch(value):
        return
    if isinstance(value, list):
        for index, one in enumerate(value):
            token(out, one, (*path, index), spot)
        return
    out.strings(value, path, spot.other())


def tokens(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A token, or an object of these and numbers whose keys are the protocol's."""
    if not isinstance(value, dict):
        token(out, value, path, spot)
        return
    for key, one in value.items():
        tokens(out, one, (*path, key), spot)


def medium(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """The bytes of an image, a recording or a file, or their URL, or an object with one of these: a
    URL is a passage, and bytes are where they are text."""
    if isinstance(value, dict):
        out.shaped(value, path, spot, _MEDIUM)
    elif isinstance(value, str) and (start := _data_of(value)):
        media_type = value[len(_INLINE) : start].partition(";")[0]
        out.blob(value, path, spot, declared=is_text_type(media_type))
    elif isinstance(value, str) and len(value) > _NO_DATA and opaque(value):
        out.blob(value, path, spot)
    else:
        out.strings(value, path, spot)


def sealed(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """What only its author can read (signatures, encrypted reasoning): no passage as long as it is
    in base64."""
    if isinstance(value, str) and _OPAQUE.fullmatch(value):
        return
    out.strings(value, path, spot.other())


def nothing(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """No passage, whatever it is; the shape that uses it says why."""


_MEDIUM: Final[Shape] = {
    "url": medium,
    "data": medium,
    "file_data": medium,
    "format": token,
    "detail": token,
    "file_id": token,
    "filename": here(),
    "name": here(),
}


def opaque(value: str) -> bool:
    """Whether a string begins as base64 does, in the standard or the URL-safe alphabet."""
    return _OPAQUE.fullmatch(value[:_LOOKED_AT]) is not None


def is_text_type(media_type: str) -> bool:
    """Whether a media type, with or without parameters, is one of text."""
    return _TEXT_TYPES.fullmatch(media_type.partition(";")[0].strip().lower()) is not None


def _data_of(value: str) -> int:
    """Where the base64 of a data: URL begins; 0 for any other string."""
    if value[: len(_INLINE)].lower() != _INLINE:
        return 0
    comma = value.find(",", 0, _LOOKED_AT)
    return comma + 1 if comma > 0 and value[:comma].lower().endswith(";base64") else 0


def _place(path: Path, outer: Path | None, *, key: bool) -> Place:
    return Place(path, key) if outer is None else Place(outer, key, path)


def unescaped(value: str) -> str:
    """What a string says that looks like JSON and is none: a lenient reader resolves its escapes
    all the same. Any other string is itself."""
    if "\\" not in value or not _may_be_json(value):
        return value
    said = _ESCAPE.sub(_resolved, value)
    return said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _may_be_json(value: str) -> bool:
    return value.lstrip(" \t\r\n").startswith(("{", "[", '"'))


def _resolved(escape: re.Match[str]) -> str:
    code, sign = escape[1], escape[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(sign, sign)


def _decoded(value: str) -> bytes | None:
    """The bytes of base64 in either alphabet, padded or not, in lines or not; None for anything
    else."""
    bare = "".join(value.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (Error, ValueError):
        return None
