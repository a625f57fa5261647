"""What tests say of passages."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, cast

from gateway.model.passage import Passage, Path, Place
from gateway.wire.jsonedit import edited
from gateway.wire.strictjson import Document, decode

NEW = "a new text"

PROSE = "two words"
"""What is a passage wherever it stands in a message, since no protocol means anything by it."""

SAID = Callable[[Any], Sequence[Passage]]


def channels(passages: Sequence[Passage]) -> list[tuple[str, str, str]]:
    """Text, channel and part of each, in order."""
    return [(one.text, one.channel, one.part.value) for one in passages]


def texts(passages: Sequence[Passage]) -> list[str]:
    """The text of each, in order."""
    return [one.text for one in passages]


def place_of(passages: Sequence[Passage], text: str) -> Place:
    """The place of the one passage with this text."""
    (place,) = [one.place for one in passages if one.text == text]
    return place


def replaced(value: Any, passages: Sequence[Passage], text: str, new: str = NEW) -> Any:
    """The value after the text was replaced in its JSON."""
    return json.loads(edited(json.dumps(value), {place_of(passages, text): new}))


def check_places(value: Any, said: SAID) -> None:
    """Every text of a document that the strict reader takes is where its place says, and nothing
    raises; a text that is replaced is found again where it was."""
    data = json.dumps(value).encode()
    document = decode(data, len(data))
    if not isinstance(document, Document):
        return
    found = said(document.value)
    assert found == said(document.value)
    for one in found[:: max(1, len(found) // 4)]:
        changed = json.loads(edited(document.text, {one.place: NEW}))
        if not one.place.key:
            assert NEW in texts(said(changed))
        assert changed != document.value


def check_prose(value: Any, said: SAID, left_out: Collection[str] = ()) -> None:
    """Every PROSE in a value has a passage, but below the members `left_out`."""
    seen: set[Path] = set()
    for one in said(value):
        if one.place.within is None and not one.place.key:
            seen.update((one.place.path, *one.place.rest))
    assert set(_prose(value, (), left_out)) <= seen


def _prose(value: Any, path: Path, left_out: Collection[str]) -> Iterator[Path]:
    if value == PROSE:
        yield path
    elif isinstance(value, list):
        for index, one in enumerate(cast("list[Any]", value)):
            yield from _prose(one, (*path, index), left_out)
    elif isinstance(value, dict):
        for key, one in cast("dict[str, Any]", value).items():
            if key not in left_out:
                yield from _prose(one, (*path, key), left_out)
