"""The parameters of each operation as attributes. Pure: no I/O, no clock.

JSON of 0.3 has two forms: that of JSON-RPC, and ProtoJSON of REST, where `parts` is `content` and
names are resources such as "tasks/ID". Both are read wherever 0.3 is spoken, and never both at
once in one object. gRPC messages come here as the ProtoJSON of their version.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.protocols.a2a.members import Keys, Members, WrongError
from gateway.protocols.a2a.operation import (
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
)
from gateway.protocols.a2a.parts import Parts, read_parts

ROLES: Final = ("ROLE_UNSPECIFIED", "ROLE_USER", "ROLE_AGENT")
STATES: Final = (
    "TASK_STATE_UNSPECIFIED",
    "TASK_STATE_SUBMITTED",
    "TASK_STATE_WORKING",
    "TASK_STATE_COMPLETED",
    "TASK_STATE_FAILED",
    "TASK_STATE_CANCELED",
    "TASK_STATE_INPUT_REQUIRED",
    "TASK_STATE_REJECTED",
    "TASK_STATE_AUTH_REQUIRED",
)
"""Enumerations of a2a.proto in the order of their numbers."""

_PUSH_NAMES: Final = ("taskPushNotificationConfig", "pushNotificationConfig", "pushNotification")
_SEND: Final = Keys("tenant", "message", "configuration", "metadata", never=("request",))
_CONFIGURATION: Final = Keys(
    "acceptedOutputModes", "historyLength", "returnImmediately", "blocking", *_PUSH_NAMES
)
_MESSAGE: Final = Keys(
    "messageId",
    "contextId",
    "taskId",
    "role",
    "parts",
    "content",
    "metadata",
    "extensions",
    "referenceTaskIds",
)
_PUSH: Final = Keys("tenant", "id", "taskId", "url", "token", "authentication")
_TASK: Final = Keys(
    "tenant", "id", "taskId", "historyLength", "metadata", "pushNotificationConfigId", "name"
)
_LIST: Final = Keys(
    "tenant",
    "contextId",
    "status",
    "pageSize",
    "pageToken",
    "historyLength",
    "statusTimestampAfter",
    "includeArtifacts",
)
_CREATE_03: Final = Keys(
    "tenant", "taskId", "pushNotificationConfig", "parent", "configId", "config", "name"
)
_CONFIG_03: Final = Keys("name", "pushNotificationConfig")
_TENANT: Final = Keys("tenant")
_PARENT: Final = re.compile(r"tasks/([^/]+)(?:/pushNotificationConfigs(?:/([^/]+))?)?")

Attributes = dict[str, JsonValue]


def attributes_of(method: str, version: str, params: JsonValue) -> Attributes:
    """The attributes that `params` carry; raises WrongError. An empty or absent value has no
    entry. `tenant` is among them where params have one."""
    return {
        name: value
        for name, value in _READERS[version][method](params).items()
        if value not in (None, "", [])
    }


def _send(params: JsonValue, version: str) -> Attributes:
    whole = Members(params, "params", _SEND)
    message = whole.inner("message", _MESSAGE)
    value = whole.object("message")
    if not value:
        raise WrongError("params.message is required")
    role = message.choice("role", ROLES, ("user", "agent") if version == V03 else ())
    return {
        "tenant": whole.string("tenant"),
        "message": value,
        "metadata": whole.object("metadata"),
        "task_id": message.string("taskId"),
        "context_id": message.string("contextId"),
        "message_id": message.string("messageId"),
        "role": role.removeprefix("ROLE_").lower(),
        "reference_task_ids": list[JsonValue](message.strings("referenceTaskIds")),
        **_parts(message, version),
        **_configuration(whole.inner("configuration", _CONFIGURATION)),
    }


def _parts(message: Members, version: str) -> Attributes:
    name = "content" if version == V03 and "content" in message else "parts"
    if "content" in message and ("parts" in message or version == V10):
        raise WrongError(f"{message.where} has both parts and content")
    found: Parts = read_parts(message.items(name), version, f"{message.where}.{name}")
    return {
        "text_bytes": found.text_bytes,
        "part_types": list[JsonValue](found.types),
        "media_types": list[JsonValue](found.media_types),
        "file_names": list[JsonValue](found.file_names),
        "urls": list[JsonValue](found.urls),
    }


def _configuration(configuration: Members) -> Attributes:
    urls = [configuration.inner(name, _PUSH).string("url") for name in _PUSH_NAMES]
    blocking = configuration.boolean("blocking")
    at_once = configuration.boolean("returnImmediately")
    if blocking is not None and at_once is None:
        at_once = not blocking
    elif blocking is not None and blocking is at_once:
        raise WrongError(f"{configuration.where} asks for an answer at once and for waiting")
    return {
        "output_modes": list[JsonValue](configuration.strings("acceptedOutputModes")),
        "history_length": configuration.integer("historyLength"),
        "return_immediately": at_once,
        "push_urls": [url for url in urls if url],
    }


def _get_task(params: JsonValue) -> Attributes:
    task = Members(params, "params", _TASK)
    return {**_task(task), "history_length": task.integer("historyLength")}


def _cancel_task(params: JsonValue) -> Attributes:
    task = Members(params, "params", _TASK)
    return {**_task(task), "metadata": task.object("metadata")}


def _subscribe(params: JsonValue) -> Attributes:
    return _task(Members(params, "params", _TASK))


def _task(task: Members) -> Attributes:
    """The task by its id, of 0.3's ProtoJSON by its name."""
    ident = task.string("id")
    if name := task.string("name"):
        named, config = _named(name, f"{task.where}.name")
        if config:
            raise WrongError(f"{task.where}.name is not that of a task")
        ident = _agreed(ident, named)
    if not ident:
        raise WrongError(f"{task.where}.id is required")
    return {"tenant": task.string("tenant"), "task_id": ident}


def _list_tasks(params: JsonValue) -> Attributes:
    wanted = Members(params, "params", _LIST)
    return {
        "tenant": wanted.string("tenant"),
        "context_id": wanted.string("contextId"),
        "status": wanted.choice("status", STATES),
        "history_length": wanted.integer("historyLength"),
    }


def _create_push_10(params: JsonValue) -> Attributes:
    config = Members(params, "params", _PUSH)
    return {
        "tenant": config.string("tenant"),
        "task_id": config.string("taskId", required=True),
        "push_config_id": config.string("id"),
        "push_urls": [url for url in [config.string("url")] if url],
    }


def _create_push_03(params: JsonValue) -> Attributes:
    """{taskId, pushNotificationConfig}, or in ProtoJSON {parent, configId, config}, or its config
    alone."""
    whole = Members(params, "params", _CREATE_03)
    outer = whole.inner("config", _CONFIG_03)
    task, ident = whole.string("taskId"), whole.string("configId")
    for name in (whole.string("parent"), whole.string("name"), outer.string("name")):
        if name:
            parent, named = _named(name, whole.where)
            task, ident = _agreed(task, parent), _agreed(ident, named)
    urls: list[JsonValue] = []
    for config in (
        whole.inner("pushNotificationConfig", _PUSH),
        outer.inner("pushNotificationConfig", _PUSH),
    ):
        ident = _agreed(ident, config.string("id"))
        urls += [url for url in [config.string("url")] if url]
    if not task:
        raise WrongError("params.taskId is required")
    return {
        "tenant": whole.string("tenant"),
        "task_id": task,
        "push_config_id": ident,
        "push_urls": urls,
    }


def _push_10(params: JsonValue) -> Attributes:
    config = Members(params, "params", _TASK)
    return {
        "tenant": config.string("tenant"),
        "task_id": config.string("taskId", required=True),
        "push_config_id": config.string("id"),
    }


def _push_03(params: JsonValue) -> Attributes:
    """{id, pushNotificationConfigId}, or in ProtoJSON the name of both."""
    config = Members(params, "params", _TASK)
    task, ident = config.string("id"), config.string("pushNotificationConfigId")
    if name := config.string("name"):
        parent, named = _named(name, f"{config.where}.name")
        task, ident = _agreed(task, parent), _agreed(ident, named)
    if not task:
        raise WrongError("params.id is required")
    return {"tenant": config.string("tenant"), "task_id": task, "push_config_id": ident}


def _extended_card(params: JsonValue) -> Attributes:
    return {"tenant": Members(params, "params", _TENANT).string("tenant")}


def _without_config(read: Callable[[JsonValue], Attributes]) -> Callable[[JsonValue], Attributes]:
    def reader(params: JsonValue) -> Attributes:
        found = read(params)
        found.pop("push_config_id", None)
        return found

    return reader


def _named(name: str, where: str) -> tuple[str, str]:
    """Task and configuration of a resource name of 0.3, "" for one that it does not have."""
    match = _PARENT.fullmatch(name)
    if match is None:
        raise WrongError(f"{where} does not name a task")
    return match[1], match[2] or ""


def _agreed(one: str, other: str) -> str:
    if one and other and one != other:
        raise WrongError("params name two different tasks or configurations")
    return one or other


_Reader = Callable[[JsonValue], Attributes]
_BOTH: Final[Mapping[str, _Reader]] = {
    "GetTask": _get_task,
    "CancelTask": _cancel_task,
    SUBSCRIBE: _subscribe,
    "ListTasks": _list_tasks,
    EXTENDED_CARD: _extended_card,
}
_READERS: Final[Mapping[str, Mapping[str, _Reader]]] = {
    V10: {
        **_BOTH,
        SEND: lambda params: _send(params, V10),
        STREAM: lambda params: _send(params, V10),
        CREATE_PUSH: _create_push_10,
        GET_PUSH: _push_10,
        LIST_PUSH: _without_config(_push_10),
        DELETE_PUSH: _push_10,
    },
    V03: {
        **_BOTH,
        SEND: lambda params: _send(params, V03),
        STREAM: lambda params: _send(params, V03),
        CREATE_PUSH: _create_push_03,
        GET_PUSH: _push_03,
        LIST_PUSH: _without_config(_push_03),
        DELETE_PUSH: _push_03,
    },
}
