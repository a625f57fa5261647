"""The REST binding: what its path, query and body say together. Pure: no I/O, no clock."""

from collections.abc import Callable
from typing import Final

from gateway.model.call import Call
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a.call import call_of
from gateway.protocols.a2a.client import Client
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.operation import (
    CREATE_PUSH,
    DELETE_PUSH,
    GET_PUSH,
    LIST_PUSH,
    V03,
    V10,
    Operation,
)
from gateway.protocols.a2a.protonames import with_json_names
from gateway.protocols.a2a.query import as_params

MEDIA_TYPES: Final = ("application/json", "application/a2a+json")
BODILESS: Final = frozenset({"GET", "DELETE"})
"""HTTP methods whose parameters are in the query; those of others are in the body."""

_PUSH: Final = frozenset({CREATE_PUSH, GET_PUSH, LIST_PUSH, DELETE_PUSH})


def of_query(operation: Operation, client: Client, backend: str) -> Call | Refusal:
    """The call of a request without a body."""
    return _call(operation, client, backend, lambda: as_params(client.query))


def of_body(operation: Operation, client: Client, backend: str, value: JsonValue) -> Call | Refusal:
    """The call of a request with the decoded body `value`, None where it has none."""

    def params() -> JsonObject:
        if value is not None and not isinstance(value, dict):
            raise WrongError("the body must be an object")
        body = value or {}
        return with_json_names(operation.method, body) if operation.version == V03 else body

    return _call(operation, client, backend, params)


def _call(
    operation: Operation, client: Client, backend: str, params: Callable[[], JsonObject]
) -> Call | Refusal:
    try:
        whole = _with_path(operation, params())
        return call_of(operation.method, whole, client, backend)
    except WrongError as wrong:
        return Refusal(Reason.INVALID_PARAMS, str(wrong))


def _with_path(operation: Operation, params: JsonObject) -> JsonObject:
    """The params with the ids of the path, which they may repeat but not contradict."""
    task, config = _keys(operation)
    whole = dict(params)
    for key, value in ((task, operation.task_id), (config, operation.config_id)):
        if not value:
            continue
        if whole.get(key) not in (None, "", value):
            raise WrongError(f"the path and {key} name different things")
        whole[key] = value
    return whole


def _keys(operation: Operation) -> tuple[str, str]:
    """The members of params that hold what the path names."""
    if operation.method not in _PUSH:
        return "id", ""
    if operation.version == V10:
        return "taskId", "id"
    return ("taskId" if operation.method == CREATE_PUSH else "id"), "pushNotificationConfigId"
