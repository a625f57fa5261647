"""A call of MCP as Envoy's own filter envoy.filters.http.mcp would describe it. Pure: no I/O.

Envoy 1.40 puts that into dynamic metadata of the filter's name, for RBAC and others to read. Two
things differ: `params._meta` is content and left out, and a value over PARAM_LIMIT is left out with
`is_exceeding_limit`, as the filter does with what lies behind its own limit. An allow list of RBAC
then refuses the request. Like the filter this says nothing of GET, DELETE and batches.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.model.call import Call, Kind
from gateway.model.jsonvalue import JsonObject, JsonValue, RequestId

PARAM_LIMIT: Final = 1024
"""Characters of a parameter or an id that is told; longer ones are left out."""

ANSWER: Final = "__jsonrpc_response"
UNKNOWN: Final = "unknown"

_NAME: Final = (("name", ("name",)),)
_URI: Final = (("uri", ("uri",)),)
_TASK: Final = (("task_id", ("taskId",)),)
PARAMS: Final[Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]] = MappingProxyType(
    {
        "initialize": (
            ("protocol_version", ("protocolVersion",)),
            ("client_name", ("clientInfo", "name")),
        ),
        "tools/call": _NAME,
        "prompts/get": _NAME,
        "resources/read": _URI,
        "resources/subscribe": _URI,
        "resources/unsubscribe": _URI,
        "completion/complete": (
            ("ref_type", ("ref", "type")),
            ("ref_name", ("ref", "name")),
            ("ref_uri", ("ref", "uri")),
        ),
        "logging/setLevel": (("level", ("level",)),),
        "tasks/get": _TASK,
        "tasks/update": _TASK,
        "tasks/cancel": _TASK,
        "notifications/cancelled": (("request_id", ("requestId",)),),
        "notifications/progress": (
            ("progress_token", ("progressToken",)),
            ("progress", ("progress",)),
        ),
    }
)
"""What the filter takes from `params` by default: our attribute, and its path there."""

GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "initialize": "lifecycle",
        "notifications/initialized": "lifecycle",
        "ping": "lifecycle",
        "tools/call": "tool",
        "tools/list": "tool",
        "resources/read": "resource",
        "resources/list": "resource",
        "resources/subscribe": "resource",
        "resources/unsubscribe": "resource",
        "resources/templates/list": "resource",
        "prompts/get": "prompt",
        "prompts/list": "prompt",
        "logging/setLevel": "logging",
        "completion/complete": "completion",
        "server/discover": "discovery",
        "subscriptions/listen": "subscription",
        "tasks/get": "task",
        "tasks/cancel": "task",
        "tasks/update": "task",
    }
)
"""The filter's own groups; other notifications are "notification", the rest "unknown", among them
the methods of tasks that 2026-07-28 has not."""

_BODILESS: Final = frozenset({Kind.LISTEN, Kind.END})


def described(call: Call) -> JsonObject | None:
    """The filter's metadata of a message; None where it would have none."""
    if call.kind in _BODILESS:
        return None
    method = ANSWER if call.kind is Kind.ANSWER else call.method
    facts: JsonObject = {
        "jsonrpc": "2.0",
        "method": method,
        "is_mcp_request": True,
        "status": "mcp_ok",
        "group": group_of(method),
    }
    params, exceeds = _params(call)
    if params:
        facts["params"] = params
    if call.id is not None and not _too_long(call.id):
        facts["id"] = call.id if isinstance(call.id, str) else float(call.id)
    elif call.id is not None:
        exceeds = True
    if exceeds:
        facts["is_exceeding_limit"] = True
    return facts


def group_of(method: str) -> str:
    """The filter's group of a method."""
    other = "notification" if method.startswith("notifications/") else UNKNOWN
    return GROUPS.get(method, other)


def _params(call: Call) -> tuple[JsonObject, bool]:
    """What is told of the parameters, and whether something was too long."""
    params: JsonObject = {}
    exceeds = False
    for name, path in PARAMS.get(call.method, ()):
        value = call.attributes.get(name)
        if value is None:
            continue
        if isinstance(value, str) and len(value) > PARAM_LIMIT:
            exceeds = True
            continue
        _put(params, path, value)
    return params, exceeds


def _put(params: JsonObject, path: tuple[str, ...], value: JsonValue) -> None:
    *above, last = path
    for key in above:
        inner = params.setdefault(key, {})
        if isinstance(inner, dict):
            params = inner
    params[last] = value


def _too_long(ident: RequestId) -> bool:
    """Also of an integer that no double can come near."""
    return len(ident) > PARAM_LIMIT if isinstance(ident, str) else abs(ident) > 1 << 1000
