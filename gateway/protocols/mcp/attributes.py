"""What policy can know of each MCP method: the table, and how it is read. Pure: no I/O, no clock.

The table is the only place that says which method carries which attribute. Names are the fields
of message `Mcp` in protos/attributes.proto, paths lead from `params` to the value. Attributes of
every message (`method`, `protocol_version`) are not in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from gateway.model.jsonvalue import JsonMapping, JsonObject, JsonValue
from gateway.wire.keyfold import MAX_MEMBERS, ProtocolKeys, has_twins


class Type(Enum):
    """What a value must be; the text is for the caller."""

    STRING = "a string"
    STRINGS = "a list of strings"
    OBJECT = "an object"
    ARGUMENTS = f"an object of at most {MAX_MEMBERS} distinct names"  # without regard to case
    STRING_MAP = f"an object of strings with at most {MAX_MEMBERS} distinct names"
    TOKEN = "a string or an integer"  # noqa: S105  progress tokens and request ids
    NUMBER = "a number"
    BOOL = "true or false"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One value in `params`. An optional one may be absent or null, which is the same."""

    name: str
    path: tuple[str, ...]
    type: Type
    required: bool = False


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why `params` are refused. Never quotes a value."""

    message: str


PROTOCOL_VERSION_KEY: Final = "io.modelcontextprotocol/protocolVersion"
CLIENT_INFO_KEY: Final = "io.modelcontextprotocol/clientInfo"
CLIENT_CAPABILITIES_KEY: Final = "io.modelcontextprotocol/clientCapabilities"

_NAME: Final = Attribute("name", ("name",), Type.STRING, required=True)
_URI: Final = Attribute("uri", ("uri",), Type.STRING, required=True)
_TASK_ID: Final = Attribute("task_id", ("taskId",), Type.STRING, required=True)
_CURSOR: Final = (Attribute("cursor", ("cursor",), Type.STRING),)
_INPUT_RESPONSES: Final = Attribute("input_responses", ("inputResponses",), Type.OBJECT)
_RETRY: Final = (_INPUT_RESPONSES, Attribute("request_state", ("requestState",), Type.STRING))

REQUESTS: Final[Mapping[str, tuple[Attribute, ...]]] = MappingProxyType(
    {
        "initialize": (
            Attribute("protocol_version", ("protocolVersion",), Type.STRING, required=True),
            Attribute("client_name", ("clientInfo", "name"), Type.STRING),
            Attribute("client_version", ("clientInfo", "version"), Type.STRING),
            Attribute("capabilities", ("capabilities",), Type.OBJECT),
        ),
        "ping": (),
        "server/discover": (),
        "tools/list": _CURSOR,
        "tools/call": (
            _NAME,
            Attribute("arguments", ("arguments",), Type.ARGUMENTS),
            Attribute("task", ("task",), Type.OBJECT),
            *_RETRY,
        ),
        "prompts/list": _CURSOR,
        "prompts/get": (
            _NAME,
            Attribute("arguments", ("arguments",), Type.STRING_MAP),
            *_RETRY,
        ),
        "resources/list": _CURSOR,
        "resources/templates/list": _CURSOR,
        "resources/read": (_URI, *_RETRY),
        "resources/subscribe": (_URI,),
        "resources/unsubscribe": (_URI,),
        "completion/complete": (
            Attribute("ref_type", ("ref", "type"), Type.STRING, required=True),
            Attribute("ref_name", ("ref", "name"), Type.STRING),
            Attribute("ref_uri", ("ref", "uri"), Type.STRING),
            Attribute("argument_name", ("argument", "name"), Type.STRING, required=True),
            Attribute("argument_value", ("argument", "value"), Type.STRING, required=True),
            Attribute("context_arguments", ("context", "arguments"), Type.STRING_MAP),
        ),
        "logging/setLevel": (Attribute("level", ("level",), Type.STRING, required=True),),
        "tasks/list": _CURSOR,
        "tasks/get": (_TASK_ID,),
        "tasks/result": (_TASK_ID,),
        "tasks/cancel": (_TASK_ID,),
        "tasks/update": (_TASK_ID, _INPUT_RESPONSES),
        "subscriptions/listen": tuple(
            Attribute(name, ("notifications", key), kind)
            for name, key, kind in (
                ("tools_list_changed", "toolsListChanged", Type.BOOL),
                ("prompts_list_changed", "promptsListChanged", Type.BOOL),
                ("resources_list_changed", "resourcesListChanged", Type.BOOL),
                ("resource_subscriptions", "resourceSubscriptions", Type.STRINGS),
                ("task_ids", "taskIds", Type.STRINGS),
            )
        ),
    }
)
"""Requests that a client may send, over all revisions."""

NOTIFICATIONS: Final[Mapping[str, tuple[Attribute, ...]]] = MappingProxyType(
    {
        "notifications/initialized": (),
        "notifications/roots/list_changed": (),
        "notifications/tasks/status": (),
        "notifications/cancelled": (Attribute("request_id", ("requestId",), Type.TOKEN),),
        "notifications/progress": (
            Attribute("progress_token", ("progressToken",), Type.TOKEN, required=True),
            Attribute("progress", ("progress",), Type.NUMBER),
        ),
    }
)
"""Notifications that a client may send, over all revisions."""

EVERY_METHOD: Final = (
    Attribute("meta", ("_meta",), Type.OBJECT),
    Attribute("progress_token", ("_meta", "progressToken"), Type.TOKEN),
    Attribute("client_name", ("_meta", CLIENT_INFO_KEY, "name"), Type.STRING),
    Attribute("client_version", ("_meta", CLIENT_INFO_KEY, "version"), Type.STRING),
    Attribute("capabilities", ("_meta", CLIENT_CAPABILITIES_KEY), Type.OBJECT),
)
"""From `_meta`, of whatever method; a method's own attribute of the same name wins."""

_OTHER_META_KEYS: Final = (PROTOCOL_VERSION_KEY, "traceparent", "tracestate", "baggage")

Keys = Mapping[tuple[str, ...], ProtocolKeys]


def _protocol_keys(attributes: tuple[Attribute, ...]) -> Keys:
    """Per object on the way to an attribute, the keys that mean something in it.

    Objects below an attribute are the user's data, where a key such as "Name" is legitimate.
    """
    found: dict[tuple[str, ...], set[str]] = {("_meta",): set(_OTHER_META_KEYS)}
    for attribute in attributes:
        for depth, key in enumerate(attribute.path):
            found.setdefault(attribute.path[:depth], set()).add(key)
    return {path: ProtocolKeys(keys) for path, keys in found.items()}


_ROWS: Final = {
    method: (*EVERY_METHOD, *own) for method, own in (*REQUESTS.items(), *NOTIFICATIONS.items())
}
_KEYS: Final = {method: _protocol_keys(row) for method, row in _ROWS.items()}
_ANY_KEYS: Final = _protocol_keys(EVERY_METHOD)


def read(method: str, params: JsonObject) -> dict[str, JsonValue] | Wrong:
    """The attributes that `params` carry for `method`, with exactly their declared types.

    A method outside of the table has those of EVERY_METHOD only. Tokens become strings, numbers
    floats; an absent value has no entry.
    """
    for path, keys in _KEYS.get(method, _ANY_KEYS).items():
        members = _object_at(params, path)
        if len(members) > MAX_MEMBERS:
            return Wrong(f"params has an object of over {MAX_MEMBERS} members")
        if (key := keys.mimicked(members)) is not None:
            return Wrong(f'a key can be mistaken for "{key}"')
    found: dict[str, JsonValue] = {}
    for attribute in _ROWS.get(method, EVERY_METHOD):
        path = attribute.path
        value = params.get(path[0]) if len(path) == 1 else _value_at(params, path)
        if isinstance(value, Wrong):
            return value
        if value is not None:
            checked = _checked(attribute, value)
            if isinstance(checked, Wrong):
                return checked
            found[attribute.name] = checked
        elif attribute.required:
            return Wrong(f"params.{'.'.join(attribute.path)} is required")
    return found


def _object_at(params: JsonObject, path: tuple[str, ...]) -> JsonMapping:
    node: JsonValue = params
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def _value_at(params: JsonObject, path: tuple[str, ...]) -> "JsonValue | Wrong":
    node: JsonValue = params
    for depth, key in enumerate(path):
        if node is None:
            return None
        if not isinstance(node, dict):
            return Wrong(f"params.{'.'.join(path[:depth])} must be {Type.OBJECT.value}")
        node = node.get(key)
    return node


def _checked(attribute: Attribute, value: JsonValue) -> "JsonValue | Wrong":
    checked = _typed(attribute.type, value)
    if checked is None:
        return Wrong(f"params.{'.'.join(attribute.path)} must be {attribute.type.value}")
    return checked


def _typed(kind: Type, value: JsonValue) -> JsonValue:  # noqa: PLR0911  one line a type
    """`value` as the attribute's type, or None when it is not of it."""
    match kind:
        case Type.STRING:
            return value if isinstance(value, str) else None
        case Type.STRINGS:
            is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
            return value if is_list else None
        case Type.OBJECT:
            return value if isinstance(value, dict) else None
        case Type.ARGUMENTS:
            return value if isinstance(value, dict) and _has_distinct_names(value) else None
        case Type.STRING_MAP:
            return value if _is_string_map(value) else None
        case Type.TOKEN:
            is_token = isinstance(value, (str, int)) and not isinstance(value, bool)
            return str(value) if is_token else None
        case Type.NUMBER:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return None
            return float(value)
        case Type.BOOL:
            return value if isinstance(value, bool) else None


def _is_string_map(value: JsonValue) -> bool:
    if not isinstance(value, dict) or not _has_distinct_names(value):
        return False
    return all(isinstance(item, str) for item in value.values())


def _has_distinct_names(members: JsonMapping) -> bool:
    return len(members) <= MAX_MEMBERS and not has_twins(members)


def rows() -> Iterator[tuple[str, Attribute]]:
    """Every (method, attribute) pair, for the reference page and the check against the proto."""
    for method, row in _ROWS.items():
        for attribute in row:
            yield method, attribute
