from datetime import UTC, datetime

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from gateway.model.call import Call, Kind
from gateway.model.head import Headers, Peer, RequestHead
from gateway.model.jsonvalue import JsonValue
from gateway.model.principal import Principal, PrincipalKind
from gateway.policy.attributes import CREDENTIALS, UnbindableError, bind
from gateway.policy.cel import Use
from gateway.policy.context import RequestContext
from gateway.policy.vocabulary import VARIABLES

CALL = Call(
    "mcp",
    "tools/call",
    Kind.REQUEST,
    1,
    "get",
    "2025-06-18",
    {"name": "get", "arguments": {"a": 1, "b": {"c": [True, None]}}, "task_ids": ["x"]},
)
PRINCIPAL = Principal(
    PrincipalKind.JWT,
    "https://issuer",
    "user",
    actors=("spiffe://a/b",),
    scopes=frozenset({"z", "a"}),
    claims={"team": "red", "level": 3},
)
LINES = [("x-a", "1"), ("x-a", "2"), ("x-b", "3"), *((name, "secret") for name in CREDENTIALS)]
CONTEXT = RequestContext(
    RequestHead("POST", "/mcp", "host", headers=Headers(LINES), route="r", peer=Peer("10.0.0.1")),
    backend="b",
    now=1_800_000_000.5,
    listener="l",
)


def _bound(*uses: Use) -> JsonValue:
    (message,) = bind(uses, CALL, PRINCIPAL, CONTEXT).values()
    assert isinstance(message, Message)
    return MessageToDict(message, preserving_proto_field_name=True)


def test_only_what_is_used_is_bound() -> None:
    assert _bound(Use("mcp", "name")) == {"name": "get"}
    assert _bound(Use("mcp", "arguments", "a")) == {"arguments": {"a": 1.0}}
    assert set(bind([Use("now"), Use("mcp", "kind")], CALL, PRINCIPAL, CONTEXT)) == {"now", "mcp"}


def test_a_field_that_is_used_as_a_whole_is_bound_as_a_whole() -> None:
    keyed, whole = Use("mcp", "arguments", "a"), Use("mcp", "arguments")
    wanted = {"arguments": {"a": 1.0, "b": {"c": [True, None]}}}
    assert _bound(keyed, whole) == _bound(whole, keyed) == wanted


def test_what_the_call_does_not_have_is_left_out() -> None:
    assert _bound(Use("mcp", "arguments", "zz"), Use("mcp", "uri")) in ({}, {"arguments": {}})


def test_the_call_itself_is_an_attribute() -> None:
    assert _bound(Use("mcp", "method"), Use("mcp", "kind"), Use("mcp", "version")) == {
        "method": "tools/call",
        "kind": "request",
        "version": "2025-06-18",
    }


def test_every_field_of_the_principal_is_bound() -> None:
    fields = VARIABLES["principal"].DESCRIPTOR.fields_by_name
    assert _bound(*(Use("principal", field) for field in fields)) == {
        "id": "jwt:https://issuer#user",
        "kind": "jwt",
        "issuer": "https://issuer",
        "subject": "user",
        "actors": ["spiffe://a/b"],
        "scopes": ["a", "z"],
        "claims": {"team": "red", "level": 3.0},
    }


def test_every_field_of_the_request_is_bound_without_credentials() -> None:
    fields = VARIABLES["request"].DESCRIPTOR.fields_by_name
    assert _bound(*(Use("request", field) for field in fields)) == {
        "method": "POST",
        "path": "/mcp",
        "headers": {"x-a": "1, 2", "x-b": "3"},
        "authority": "host",
        "route": "r",
        "listener": "l",
        "backend": "b",
        "source_address": "10.0.0.1",
    }


@pytest.mark.parametrize("name", sorted(CREDENTIALS))
def test_a_credential_is_not_bound_even_by_name(name: str) -> None:
    assert _bound(Use("request", "headers", name)) == {}


def test_now_is_the_time_of_the_decision() -> None:
    bound = bind([Use("now")], CALL, PRINCIPAL, CONTEXT)
    assert bound == {"now": datetime(2027, 1, 15, 8, 0, 0, 500_000, UTC)}


@pytest.mark.parametrize("value", [10**400, "\ud800", {"a": "\udfff"}, [10**400]])
def test_a_value_that_no_attribute_can_hold_is_an_error_of_its_own(value: JsonValue) -> None:
    call = Call("mcp", "tools/call", Kind.REQUEST, attributes={"arguments": {"a": value}})
    with pytest.raises(UnbindableError):
        bind([Use("mcp", "arguments", "a")], call, PRINCIPAL, CONTEXT)


@pytest.mark.parametrize("value", [1, ["a"], {"a": 1}, True])
def test_a_value_of_another_type_is_an_error_of_its_own(value: JsonValue) -> None:
    call = Call("mcp", "tools/call", Kind.REQUEST, attributes={"name": value})
    with pytest.raises(UnbindableError):
        bind([Use("mcp", "name")], call, PRINCIPAL, CONTEXT)
