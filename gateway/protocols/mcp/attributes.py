"""What policy can know of each MCP method: the table. Pure: no I/O, no clock.

The table is the only place that says which method carries which attribute. Names are the fields
of message `Mcp` in protos/attributes.proto, paths lead from `params` to the value. Attributes of
every message (`method`, `protocol_version`) are not in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from gateway.wire.keyfold import MAX_MEMBERS


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

ROWS: Final[Mapping[str, tuple[Attribute, ...]]] = MappingProxyType(
    {method: (*EVERY_METHOD, *own) for method, own in (*REQUESTS.items(), *NOTIFICATIONS.items())}
)
"""Every attribute of each method; of two with the same name the later one counts."""


def rows() -> Iterator[tuple[str, Attribute]]:
    """Every (method, attribute) pair, for the reference page and the check against the proto."""
    for method, row in ROWS.items():
        for attribute in row:
            yield method, attribute
