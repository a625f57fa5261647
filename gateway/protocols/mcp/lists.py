"""Lists in responses, reduced to what a caller may use. Pure: no I/O, no clock.

A response is edited by position, so that schemas, order and numbers stay as the server sent them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from gateway.model.jsonvalue import JsonMapping, JsonObject, JsonValue
from gateway.wire import jsonspans
from gateway.wire.jsonspans import Span
from gateway.wire.keyfold import ProtocolKeys
from gateway.wire.strictjson import Document, Malformed, decode


@dataclass(frozen=True, slots=True)
class ListShape:
    """Where the result of `method` has its list, and what names an item in it."""

    method: str
    key: str
    item: str


LISTS: Final = {
    shape.method: shape
    for shape in (
        ListShape("tools/list", "tools", "name"),
        ListShape("prompts/list", "prompts", "name"),
        ListShape("resources/list", "resources", "uri"),
        ListShape("resources/templates/list", "resourceTemplates", "uriTemplate"),
    )
}
"""The methods whose results are filtered."""

_TOOLS: Final = "tools/list"

_RESPONSE_KEYS: Final = ProtocolKeys(("jsonrpc", "id", "method", "result", "error"))
_RESULT_KEYS: Final = ProtocolKeys(
    (*(shape.key for shape in LISTS.values()), "cacheScope", "ttlMs")
)

_ITEM_KEYS: Final = {shape.item: ProtocolKeys((shape.item,)) for shape in LISTS.values()}

_OTHERS: Final = MappingProxyType(
    {
        "content": list,  # tools/call, tasks/result
        "messages": list,  # prompts/get
        "contents": list,  # resources/read
        "completion": dict,
        "serverInfo": dict,  # initialize
        "task": dict,  # what a request that became a task is answered with
        "taskId": str,  # tasks/get, tasks/cancel
    }
)
"""What tells a result that is no list, by its member. tasks/list is not among them: its items are
not judged by rules, so a result of it passes only where the request for it was allowed."""

Keep = Callable[[str, str], bool]
"""Whether an item is shown, by the method that lists it and the item's name."""

Offered = Callable[[JsonMapping], bool]
"""Whether a tool is shown, by its whole definition."""

Asked = Callable[[JsonValue], str | None]
"""The method of the request that a message with this id answers, None if that is not known."""


class Unreadable(Enum):
    """Why a message cannot be judged; it must not be forwarded."""

    NOT_JSON = "the response is not strict JSON"
    AMBIGUOUS = "the response can be mistaken for another"
    NO_MESSAGE = "the response is not a JSON-RPC message"
    NO_LIST = "the result is not the list that was asked for"
    NO_SHAPE = "the result answers no known request and looks like none"


def filtered(
    data: bytes, limit: int, keep: Keep, asked: Asked, offered: Offered | None = None
) -> bytes | Unreadable | None:
    """`data`, a JSON-RPC message or a batch of them, without the items that `keep` refuses.

    A result whose request `asked` does not know (a replay without context) is judged by its shape,
    and unreadable if it has none that MCP knows. None comes back for what has nothing to leave
    out, such as errors and notifications. `offered` judges tools, after `keep`. Items without a
    name are left out: nothing could judge them. What is left depends on the caller, so `cacheScope`
    becomes "private".
    """
    document = decode(data, limit)
    if isinstance(document, Malformed):
        return Unreadable.NOT_JSON
    shorter = shortened(document, keep, asked, offered)
    return shorter.encode("utf-8") if isinstance(shorter, str) else shorter


def shortened(
    document: Document, keep: Keep, asked: Asked, offered: Offered | None = None
) -> str | Unreadable | None:
    """As `filtered`, of a document that is read already."""
    text = document.text
    edits: list[tuple[Span, str]] = []
    for message, span in _messages(text, document.value):
        found = _edits(text, message, span, _Filter(keep, offered), asked)
        if isinstance(found, Unreadable):
            return found
        edits += found
    return jsonspans.spliced(text, edits) if edits else None


@dataclass(frozen=True, slots=True)
class _Filter:
    """What decides of each item."""

    keep: Keep
    offered: Offered | None

    def shows(self, shape: ListShape, item: JsonValue) -> bool:
        name = _name(item, shape.item)
        if name is None or not isinstance(item, dict) or not self.keep(shape.method, name):
            return False
        return shape.method != _TOOLS or self.offered is None or self.offered(item)


def _messages(text: str, value: JsonValue) -> list[tuple[JsonValue, Span]]:
    whole = jsonspans.root(text)
    if isinstance(value, list):
        return list(zip(value, jsonspans.elements(text, whole), strict=True))
    return [(value, whole)]


def _edits(
    text: str, message: JsonValue, span: Span, keep: "_Filter", asked: Asked
) -> list[tuple[Span, str]] | Unreadable:
    if not isinstance(message, dict):
        return Unreadable.NO_MESSAGE
    asks_and_answers = "method" in message and ("result" in message or "error" in message)
    if asks_and_answers or _RESPONSE_KEYS.mimicked(message) is not None:
        return Unreadable.AMBIGUOUS
    if "result" not in message:
        return [] if "error" in message or "method" in message else Unreadable.NO_MESSAGE
    result = message["result"]
    shapes = _shapes(result, asked(message.get("id")))
    if isinstance(shapes, Unreadable) or not isinstance(result, dict):
        return shapes if isinstance(shapes, Unreadable) else []
    if not shapes:
        return []
    at = jsonspans.members(text, span)["result"]
    members = jsonspans.members(text, at)
    edits = [_kept(text, result, members[shape.key], shape, keep) for shape in shapes]
    return edits + _private(result, at, members)


def _shapes(result: JsonValue, method: str | None) -> list[ListShape] | Unreadable:
    """The lists in `result` that are to be filtered."""
    if method is not None and method not in LISTS:
        return []
    if not isinstance(result, dict):
        return Unreadable.NO_SHAPE if method is None else Unreadable.NO_LIST
    if _RESULT_KEYS.mimicked(result) is not None:
        return Unreadable.AMBIGUOUS
    if method is not None and not isinstance(result.get(LISTS[method].key), list):
        return Unreadable.NO_LIST
    shapes = [shape for shape in LISTS.values() if isinstance(result.get(shape.key), list)]
    return shapes if shapes or _is_no_list(result) else Unreadable.NO_SHAPE


def _is_no_list(result: JsonObject) -> bool:
    """Whether a result is one of MCP's that hold no list: one of `_OTHERS`, or an empty one."""
    empty = result.keys() <= {"_meta"}
    return empty or any(isinstance(result.get(key), kind) for key, kind in _OTHERS.items())


def _kept(
    text: str, result: JsonObject, at: Span, shape: ListShape, keep: "_Filter"
) -> tuple[Span, str]:
    items = result[shape.key]
    kept: list[str] = []
    for item, span in zip(
        items if isinstance(items, list) else (), jsonspans.elements(text, at), strict=True
    ):
        if keep.shows(shape, item):
            kept.append(text[span.start : span.end])
    return at, f"[{','.join(kept)}]"


def _name(item: JsonValue, key: str) -> str | None:
    """The item's name, if no reader can take another key for it."""
    if not isinstance(item, dict) or _ITEM_KEYS[key].mimicked(item) is not None:
        return None
    name = item.get(key)
    return name if isinstance(name, str) else None


def _private(result: JsonObject, at: Span, members: dict[str, Span]) -> list[tuple[Span, str]]:
    """2026-07-28 caching: a "public" list may be shared between users, a filtered one may not."""
    if "cacheScope" in result:
        return [(members["cacheScope"], '"private"')]
    if "ttlMs" in result:
        return [(Span(at.start + 1, at.start + 1), '"cacheScope":"private",')]
    return []
