"""What the spans of A2A operations are called and say."""

from gateway.model.call import Call, Kind
from gateway.model.jsonvalue import JsonValue
from gateway.telemetry.spans.a2a import describe
from gateway.telemetry.spans.description import LIST_LIMIT
from tests.telemetry.stage import NAMES


def test_an_operation_says_what_it_is_about() -> None:
    attributes: dict[str, JsonValue] = {
        "binding": "jsonrpc",
        "tenant": "acme",
        "message_id": "m-1",
        "task_id": "t-1",
        "reference_task_ids": ["t-0"],
        "urls": ["https://files.example/secret"],
    }
    call = Call("a2a", "SendMessage", Kind.REQUEST, "7", "triage/acme", "1.0", attributes)
    described = describe(call, NAMES, "triage")
    assert described.name == "SendMessage"
    assert described.attributes == {
        "a2a.method.name": "SendMessage",
        "a2a.protocol.version": "1.0",
        "a2a.tenant": "acme",
        "a2a.message.id": "m-1",
        "a2a.message.reference_task_ids": ("t-0",),
        "a2a.task.id": "t-1",
        "gen_ai.agent.name": "triage",
        "jsonrpc.request.id": "7",
    }


def test_an_agent_is_named_by_its_backend_and_not_by_the_tenant_of_a_client() -> None:
    call = Call("a2a", "GetTask", Kind.REQUEST, None, "triage/made-up-9", "1.0", {})
    described = describe(call, NAMES, "triage")
    assert described.attributes["gen_ai.agent.name"] == "triage"
    assert "made-up" not in described.name


def test_a_list_of_a_client_is_bounded() -> None:
    many: dict[str, JsonValue] = {"reference_task_ids": [str(number) for number in range(1000)]}
    call = Call("a2a", "SendMessage", Kind.REQUEST, None, "triage", "1.0", many)
    kept = describe(call, NAMES, "triage").attributes["a2a.message.reference_task_ids"]
    assert isinstance(kept, tuple)
    assert len(kept) == LIST_LIMIT
