"""The operations of A2A under the names of 1.0, and what those of 0.3 are called. Pure.

Source: A2A 1.0, section 5.3 (method mapping); A2A 0.3, section 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

NAME: Final = "a2a"

V03: Final = "0.3"
V10: Final = "1.0"

CARD: Final = "GetAgentCard"
EXTENDED_CARD: Final = "GetExtendedAgentCard"
SEND: Final = "SendMessage"
STREAM: Final = "SendStreamingMessage"
SUBSCRIBE: Final = "SubscribeToTask"
CREATE_PUSH: Final = "CreateTaskPushNotificationConfig"
GET_PUSH: Final = "GetTaskPushNotificationConfig"
LIST_PUSH: Final = "ListTaskPushNotificationConfigs"
DELETE_PUSH: Final = "DeleteTaskPushNotificationConfig"

CARDS: Final = frozenset({CARD, EXTENDED_CARD})
"""Operations whose answer is a card, which names the agent's own URLs."""

STREAMS: Final = frozenset({STREAM, SUBSCRIBE})
"""Operations that are answered by a stream that goes on for as long as the task does."""

ABOUT_TASKS: Final = frozenset(
    {"GetTask", "CancelTask", SUBSCRIBE, CREATE_PUSH, GET_PUSH, LIST_PUSH, DELETE_PUSH}
)
"""Operations on one task. A caller that may not is told that there is no such task: A2A 1.0,
section 13.1, forbids to reveal that it exists."""

METHODS_03: Final[Mapping[str, str]] = MappingProxyType(
    {
        "message/send": SEND,
        "message/stream": STREAM,
        "tasks/get": "GetTask",
        "tasks/cancel": "CancelTask",
        "tasks/resubscribe": SUBSCRIBE,
        "tasks/pushNotificationConfig/set": CREATE_PUSH,
        "tasks/pushNotificationConfig/get": GET_PUSH,
        "tasks/pushNotificationConfig/list": LIST_PUSH,
        "tasks/pushNotificationConfig/delete": DELETE_PUSH,
        "agent/getAuthenticatedExtendedCard": EXTENDED_CARD,
    }
)
"""JSON-RPC methods of 0.3."""

METHODS_10: Final = frozenset(METHODS_03.values()) | {"ListTasks"}
"""JSON-RPC methods and gRPC calls of 1.0."""

CALLS_03: Final[Mapping[str, str]] = MappingProxyType(
    {
        "SendMessage": SEND,
        "SendStreamingMessage": STREAM,
        "GetTask": "GetTask",
        "CancelTask": "CancelTask",
        "TaskSubscription": SUBSCRIBE,
        "CreateTaskPushNotificationConfig": CREATE_PUSH,
        "GetTaskPushNotificationConfig": GET_PUSH,
        "ListTaskPushNotificationConfig": LIST_PUSH,
        "DeleteTaskPushNotificationConfig": DELETE_PUSH,
        "GetAgentCard": EXTENDED_CARD,
    }
)
"""gRPC calls of 0.3. Its GetAgentCard needs the authentication that REST's /v1/card does."""


class Binding(Enum):
    """How an operation is carried; the text is the attribute `a2a.binding`."""

    JSON_RPC = "jsonrpc"
    REST = "rest"
    GRPC = "grpc"


@dataclass(frozen=True, slots=True)
class Operation:
    """What the head of a request names. `task_id` and `config_id` are those of a REST path, empty
    where it has none; `tenant` is that of its prefix."""

    method: str
    version: str
    tenant: str = ""
    task_id: str = ""
    config_id: str = ""
