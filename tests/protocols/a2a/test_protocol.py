import json

import pytest

from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a import PROTOCOL, A2a
from gateway.protocols.base import Settings
from gateway.protocols.registry import plugin_of
from tests.protocols.a2a.clients import (
    GRPC,
    PATH,
    SERVICE_10,
    V10,
    Lines,
    a2a,
    call,
    got,
    head,
    posted,
    rpc,
    settings,
    wire_10,
)

DENIED = Refusal(Reason.DENIED, "GetTask is not allowed")


def status(path: str, method: str, lines: Lines = V10) -> int:
    return a2a.render(DENIED, "audit", head(lines, PATH + path, method)).status


def test_it_is_found_by_its_name() -> None:
    assert plugin_of("a2a") == PROTOCOL == A2a.of
    assert A2a.of(settings()).name == "a2a"


def test_the_agent_is_the_backend() -> None:
    plugin = A2a.of(Settings("/x", "billing", 1024))
    found = plugin.open(head(V10, "/x/tasks/t", "GET")).verdict
    assert found is not None
    assert call(found).target == "billing"


def test_origins_are_compared_without_case() -> None:
    plugin = A2a.of(Settings("/x", "b", 1024, origins=frozenset({"https://A.example"})))
    lines = (*V10, ("origin", "https://a.EXAMPLE"))
    assert not isinstance(plugin.open(head(lines, "/x/tasks/t", "GET")).verdict, Refusal)


def test_a_refusal_has_the_form_of_its_binding() -> None:
    rpc_answer = a2a.render(Refusal(Reason.DENIED, "no", (3,)), "audit", head())
    assert json.loads(rpc_answer.body)["id"] == 3
    rest = a2a.render(DENIED, "audit", head(V10, f"{PATH}/message:send"))
    assert json.loads(rest.body)["error"]["status"] == "PERMISSION_DENIED"
    grpc = wire_10.render(DENIED, "audit", head((*GRPC, *V10), f"{SERVICE_10}/SendMessage"))
    assert dict(grpc.headers)["grpc-status"] == "7"


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/tasks/t", "GET"),
        ("/acme/tasks/t", "GET"),
        ("/tasks/t%3Acancel", "POST"),
        ("/tasks/t:subscribe", "POST"),
        ("/tasks/t/pushNotificationConfigs/p", "DELETE"),
    ],
)
def test_a_denied_task_is_not_there(path: str, method: str) -> None:
    assert status(path, method) == 404


def test_a_denied_task_is_not_there_over_json_rpc_either() -> None:
    for method, code in (("CancelTask", -32001), ("SendMessage", -31403)):
        refusal = Refusal(Reason.DENIED, "no", (1,), method=method)
        error = json.loads(a2a.render(refusal, "audit", head()).body)["error"]
        assert error["code"] == code


def test_what_is_about_no_task_is_denied_openly() -> None:
    assert status("/message:send", "POST") == 403
    assert status("/tasks", "GET") == 403
    assert status("/.well-known/agent-card.json", "GET") == 403


def test_a_denied_call_of_a_service_is_hidden_too() -> None:
    answer = wire_10.render(DENIED, "audit", head((*GRPC, *V10), f"{SERVICE_10}/GetTask"))
    assert dict(answer.headers)["grpc-status"] == "5"


def test_nothing_is_filtered() -> None:
    assert not any(a2a.list_method(name) for name in ("ListTasks", "GetAgentCard", "tools/list"))


def test_nothing_is_kept_between_requests() -> None:
    assert call(posted(rpc())).method == "SendMessage"
    assert call(got("/tasks/t")).method == "GetTask"
