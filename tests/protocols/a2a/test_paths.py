import pytest

from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a.operation import V03, V10, Operation
from gateway.protocols.a2a.paths import operation_of

PUSH = "pushNotificationConfigs"

SERVED = [
    ("POST", "message:send", "SendMessage", "", ""),
    ("POST", "message:stream", "SendStreamingMessage", "", ""),
    ("GET", "tasks/t", "GetTask", "t", ""),
    ("POST", "tasks/t:cancel", "CancelTask", "t", ""),
    ("GET", "tasks/t:subscribe", "SubscribeToTask", "t", ""),
    ("POST", "tasks/t:subscribe", "SubscribeToTask", "t", ""),
    ("POST", f"tasks/t/{PUSH}", "CreateTaskPushNotificationConfig", "t", ""),
    ("GET", f"tasks/t/{PUSH}", "ListTaskPushNotificationConfigs", "t", ""),
    ("GET", f"tasks/t/{PUSH}/p", "GetTaskPushNotificationConfig", "t", "p"),
    ("DELETE", f"tasks/t/{PUSH}/p", "DeleteTaskPushNotificationConfig", "t", "p"),
]
ONLY_10 = [
    ("GET", "tasks", "ListTasks", "", ""),
    ("GET", "extendedAgentCard", "GetExtendedAgentCard", "", ""),
]
ONLY_03 = [("GET", "card", "GetExtendedAgentCard", "", "")]


def found(method: str, path: str, version: str = V10) -> Operation | Refusal:
    return operation_of(method, tuple(path.split("/")), version)


def reason(method: str, path: str, version: str = V10) -> Reason:
    result = found(method, path, version)
    assert isinstance(result, Refusal), result
    return result.reason


@pytest.mark.parametrize(("method", "path", "name", "task", "config"), [*SERVED, *ONLY_10])
def test_paths_of_10_with_and_without_a_tenant(
    method: str, path: str, name: str, task: str, config: str
) -> None:
    assert found(method, path) == Operation(name, V10, "", task, config)
    assert found(method, f"acme/{path}") == Operation(name, V10, "acme", task, config)
    assert reason(method, path, V03) is Reason.UNSUPPORTED_VERSION


@pytest.mark.parametrize(("method", "path", "name", "task", "config"), [*SERVED, *ONLY_03])
def test_paths_of_03_begin_with_v1(
    method: str, path: str, name: str, task: str, config: str
) -> None:
    assert found(method, f"v1/{path}", V03) == Operation(name, V03, "", task, config)
    assert reason(method, f"v1/{path}") is Reason.UNSUPPORTED_VERSION


@pytest.mark.parametrize("version", [V03, V10])
@pytest.mark.parametrize("name", ["agent-card.json", "agent.json"])
def test_the_card_has_its_well_known_paths(name: str, version: str) -> None:
    assert found("GET", f".well-known/{name}", version) == Operation("GetAgentCard", version)
    assert reason("POST", f".well-known/{name}", version) is Reason.METHOD_NOT_ALLOWED


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "acme",
        "card",
        "tasks/t/other",
        f"tasks/t/{PUSH}/p/q",
        "tasks/:cancel",
        "tasks/t:Cancel",
        "tasks/t:SUBSCRIBE",
        "Tasks/t",
        "MESSAGE:send",
        "acme/beta/tasks/t",
        "V1/message:send",
        "v1/tasks",
        "v1/extendedAgentCard",
        "Tasks/message:send",
        "ExtendedAgentCard/tasks/t",
        ".well-known/tasks/t",
        ".well-known/other.json",
        "acme/.well-known/agent-card.json",
        "v1/acme/tasks/t",
    ],
)
def test_what_no_two_routers_read_alike_is_no_path(path: str) -> None:
    for method in ("GET", "POST"):
        for version in (V03, V10):
            assert reason(method, path, version) is Reason.UNKNOWN_METHOD


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "tasks/t", "GET"),
        ("POST", "tasks/message:send", "GET"),
        ("GET", "tasks/t:cancel", "POST"),
        ("DELETE", f"tasks/t/{PUSH}", "POST, GET"),
        ("GET", "message:send", "POST"),
    ],
)
def test_another_http_method_is_told_the_right_ones(method: str, path: str, allow: str) -> None:
    result = found(method, path)
    assert isinstance(result, Refusal)
    assert result.reason is Reason.METHOD_NOT_ALLOWED
    assert result.headers == (("allow", allow),)


def test_a_task_id_may_have_colons() -> None:
    assert found("GET", "tasks/a:b") == Operation("GetTask", V10, "", "a:b")
    assert found("POST", "tasks/a:b:cancel") == Operation("CancelTask", V10, "", "a:b")
