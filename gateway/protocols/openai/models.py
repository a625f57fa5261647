"""The list of models, reduced to what a caller may use. Pure: no I/O, no clock.

Items stay as the server wrote them. Of the document only `object` and `data` remain, the members
that the API has: servers repeat all names in others ("models" of llama.cpp, "first_id").
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from gateway.model.call import Call
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.refusal import Answer, Refusal
from gateway.model.unknown_model import unknown_model
from gateway.protocols.base import Reading, Settings
from gateway.protocols.withheld import WithheldReader
from gateway.wire import jsonspans
from gateway.wire.jsonspans import Span
from gateway.wire.keyfold import ProtocolKeys
from gateway.wire.strictjson import Malformed, decode, dumps

METHOD: Final = "models/list"
GET_METHOD: Final = "models/get"

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


Shows = Callable[[str, str], bool]
"""Whether a caller sees an item of a list: (list method, name)."""


def answered(call: Call, settings: Settings) -> Callable[[Shows], Answer | Refusal] | None:
    """The gateway's own answer to `call`, if it is about models and the route has pools of them."""
    names = served(settings)
    if not names or call.method not in {METHOD, GET_METHOD}:
        return None
    if call.method == METHOD:
        return partial(model_list, names)
    return partial(one_model, call.target or "", names)


def served(settings: Settings) -> tuple[str, ...]:
    """Every name by which a route's pools serve a model, aliases of them last."""
    aliases = [name for name, target in settings.aliases.items() if target in settings.models]
    return tuple(dict.fromkeys((*settings.models, *aliases)))


def model_list(names: tuple[str, ...], shows: Shows) -> Answer:
    """The list of those of `names` that the caller sees, in order."""
    shown = [name for name in names if shows(METHOD, name)]
    data: list[JsonValue] = [_model(name) for name in shown]
    return _answer({"object": "list", "data": data})


def one_model(name: str, names: tuple[str, ...], shows: Shows) -> Answer | Refusal:
    """The model `name`; the refusal of an unknown one where the caller does not see it."""
    visible = partial(shows, METHOD)
    if name in names and visible(name):
        return _answer(_model(name))
    return unknown_model(name, names, visible)


def _model(name: str) -> JsonObject:
    """A model object; when it was made is not known, and the API requires a number."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "gatehouse"}


def _answer(document: JsonObject) -> Answer:
    headers = (("content-type", "application/json"), ("cache-control", "no-store"))
    return Answer(200, headers, dumps(document))


def _name(item: JsonObject) -> str | None:
    """The model's name, if no reader can take another key for it."""
    name = item.get("id")
    return name if isinstance(name, str) and _ITEM_KEYS.mimicked(item) is None else None


def _copy(text: str, item: Span, name: str) -> str:
    """An item under another name."""
    at = jsonspans.members(text, item)["id"]
    return text[item.start : at.start] + dumps(name).decode("ascii") + text[at.end : item.end]
