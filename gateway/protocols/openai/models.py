"""The list of models, reduced to what a caller may use. Pure: no I/O, no clock.

Items stay as the server wrote them. Of the document only `object` and `data` remain, the members
that the API has: servers repeat all names in others ("models" of llama.cpp, "first_id").
"""

from collections.abc import Mapping
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.refusal import Reason
from gateway.protocols.base import Reading
from gateway.wire import jsonspans
from gateway.wire.jsonspans import Span
from gateway.wire.keyfold import ProtocolKeys
from gateway.wire.strictjson import Malformed, decode, dumps

METHOD: Final = "models/list"

_TOO_LARGE: Final = "the list of models is too large to be read"
_NO_LIST: Final = "the backend's list of models cannot be read"
_KEYS: Final = ProtocolKeys(("data", "error"))
_ITEM_KEYS: Final = ProtocolKeys(("id",))


class ListReader:
    """A list of models, withheld until it is whole. An alias is listed like the model that it
    stands for, if the caller may use it by that name."""

    def __init__(self, reading: Reading, aliases: Mapping[str, str]) -> None:
        self._reading = reading
        self._aliases = aliases
        self._pieces: list[bytes] = []
        self._size = 0
        self.filtered = 0
        self.broken = False

    @property
    def usage(self) -> None:
        """A list costs nothing."""
        return

    def feed(self, data: bytes) -> bytes:
        """Withhold a piece; the error once the limit is passed."""
        if self.broken:
            return b""
        self._size += len(data)
        if self._size > self._reading.limit:
            return self.break_off(Reason.NO_ENDPOINT, _TOO_LARGE)
        self._pieces.append(data)
        return b""

    def finish(self) -> bytes:
        """The list without what the caller may not see; an error of the backend as it is."""
        if self.broken or not self._size:
            return b""
        body = b"".join(self._pieces)
        document = decode(body, self._reading.limit)
        if isinstance(document, Malformed):
            return self.break_off(Reason.NO_ENDPOINT, _NO_LIST)
        value = document.value
        if not isinstance(value, dict) or _KEYS.mimicked(value) is not None:
            return self.break_off(Reason.NO_ENDPOINT, _NO_LIST)
        if "data" not in value and "error" in value:
            return b'{"error":%b}' % dumps(value["error"])
        items = value.get("data")
        if not isinstance(items, list):
            return self.break_off(Reason.NO_ENDPOINT, _NO_LIST)
        return self._list(document.text, items)

    def break_off(self, reason: Reason, why: str) -> bytes:
        """An error in place of the list."""
        self.broken = True
        self._pieces.clear()
        return self._reading.error(reason, why)

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
