import pytest

from gateway.model.call import Kind
from gateway.protocols.a2a.call import call_of
from gateway.protocols.a2a.client import Client
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.operation import V10, Binding, Operation
from tests.protocols.a2a.clients import message_10

CLIENT = Client(Binding.REST, V10, extensions=("https://a.example",))


def of_tenant(name: str) -> Client:
    return Client(Binding.REST, V10, Operation("GetTask", V10, name, "t"))


def test_a_call_is_about_its_agent() -> None:
    found = call_of("SendMessage", message_10(), CLIENT, "triage", 7)
    assert (found.protocol, found.method, found.kind) == ("a2a", "SendMessage", Kind.REQUEST)
    assert (found.id, found.target, found.version) == (7, "triage", V10)
    head = {name: found.attributes[name] for name in ("method", "binding", "version", "agent")}
    assert head == {"method": "SendMessage", "binding": "rest", "version": V10, "agent": "triage"}
    assert found.attributes["extensions"] == ["https://a.example"]
    assert "tenant" not in found.attributes


@pytest.mark.parametrize("client", [CLIENT, of_tenant("acme")])
def test_a_tenant_is_part_of_the_agent(client: Client) -> None:
    found = call_of("GetTask", {"id": "t", "tenant": "acme"}, client, "triage")
    assert (found.target, found.attributes["agent"]) == ("triage/acme", "triage/acme")
    assert found.attributes["tenant"] == "acme"
    assert call_of("GetTask", {"id": "t"}, of_tenant("acme"), "triage").target == "triage/acme"


def test_path_and_params_may_not_name_two_tenants() -> None:
    with pytest.raises(WrongError, match="different tenants"):
        call_of("GetTask", {"id": "t", "tenant": "other"}, of_tenant("acme"), "triage")


def test_a_card_has_no_params() -> None:
    found = call_of("GetAgentCard", {"id": 7}, CLIENT, "triage")
    assert set(found.attributes) == {"method", "binding", "version", "agent", "extensions"}
