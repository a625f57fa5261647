from typing import Any

import pytest

from gateway.policy.vocabulary import METHODS_OF, carries
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.operation import CARD, METHODS_03, METHODS_10, V03, V10
from gateway.protocols.a2a.params import attributes_of
from tests.protocols.a2a.clients import message_03, message_10

SENDING: dict[str, Any] = {
    "tenant": "acme",
    **message_10(
        {"text": "hello"},
        {"url": "https://a.example/x"},
        contextId="c-1",
        taskId="t-1",
        referenceTaskIds=["t-2"],
        metadata={"any": 1},
    ),
    "configuration": {
        "acceptedOutputModes": ["text/plain"],
        "historyLength": 3,
        "returnImmediately": True,
        "taskPushNotificationConfig": {"url": "https://hooks.example", "token": "secret"},
    },
    "metadata": {"skill": "triage"},
}


@pytest.mark.parametrize("method", ["SendMessage", "SendStreamingMessage"])
def test_everything_of_a_message_of_10_is_told(method: str) -> None:
    assert attributes_of(method, V10, SENDING) == {
        "tenant": "acme",
        "message": SENDING["message"],
        "metadata": {"skill": "triage"},
        "task_id": "t-1",
        "context_id": "c-1",
        "message_id": "m-1",
        "role": "user",
        "reference_task_ids": ["t-2"],
        "text_bytes": 5,
        "part_types": ["text", "url"],
        "urls": ["https://a.example/x"],
        "output_modes": ["text/plain"],
        "history_length": 3,
        "return_immediately": True,
        "push_urls": ["https://hooks.example"],
    }


def test_a_message_of_03_is_told_in_the_same_words() -> None:
    params: Any = {
        **message_03(),
        "configuration": {
            "blocking": True,
            "pushNotificationConfig": {"url": "https://hooks.example"},
        },
    }
    found = attributes_of("SendMessage", V03, params)
    assert (found["role"], found["part_types"], found["text_bytes"]) == ("user", ["text"], 5)
    assert found["return_immediately"] is False
    assert found["push_urls"] == ["https://hooks.example"]


def test_protojson_of_03_is_told_in_the_same_words() -> None:
    message = {"messageId": "m", "role": "ROLE_AGENT", "content": [{"text": "hello"}]}
    configuration = {"pushNotification": {"url": "https://hooks.example"}}
    params: Any = {"message": message, "configuration": configuration}
    found = attributes_of("SendMessage", V03, params)
    assert (found["role"], found["text_bytes"]) == ("agent", 5)
    assert found["push_urls"] == ["https://hooks.example"]


OTHERS: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("GetTask", V10, {"id": "t", "historyLength": 0}, {"task_id": "t", "history_length": 0}),
    ("GetTask", V03, {"id": "t", "metadata": {"a": 1}}, {"task_id": "t"}),
    ("GetTask", V03, {"name": "tasks/t"}, {"task_id": "t"}),
    (
        "CancelTask",
        V10,
        {"tenant": "x", "id": "t", "metadata": {"a": 1}},
        {"tenant": "x", "task_id": "t", "metadata": {"a": 1}},
    ),
    ("SubscribeToTask", V10, {"id": "t"}, {"task_id": "t"}),
    (
        "ListTasks",
        V10,
        {"contextId": "c", "status": 2, "historyLength": 1, "pageSize": 5},
        {"context_id": "c", "status": "TASK_STATE_WORKING", "history_length": 1},
    ),
    (
        "CreateTaskPushNotificationConfig",
        V10,
        {"taskId": "t", "id": "p", "url": "https://h.example"},
        {"task_id": "t", "push_config_id": "p", "push_urls": ["https://h.example"]},
    ),
    (
        "CreateTaskPushNotificationConfig",
        V03,
        {"taskId": "t", "pushNotificationConfig": {"id": "p", "url": "https://h.example"}},
        {"task_id": "t", "push_config_id": "p", "push_urls": ["https://h.example"]},
    ),
    (
        "CreateTaskPushNotificationConfig",
        V03,
        {
            "parent": "tasks/t",
            "configId": "p",
            "config": {
                "name": "tasks/t/pushNotificationConfigs/p",
                "pushNotificationConfig": {"url": "https://h.example"},
            },
        },
        {"task_id": "t", "push_config_id": "p", "push_urls": ["https://h.example"]},
    ),
    (
        "GetTaskPushNotificationConfig",
        V10,
        {"taskId": "t", "id": "p"},
        {"task_id": "t", "push_config_id": "p"},
    ),
    (
        "DeleteTaskPushNotificationConfig",
        V03,
        {"id": "t", "pushNotificationConfigId": "p"},
        {"task_id": "t", "push_config_id": "p"},
    ),
    (
        "DeleteTaskPushNotificationConfig",
        V03,
        {"name": "tasks/t/pushNotificationConfigs/p"},
        {"task_id": "t", "push_config_id": "p"},
    ),
    ("ListTaskPushNotificationConfigs", V10, {"taskId": "t"}, {"task_id": "t"}),
    ("ListTaskPushNotificationConfigs", V03, {"id": "t"}, {"task_id": "t"}),
    ("GetExtendedAgentCard", V10, {"tenant": "x"}, {"tenant": "x"}),
    ("GetExtendedAgentCard", V03, None, {}),
]


@pytest.mark.parametrize(("method", "version", "params", "attributes"), OTHERS)
def test_the_other_operations_tell_what_they_are_about(
    method: str, version: str, params: Any, attributes: dict[str, Any]
) -> None:
    assert attributes_of(method, version, params) == attributes


def test_what_is_told_is_what_the_vocabulary_says() -> None:
    told: list[tuple[str, str, Any, Any]] = [
        *OTHERS,
        ("SendMessage", V10, SENDING, {}),
        ("SendStreamingMessage", V10, SENDING, {}),
    ]
    for method, version, params, _ in told:
        for name in attributes_of(method, version, params):
            assert carries(method, "a2a", name), (method, name)
    assert {method for method, *_ in told} == METHODS_OF["a2a"] - {CARD}
    assert METHODS_OF["a2a"] == METHODS_10 | {CARD}
    assert set(METHODS_03.values()) <= METHODS_10


WRONG: list[tuple[str, str, Any]] = [
    ("SendMessage", V10, None),
    ("SendMessage", V10, []),
    ("SendMessage", V10, {}),
    ("SendMessage", V10, {"message": {}}),
    ("SendMessage", V10, {"message": "hello"}),
    ("SendMessage", V03, {**message_03(), "request": {}}),
    ("SendMessage", V10, message_10(role="user")),
    ("SendMessage", V10, message_10(role="ROLE_UNSPECIFIED")),
    ("SendMessage", V10, message_10(content=[{"text": "x"}])),
    ("SendMessage", V03, message_03(content=[{"text": "x"}])),
    ("SendMessage", V10, message_10(task_id="t")),
    ("SendMessage", V10, message_10(referenceTaskIds="t")),
    ("SendMessage", V10, {**message_10(), "Configuration": {}}),
    ("SendMessage", V10, {**message_10(), "configuration": {"push_notification_config": {}}}),
    ("SendMessage", V10, {**message_10(), "configuration": {"historyLength": "3"}}),
    (
        "SendMessage",
        V10,
        {**message_10(), "configuration": {"blocking": True, "returnImmediately": True}},
    ),
    (
        "SendMessage",
        V10,
        {**message_10(), "configuration": {"taskPushNotificationConfig": {"url": 1}}},
    ),
    ("GetTask", V10, {}),
    ("GetTask", V10, {"id": ""}),
    ("GetTask", V10, {"id": 7}),
    ("GetTask", V03, {"id": "t", "name": "tasks/u"}),
    ("GetTask", V03, {"name": "t"}),
    ("GetTask", V03, {"name": "tasks/t/pushNotificationConfigs/p"}),
    ("CancelTask", V10, {"id": "t", "metadata": []}),
    ("ListTasks", V10, {"status": "working"}),
    ("CreateTaskPushNotificationConfig", V10, {"url": "https://h.example"}),
    ("CreateTaskPushNotificationConfig", V03, {"pushNotificationConfig": {"url": "u"}}),
    ("CreateTaskPushNotificationConfig", V03, {"taskId": "t", "parent": "tasks/u"}),
    ("CreateTaskPushNotificationConfig", V03, {"taskId": "t", "config": {"name": "tasks/u"}}),
    ("GetTaskPushNotificationConfig", V10, {"id": "p"}),
    ("GetTaskPushNotificationConfig", V03, {"pushNotificationConfigId": "p"}),
    ("GetExtendedAgentCard", V10, {"Tenant": "x"}),
]


@pytest.mark.parametrize(("method", "version", "params"), WRONG)
def test_params_that_are_incomplete_or_ambiguous_are_refused(
    method: str, version: str, params: Any
) -> None:
    with pytest.raises(WrongError):
        attributes_of(method, version, params)


def test_every_push_url_is_told_wherever_it_stands() -> None:
    urls = ["https://a.example", "https://b.example", "https://c.example"]
    names = ("taskPushNotificationConfig", "pushNotificationConfig", "pushNotification")
    configuration = {name: {"url": url} for name, url in zip(names, urls, strict=True)}
    params: Any = {**message_10(), "configuration": configuration}
    assert attributes_of("SendMessage", V10, params)["push_urls"] == urls
