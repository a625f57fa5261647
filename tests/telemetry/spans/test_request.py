"""Which conventions a request is told by, and how it ended."""

import pytest

from gateway.model.call import Call, Kind
from gateway.telemetry.spans.request import client_outcome, describe, server_outcome
from tests.telemetry.stage import ECHO, asked, deframed, record

CHAT = Call("openai", "chat/completions", Kind.REQUEST, None, "small")
SEND = Call("a2a", "SendMessage", Kind.REQUEST, None, "tracker/x")


@pytest.mark.parametrize(
    ("protocol", "call", "name"),
    [
        ("mcp", ECHO, "tools/call echo"),
        ("openai", CHAT, "chat small"),
        ("anthropic", CHAT, "chat small"),
        ("a2a", SEND, "SendMessage"),
    ],
)
def test_each_protocol_has_its_conventions(protocol: str, call: Call, name: str) -> None:
    assert describe(asked(deframed(call), protocol=protocol)).name == name


@pytest.mark.parametrize("kind", [Kind.LISTEN, Kind.END, Kind.ANSWER])
def test_what_is_no_message_with_a_method_is_a_request_of_http(kind: Kind) -> None:
    call = Call("mcp", "GET", kind)
    assert describe(asked(deframed(call), method="GET")).name == "GET /mcp"


def test_a_batch_is_one_request_of_http_that_says_how_many_messages_it_has() -> None:
    described = describe(asked(deframed(ECHO, ECHO, batch=True)))
    assert described.name == "POST /mcp"
    assert described.attributes["gatehouse.batch"] == 2


def test_what_is_not_known_is_not_told() -> None:
    assert server_outcome(record(route="", protocol="mcp"), "") == {
        "gatehouse.audit_id": "audit",
        "gatehouse.snapshot": 3,
    }
    assert client_outcome(record(), "") == {}


def test_the_replica_is_told_of_the_upstream_hop() -> None:
    told = client_outcome(record(endpoint="[::1]:8080", status=200), "")
    assert told == {
        "server.address": "::1",
        "server.port": 8080,
        "http.response.status_code": 200,
    }
