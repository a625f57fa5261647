"""The list of models, reduced to what a caller may use. Pure: no I/O, no clock.

Items stay as the server wrote them. Of the document only `object` and `data` remain, the members
that the API has: servers repeat all names in others ("models" of llama.cpp, "first_id").
"""

from collections.abc import Mapping
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.protocols.base import Reading
from gateway.protocols.withheld import WithheldReader
from gateway.wire import jsonspans
from gateway.wire.jsonspans import Span
from gateway.wire.keyfold import ProtocolKeys
from gateway.wire.strictjson import Malformed, decode, dumps

METHOD: Final = "models/list"

_NO_LIST: Final = "the backend's list of models cannot be read"
_KEYS: Final = ProtocolKeys(("data", "error"))
_ITEM_KEYS: Final = ProtocolKeys(("id",))


class ListReader(WithheldReader):
    """A list of models. An alias is listed like the model that it stands for, if the caller may use
    it by that name."""

    too_large = "the list of models is too large to be read"

    def __init__(self, reading: Reading, aliases: Mapping[str, str]) -> None:
        super().__init__(reading)
        self._aliases = aliases

    def _whole(self, body: bytes) -> bytes:
        """The list without what the caller may not see; an error of the backend as it is."""
        document = decode(body, self._reading.limit)
        if isinstance(document, Malformed):
            return self._unreadable(_NO_LIST)
        value = document.value
        if not isinstance(value, dict) or _KEYS.mimicked(value) is not None:
            return self._unreadable(_NO_LIST)
        if "data" not in value and "error" in value:
            return b'{"error":%b}' % dumps(value["error"])
        items = value.get("data")
        if not isinstance(items, list):
            return self._unreadable(_NO_LIST)
        return self._list(document.text, items)

    def _list(self, text: str, items: list[JsonValue]) -> bytes:
        whole = jsonspans.members(text, jsonspans.root(text))["data"]
        spans = jsonspans.elements(text, whole)
        named = {
            name: span
            for item, span in zip(items, spans, strict=True)
            if isinstance(item, dict) and (name := _name(item)) is not None
        }
        shown = [text[at.start : at.end] for name, at in named.items() if self._shows(name)]
        self.filtered = len(items) - len(shown)
        shown += [
            _copy(text, named[target], alias)
            for alias, target in self._aliases.items()
            if target in named and alias not in named and self._shows(alias)
        ]
        return f'{{"object":"list","data":[{",".join(shown)}]}}'.encode()

    def _shows(self, name: str) -> bool:
        return self._reading.shows(METHOD, name)


def _name(item: JsonObject) -> str | None:
    """The model's name, if no reader can take another key for it."""
    name = item.get("id")
    return name if isinstance(name, str) and _ITEM_KEYS.mimicked(item) is None else None


def _copy(text: str, item: Span, name: str) -> str:
    """An item under another name."""
    at = jsonspans.members(text, item)["id"]
    return text[item.start : at.start] + dumps(name).decode("ascii") + text[at.end : item.end]
