import pytest

from gateway.model.call import Call
from gateway.model.jsonvalue import JsonValue
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a.client import Client
from gateway.protocols.a2a.operation import V03, V10, Binding, Operation
from gateway.protocols.a2a.rest import of_body, of_query
from tests.protocols.a2a.clients import message_10


def client(operation: Operation, **query: str) -> Client:
    return Client(Binding.REST, operation.version, operation, query)


def queried(operation: Operation, **query: str) -> Call | Refusal:
    return of_query(operation, client(operation, **query), "triage")


def sent(operation: Operation, body: JsonValue) -> Call | Refusal:
    return of_body(operation, client(operation), "triage", body)


GET = Operation("GetTask", V10, task_id="t")
CANCEL = Operation("CancelTask", V10, task_id="t")


def told(found: Call | Refusal, *names: str) -> list[JsonValue]:
    assert isinstance(found, Call), found
    return [found.attributes.get(name) for name in names]


def test_the_path_names_the_task_and_the_query_the_rest() -> None:
    found = queried(GET, historyLength="2", tenant="acme")
    assert told(found, "task_id", "history_length", "agent") == ["t", 2, "triage/acme"]
    listed = queried(Operation("ListTasks", V10), contextId="c", status="TASK_STATE_FAILED")
    assert told(listed, "context_id", "status") == ["c", "TASK_STATE_FAILED"]


@pytest.mark.parametrize("version", [V03, V10])
@pytest.mark.parametrize(
    "method", ["GetTaskPushNotificationConfig", "DeleteTaskPushNotificationConfig"]
)
def test_the_path_names_task_and_configuration(version: str, method: str) -> None:
    found = queried(Operation(method, version, task_id="t", config_id="p"))
    assert told(found, "task_id", "push_config_id") == ["t", "p"]
    listed = queried(Operation("ListTaskPushNotificationConfigs", version, task_id="t"))
    assert told(listed, "task_id", "push_config_id") == ["t", None]


def test_a_body_may_repeat_what_the_path_says() -> None:
    bodies: list[JsonValue] = [None, {}, {"id": "t"}, {"id": ""}, {"id": None}]
    for body in bodies:
        assert told(sent(CANCEL, body), "task_id") == ["t"]
    assert told(
        sent(Operation("CancelTask", V03, task_id="t"), {"name": "tasks/t"}), "task_id"
    ) == ["t"]


def test_a_configuration_is_in_the_body() -> None:
    create = Operation("CreateTaskPushNotificationConfig", V10, task_id="t")
    found = sent(create, {"id": "p", "url": "https://h.example"})
    assert told(found, "task_id", "push_config_id", "push_urls") == [
        "t",
        "p",
        ["https://h.example"],
    ]
    old = Operation("CreateTaskPushNotificationConfig", V03, task_id="t")
    bodies: list[JsonValue] = [
        {"pushNotificationConfig": {"url": "https://h.example"}},
        {"name": "tasks/t", "pushNotificationConfig": {"url": "https://h.example"}},
        {"parent": "tasks/t", "config": {"pushNotificationConfig": {"url": "https://h.example"}}},
    ]
    for body in bodies:
        assert told(sent(old, body), "task_id", "push_urls") == ["t", ["https://h.example"]]


WRONG: list[tuple[Operation, JsonValue]] = [
    (CANCEL, {"id": "u"}),
    (CANCEL, {"id": ["t"]}),
    (CANCEL, {"id": 0}),
    (CANCEL, {"ID": "t"}),
    (CANCEL, []),
    (CANCEL, "t"),
    (Operation("CancelTask", V03, task_id="t"), {"name": "tasks/u"}),
    (Operation("CreateTaskPushNotificationConfig", V10, task_id="t"), {"taskId": "u"}),
    (Operation("CreateTaskPushNotificationConfig", V03, task_id="t"), {"parent": "tasks/u"}),
    (Operation("SendMessage", V10), None),
    (Operation("SendMessage", V10, "acme"), {**message_10(), "tenant": "other"}),
]


@pytest.mark.parametrize(("operation", "body"), WRONG)
def test_path_and_body_may_not_disagree(operation: Operation, body: JsonValue) -> None:
    found = sent(operation, body)
    assert isinstance(found, Refusal)
    assert found.reason is Reason.INVALID_PARAMS


@pytest.mark.parametrize("query", [{"id": "u"}, {"historyLength": "x"}, {"history_length": "1"}])
def test_path_and_query_may_not_disagree(query: dict[str, str]) -> None:
    found = queried(GET, **query)
    assert isinstance(found, Refusal)
    assert found.reason is Reason.INVALID_PARAMS
