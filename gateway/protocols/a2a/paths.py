"""What a REST request asks for, by method and path. Pure: no I/O, no clock.

Source: A2A 1.0, section 11.3, with the optional tenant before each path; A2A 0.3, section 7, with
"/v1" before each. Of paths that routers read differently (case, a tenant named like a resource)
only those are served that none can read as something else.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple

from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a.operation import (
    CARD,
    CREATE_PUSH,
    DELETE_PUSH,
    EXTENDED_CARD,
    GET_PUSH,
    LIST_PUSH,
    SEND,
    STREAM,
    SUBSCRIBE,
    V03,
    V10,
    Operation,
)

CARD_PATHS: Final = frozenset({(".well-known", "agent-card.json"), (".well-known", "agent.json")})
_V1: Final = "v1"
_PUSH: Final = "pushNotificationConfigs"
_RESERVED: Final = frozenset(
    {_V1, "tasks", "message:send", "message:stream", "card", "extendedagentcard", ".well-known"}
)
"""First segments that are no tenants, in any case."""

_VERBS: Final = ("cancel", "subscribe")


class _Resource(Enum):
    """What a path below the prefix names."""

    MESSAGE = "message"
    MESSAGE_STREAM = "stream"
    TASKS = "tasks"
    TASK = "task"
    TASK_CANCEL = "cancel"
    TASK_STREAM = "subscribe"
    PUSH_CONFIGS = "configurations"
    PUSH_CONFIG = "configuration"
    CARD = "card"
    EXTENDED_CARD = "extended card"


_METHODS: Final[Mapping[_Resource, Mapping[str, str]]] = {
    _Resource.MESSAGE: {"POST": SEND},
    _Resource.MESSAGE_STREAM: {"POST": STREAM},
    _Resource.TASKS: {"GET": "ListTasks"},
    _Resource.TASK: {"GET": "GetTask"},
    _Resource.TASK_CANCEL: {"POST": "CancelTask"},
    _Resource.TASK_STREAM: {"GET": SUBSCRIBE, "POST": SUBSCRIBE},
    _Resource.PUSH_CONFIGS: {"POST": CREATE_PUSH, "GET": LIST_PUSH},
    _Resource.PUSH_CONFIG: {"GET": GET_PUSH, "DELETE": DELETE_PUSH},
    _Resource.CARD: {"GET": CARD},
    _Resource.EXTENDED_CARD: {"GET": EXTENDED_CARD},
}
"""The operation for each HTTP method on a resource."""


class _Found(NamedTuple):
    resource: _Resource
    task_id: str = ""
    config_id: str = ""


_FIXED: Final[Mapping[str, Mapping[str, _Resource]]] = {
    V03: {
        "message:send": _Resource.MESSAGE,
        "message:stream": _Resource.MESSAGE_STREAM,
        "card": _Resource.EXTENDED_CARD,
    },
    V10: {
        "message:send": _Resource.MESSAGE,
        "message:stream": _Resource.MESSAGE_STREAM,
        "tasks": _Resource.TASKS,
        "extendedAgentCard": _Resource.EXTENDED_CARD,
    },
}


def operation_of(method: str, parts: tuple[str, ...], version: str) -> Operation | Refusal:
    """The operation of an HTTP method on the decoded segments `parts` below the agent's URL."""
    if parts in CARD_PATHS:
        return _operation(method, _Found(_Resource.CARD), version, "")
    speaks = V03 if parts[0] == _V1 else V10
    tenant = ""
    below = parts[1:] if speaks == V03 else parts
    found = _found(below, speaks)
    if found is None and speaks == V10 and parts[0].casefold() not in _RESERVED:
        tenant, found = parts[0], _found(parts[1:], V10)
    if found is None:
        return Refusal(Reason.UNKNOWN_METHOD, "A2A has no such path")
    if speaks != version:
        return Refusal(Reason.UNSUPPORTED_VERSION, f"this path is of A2A {speaks}")
    return _operation(method, found, version, tenant)


def _operation(method: str, found: _Found, version: str, tenant: str) -> Operation | Refusal:
    methods = _METHODS[found.resource]
    name = methods.get(method)
    if name is None:
        allow = (("allow", ", ".join(methods)),)
        return Refusal(Reason.METHOD_NOT_ALLOWED, "not a method of this path", headers=allow)
    return Operation(name, version, tenant, found.task_id, found.config_id)


def _found(parts: tuple[str, ...], version: str) -> _Found | None:
    if len(parts) == 1:
        fixed = _FIXED[version].get(parts[0])
        return None if fixed is None else _Found(fixed)
    if len(parts) < 2 or parts[0] != "tasks":
        return None
    if len(parts) == 2:
        return _task(parts[1])
    if parts[2] != _PUSH or len(parts) > 4:
        return None
    if len(parts) == 3:
        return _Found(_Resource.PUSH_CONFIGS, parts[1])
    return _Found(_Resource.PUSH_CONFIG, parts[1], parts[3])


def _task(segment: str) -> _Found | None:
    """A task, or with ":cancel" and ":subscribe" what is done to it."""
    ident, colon, verb = segment.rpartition(":")
    if not colon or verb.casefold() not in _VERBS:
        return _Found(_Resource.TASK, segment)
    if verb not in _VERBS or not ident:
        return None
    return _Found(_Resource.TASK_CANCEL if verb == "cancel" else _Resource.TASK_STREAM, ident)
