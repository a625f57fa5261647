"""A JSON text with some of its strings replaced, by their places. Pure: no I/O, no clock.

Every other byte stays: numbers are not rounded, order and white space are kept. The text is walked
once, whatever the number of changes, and only what lies on the way to one is looked into.
"""

import json
from base64 import b64encode
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.model.passage import Path, Place
from gateway.model.refusal import Reason, Refusal
from gateway.wire.content import Plain
from gateway.wire.jsonspans import Span, spliced
from gateway.wire.strictjson import Document, Malformed, decode

_SPELL: Final = json.JSONEncoder(ensure_ascii=False)
_SCAN: Final = json.JSONDecoder()
_SPACE: Final = " \t\r\n"
_INLINE: Final = "data:"


def edited(text: str, changes: Mapping[Place, str], dropped: Collection[Path] = ()) -> str:
    """`text` with the string at each place of `changes` replaced, and without the elements of lists
    at the paths `dropped`.

    The text must have passed `strictjson.decode`. JSON within a string stays JSON. A new key that
    its object has already gets a number ("[EMAIL_ADDRESS] 2"), so that no key occurs twice.
    ValueError for a place that the text does not have: what was to be replaced must not go on.
    """
    root = _tree(changes, dropped)
    walk = _Walk(text)
    walk.value(_after_space(text, 0), root)
    if walk.left_out or root.dropped or not root.is_done():
        raise ValueError("a place is not in the document")
    return spliced(text, walk.edits)


def edited_body(document: Document, changes: Mapping[Place, str]) -> Plain | Refusal:
    """The body of a request with other texts, to be read anew: nothing that its head says of coding
    or digests is true of it."""
    try:
        return Plain(edited(document.text, changes).encode("utf-8"), inflated=True)
    except ValueError:
        return Refusal(Reason.OWN_FAULT, "a text could not be replaced")


@dataclass(slots=True)
class _Node:
    """What is to be done below one path. `value` is the new text of the string here, `key` that of
    its key, `within` the changes in the JSON that the string is."""

    below: "dict[str | int, _Node] | None" = None
    value: str | None = None
    base64: bool = False
    key: str | None = None
    within: dict[Place, str] | None = None
    dropped: bool = False
    done: bool = False

    def is_done(self) -> bool:
        """Whether this and all below was found; what is dropped takes all below with it."""
        waiting: list[_Node] = [self]
        while waiting:
            node = waiting.pop()
            if not node.done:
                return False
            if node.below and not node.dropped:
                waiting += node.below.values()
        return True


def _tree(changes: Mapping[Place, str], dropped: Collection[Path]) -> _Node:
    root = _Node()
    for place, text in changes.items():
        _enter(_at(root, place.path), place, text)
        for path in place.rest:
            _enter(_at(root, path), Place(path), "")
    for path in dropped:
        _at(root, path).dropped = True
    return root


def _at(root: _Node, path: Path) -> _Node:
    node = root
    for step in path:
        if node.below is None:
            node.below = {}
        inner = node.below.get(step)
        if inner is None:
            inner = node.below[step] = _Node()
        node = inner
    return node


def _enter(node: _Node, place: Place, text: str) -> None:
    if place.within is not None:
        within: dict[Place, str] = {} if node.within is None else node.within
        within[Place(place.within, place.key)] = text
        node.within = within
    elif place.key:
        node.key = text
    else:
        node.value, node.base64 = text, place.base64


class _Walk:
    """One walk over `text`. `edits` are what was found to change; `left_out` tells that something
    was not where it should be."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.edits: list[tuple[Span, str]] = []
        self.left_out = False

    def value(self, start: int, node: _Node) -> int:
        """The end of the value at `start`, of which `node` tells what is to be done."""
        node.done = True
        if node.value is not None or node.within is not None:
            return self._string(start, node)
        if node.below and self._text[start] == "{":
            return self._object(start, node.below)
        if node.below and self._text[start] == "[":
            return self._array(start, node.below)
        return self._skipped(start)

    def _skipped(self, start: int) -> int:
        return _SCAN.raw_decode(self._text, start)[1]

    def _string(self, start: int, node: _Node) -> int:
        old, end = _SCAN.raw_decode(self._text, start)
        new = _new_text(old, node) if isinstance(old, str) and not node.below else None
        if new is None:
            self.left_out = True
        else:
            self.edits.append((Span(start, end), _SPELL.encode(new)))
        return end

    def _object(self, start: int, below: dict[str | int, _Node]) -> int:
        text = self._text
        at = _after_space(text, start + 1)
        keys: list[tuple[str, Span, str | None]] = []
        while text[at] != "}":
            key, end = _SCAN.raw_decode(text, at)
            child = below.get(key)
            keys.append((key, Span(at, end), None if child is None else child.key))
            value = _after_space(text, _after_space(text, end) + 1)  # past the colon
            at = self._skipped(value) if child is None else self.value(value, child)
            if child is not None and child.dropped:
                self.left_out = True  # only elements of lists are left out
            at = _next(text, at)
        self.edits += _renamed(keys)
        return at + 1

    def _array(self, start: int, below: dict[str | int, _Node]) -> int:
        text = self._text
        at = _after_space(text, start + 1)
        index = 0
        kept: int | None = None  # where the last element that stays ends
        while text[at] != "]":
            child = below.get(index)
            if child is None or not child.dropped:
                kept = end = self._skipped(at) if child is None else self.value(at, child)
                at = _next(text, end)
            else:
                child.done = True
                end = self._skipped(at)
                follower = _next(text, end)
                cut = Span(at, follower if text[follower] != "]" else end)
                self.edits.append((cut if kept is None else Span(kept, end), ""))
                kept, at = (None if kept is None else end), follower
            index += 1
        return at + 1


def _new_text(old: str, node: _Node) -> str | None:
    if node.within is not None:
        inner = None if node.value is not None else old
        if inner is None or isinstance(_document(inner), Malformed):
            return None
        return edited(inner, node.within)
    new = node.value or ""
    if not node.base64:
        return new
    prefix = old[: old.find(",") + 1] if old[: len(_INLINE)].lower() == _INLINE else ""
    return prefix + b64encode(new.encode("utf-8")).decode("ascii")


def _document(text: str) -> Document | Malformed:
    data = text.encode("utf-8")
    return decode(data, len(data))


def _renamed(keys: list[tuple[str, Span, str | None]]) -> Iterator[tuple[Span, str]]:
    """The edits of the keys of one object, each of which stays different from all others."""
    if all(new is None for _, _, new in keys):
        return
    taken = {key for key, _, new in keys if new is None}
    numbers: dict[str, int] = {}
    for _, span, new in keys:
        if new is None:
            continue
        unique = new
        while unique in taken:
            numbers[new] = numbers.get(new, 1) + 1
            unique = f"{new} {numbers[new]}"
        taken.add(unique)
        yield span, _SPELL.encode(unique)


def _after_space(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


def _next(text: str, at: int) -> int:
    """Past white space and one comma, at the next member or the closing bracket."""
    at = _after_space(text, at)
    return _after_space(text, at + 1) if text[at] == "," else at
