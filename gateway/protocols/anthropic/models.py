"""The list of models, reduced to those that a caller may use. Pure: no I/O, no clock.

The list is edited by position, so that everything else stays as the server sent it. Its page must
not name models that are left out: `first_id` and `last_id`, by which a client asks for the pages
around, become those of the first and last model that is shown. A page that shows none has nothing
to go on from, so it says that there is no more. An alias is listed, behind them, like the model
that it stands for, if the caller may use it by that name; no server knows a page by it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.wire import jsonspans
from gateway.wire.jsonspans import Span
from gateway.wire.keyfold import ProtocolKeys
from gateway.wire.strictjson import Document, Malformed, decode, dumps

_PAGE: Final = ProtocolKeys(("data", "first_id", "last_id", "has_more", "type", "error"))
_MODEL: Final = ProtocolKeys(("id",))

Keep = Callable[[str], bool]
"""Whether a model is shown."""


class Unreadable(Enum):
    """Why an answer cannot be judged; it must not be forwarded."""

    NOT_JSON = "the response is not strict JSON"
    AMBIGUOUS = "the response has a key that can be mistaken for another"
    NO_LIST = "the response is no list of models"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the caller gets, and how many models were left out."""

    body: bytes
    dropped: int = 0


def filtered(data: bytes, limit: int, keep: Keep, aliases: Mapping[str, str]) -> Shown | Unreadable:
    """`data`, a page of models, without those that `keep` refuses and with the aliases that it
    lets; at most `limit` bytes are read.

    What has nothing to change stays as it is, errors included. A model without an id is left out:
    nothing could judge it.
    """
    document = decode(data, limit)
    if isinstance(document, Malformed):
        return Unreadable.NOT_JSON
    page = document.value
    if not isinstance(page, dict):
        return Unreadable.NO_LIST
    if _PAGE.mimicked(page) is not None:
        return Unreadable.AMBIGUOUS
    if _is_error(page):
        return Shown(data)
    models = page.get("data")
    if not isinstance(models, list):
        return Unreadable.NO_LIST
    return _shown(document, page, models, keep, aliases)


def _is_error(page: JsonObject) -> bool:
    return page.get("type") == "error" and "data" not in page


def _shown(
    document: Document,
    page: JsonObject,
    models: list[JsonValue],
    keep: Keep,
    aliases: Mapping[str, str],
) -> Shown:
    text = document.text
    members = jsonspans.members(text, jsonspans.root(text))
    named = list(zip(map(_name, models), jsonspans.elements(text, members["data"]), strict=True))
    shown = [(name, span) for name, span in named if name is not None and keep(name)]
    copies = _copies(text, {name: span for name, span in named if name is not None}, keep, aliases)
    edits: list[tuple[Span, str]] = []
    if copies or len(shown) < len(named):
        kept = (text[span.start : span.end] for _, span in shown)
        edits.append((members["data"], f"[{','.join((*kept, *copies))}]"))
    ids = [name for name, _ in shown] or [None]
    wanted: dict[str, JsonValue] = {"first_id": ids[0], "last_id": ids[-1]}
    if not shown:
        wanted["has_more"] = False
    edits += [
        (members[key], dumps(value).decode("ascii"))
        for key, value in wanted.items()
        if key in page and page[key] != value
    ]
    return Shown(jsonspans.spliced(text, edits).encode("utf-8"), len(named) - len(shown))


def _copies(
    text: str, named: Mapping[str, Span], keep: Keep, aliases: Mapping[str, str]
) -> list[str]:
    """The models of the page that have an alias which is shown, under that name."""
    return [
        _renamed(text, named[target], alias)
        for alias, target in aliases.items()
        if target in named and alias not in named and keep(alias)
    ]


def _renamed(text: str, model: Span, name: str) -> str:
    at = jsonspans.members(text, model)["id"]
    spelt = dumps(name).decode("ascii")
    return text[model.start : at.start] + spelt + text[at.end : model.end]


def _name(model: JsonValue) -> str | None:
    """The model's id, if no reader can take another key for it."""
    if not isinstance(model, dict) or _MODEL.mimicked(model) is not None:
        return None
    name = model.get("id")
    return name if isinstance(name, str) else None
