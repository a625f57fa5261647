"""What is read of a message is what the official classes read, in their JSON."""

import math
from base64 import b64encode
from typing import Any

import pytest
from a2a.compat.v0_3 import a2a_v0_3_pb2 as v03
from a2a.types import a2a_pb2 as v10
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.messages import MAX_DEPTH, MAX_FIELDS, REQUESTS, params_of
from gateway.protocols.a2a.operation import CALLS_03, METHODS_10, V03, V10

FREE: dict[str, Any] = {"a": [1.0, "x", None, True, {"b": {}}], "n": -0.5, "f": False}

SAMPLES_10: dict[str, Message] = {
    "SendMessage": ParseDict(
        {
            "tenant": "acme",
            "message": {
                "messageId": "m",
                "contextId": "c",
                "taskId": "t",
                "role": "ROLE_AGENT",
                "parts": [
                    {"text": "h\u00e9", "mediaType": "text/plain", "metadata": FREE},
                    {"text": ""},
                    {"raw": b64encode(b"\xff\x00").decode()},
                    {"url": "https://a.example", "filename": "f"},
                    {"data": FREE},
                    {"data": [1.0]},
                ],
                "metadata": FREE,
                "extensions": ["https://e.example"],
                "referenceTaskIds": ["t-1", "t-2"],
            },
            "configuration": {
                "acceptedOutputModes": ["text/plain"],
                "taskPushNotificationConfig": {"id": "p", "url": "https://h.example", "token": "s"},
                "historyLength": 0,
                "returnImmediately": True,
            },
            "metadata": FREE,
        },
        v10.SendMessageRequest(),
    ),
    "GetTask": v10.GetTaskRequest(tenant="x", id="t", history_length=-1),
    "ListTasks": v10.ListTasksRequest(
        tenant="x", context_id="c", page_size=3, page_token="p", include_artifacts=True
    ),
    "CancelTask": ParseDict({"id": "t", "metadata": FREE}, v10.CancelTaskRequest()),
    "SubscribeToTask": v10.SubscribeToTaskRequest(tenant="x", id="t"),
    "CreateTaskPushNotificationConfig": v10.TaskPushNotificationConfig(
        tenant="x", id="p", task_id="t", url="https://h.example", token="s"
    ),
    "GetTaskPushNotificationConfig": v10.GetTaskPushNotificationConfigRequest(
        tenant="x", task_id="t", id="p"
    ),
    "DeleteTaskPushNotificationConfig": v10.DeleteTaskPushNotificationConfigRequest(
        tenant="x", task_id="t", id="p"
    ),
    "ListTaskPushNotificationConfigs": v10.ListTaskPushNotificationConfigsRequest(
        tenant="x", task_id="t", page_size=2, page_token="p"
    ),
    "GetExtendedAgentCard": v10.GetExtendedAgentCardRequest(tenant="x"),
}
SAMPLES_03: dict[str, Message] = {
    "SendMessage": ParseDict(
        {
            "message": {
                "messageId": "m",
                "contextId": "c",
                "taskId": "t",
                "role": "ROLE_USER",
                "content": [
                    {"text": "x", "metadata": FREE},
                    {"file": {"fileWithUri": "https://a.example", "mimeType": "a/b", "name": "n"}},
                    {"file": {"fileWithBytes": b64encode(b"x").decode()}},
                    {"data": {"data": FREE}},
                ],
                "metadata": FREE,
                "extensions": ["https://e.example"],
            },
            "configuration": {
                "acceptedOutputModes": ["text/plain"],
                "pushNotification": {"id": "p", "url": "https://h.example"},
                "historyLength": 2,
                "blocking": True,
            },
            "metadata": FREE,
        },
        v03.SendMessageRequest(),
    ),
    "GetTask": v03.GetTaskRequest(name="tasks/t", history_length=2),
    "CancelTask": v03.CancelTaskRequest(name="tasks/t"),
    "SubscribeToTask": v03.TaskSubscriptionRequest(name="tasks/t"),
    "CreateTaskPushNotificationConfig": ParseDict(
        {
            "parent": "tasks/t",
            "configId": "p",
            "config": {"name": "tasks/t", "pushNotificationConfig": {"url": "https://h.example"}},
        },
        v03.CreateTaskPushNotificationConfigRequest(),
    ),
    "GetTaskPushNotificationConfig": v03.GetTaskPushNotificationConfigRequest(name="tasks/t"),
    "DeleteTaskPushNotificationConfig": v03.DeleteTaskPushNotificationConfigRequest(name="tasks/t"),
    "GetExtendedAgentCard": v03.GetAgentCardRequest(),
}
SAMPLES = [
    *((V10, method, sample) for method, sample in SAMPLES_10.items()),
    *((V03, method, sample) for method, sample in SAMPLES_03.items()),
]


@pytest.mark.parametrize(("version", "method", "sample"), SAMPLES)
def test_a_request_is_read_as_its_official_json(version: str, method: str, sample: Message) -> None:
    expected = MessageToDict(sample, use_integers_for_enums=True)
    assert params_of(method, version, sample.SerializeToString()) == expected


def test_every_call_has_a_table() -> None:
    assert set(REQUESTS[V10]) == METHODS_10
    assert set(REQUESTS[V03]) == set(CALLS_03.values())


def test_a_state_is_read_by_number() -> None:
    state = v10.TaskState.TASK_STATE_WORKING
    data = v10.ListTasksRequest(status=state).SerializeToString()
    assert params_of("ListTasks", V10, data) == {"status": 2}


def test_a_parent_of_03_is_the_name_of_a_task() -> None:
    data = v03.ListTaskPushNotificationConfigRequest(parent="tasks/t").SerializeToString()
    assert params_of("ListTaskPushNotificationConfigs", V03, data) == {"name": "tasks/t"}


def nested(depth: int) -> bytes:
    value: Any = 1.0
    for _ in range(depth):
        value = [value]
    sample = Struct()
    sample.update({"a": value})
    return v10.CancelTaskRequest(id="t", metadata=sample).SerializeToString()


def test_a_message_may_not_be_nested_endlessly() -> None:
    assert params_of("CancelTask", V10, nested(25))
    with pytest.raises(WrongError, match="nested"):
        params_of("CancelTask", V10, nested(MAX_DEPTH // 2))


def test_a_request_may_not_have_fields_without_end() -> None:
    sample = v10.CancelTaskRequest(id="t")
    for count, fits in ((MAX_FIELDS // 3, True), (MAX_FIELDS, False)):
        sample.metadata["a"] = [True] * (count - 10)
        data = sample.SerializeToString()
        if fits:
            assert params_of("CancelTask", V10, data)["id"] == "t"
            continue
        with pytest.raises(WrongError, match="too many"):
            params_of("CancelTask", V10, data)


TASK = v10.GetTaskRequest(id="t").SerializeToString()
TEXT = v10.Part(text="a").SerializeToString()
LINK = v10.Part(url="https://a.example").SerializeToString()


def field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


@pytest.mark.parametrize(
    ("method", "data"),
    [
        ("GetTask", TASK + TASK),
        ("GetTask", TASK[:-1]),
        ("GetTask", b"\x10\x01"),
        ("GetTask", field(2, b"\xff")),
        ("GetTask", TASK + b"\x18\x01\x18\x02"),
        ("GetTask", TASK + b"\x18\xff\xff\xff\xff\x0f"),
        ("GetTask", TASK + field(3, b"\x01\x02")),
        ("ListTasks", b"\x40\x02"),
        ("SendMessage", field(2, field(1, b"m")) * 2),
        ("SendMessage", field(3, b"\x20\x02")),
        ("CancelTask", field(3, field(1, field(1, b"k") + field(2, b"\x20\x01")) * 2)),
        ("CancelTask", field(3, field(1, field(1, b"k") + field(2, b"\x20\x01\x08\x00")))),
        ("CancelTask", field(3, field(1, field(1, b"k")))),
        ("CancelTask", field(3, field(1, field(1, b"k") + field(2, b"\x08\x01")))),
        ("CancelTask", field(3, field(1, field(1, b"k") + field(2, b"\x18\x01")))),
        ("CancelTask", field(3, field(1, field(1, b"k") * 2 + field(2, b"\x20\x01")))),
    ],
)
def test_what_readers_could_differ_on_is_refused(method: str, data: bytes) -> None:
    with pytest.raises(WrongError):
        params_of(method, V10, data)


def test_two_contents_of_a_part_are_both_told() -> None:
    data = field(2, field(5, TEXT + LINK))
    message = params_of("SendMessage", V10, data)["message"]
    assert message == {"parts": [{"text": "a", "url": "https://a.example"}]}


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_number_is_finite(number: float) -> None:
    sample = v10.CancelTaskRequest(id="t")
    sample.metadata.fields["a"].number_value = number
    with pytest.raises(WrongError, match="finite"):
        params_of("CancelTask", V10, sample.SerializeToString())


def test_an_unknown_field_is_left_out() -> None:
    assert params_of("GetTask", V10, TASK + field(15, b"x")) == {"id": "t"}


@pytest.mark.parametrize("version", [V03, V10])
@given(data=st.binary(max_size=60))
def test_any_bytes_are_params_or_refused(version: str, data: bytes) -> None:
    for method in REQUESTS[version]:
        try:
            params_of(method, version, data)
        except WrongError:
            continue
