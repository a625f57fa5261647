"""The attributes of a request, by the table of attributes.proto, and its aliases."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.call import Call, Deframed, Kind
from gateway.model.principal import Principal, PrincipalKind
from gateway.model.refusal import Reason, Refusal
from gateway.policy import attributes_pb2
from gateway.policy.attributes import bind
from gateway.policy.cel import Use
from gateway.policy.context import RequestContext
from gateway.policy.vocabulary import CARRIERS
from tests.protocols.anthropic.clients import (
    MODEL,
    SDK,
    attributes,
    body,
    call,
    content,
    deframe,
    encode,
    head,
    opened,
    plugin,
    refusal,
)

EVERYTHING: dict[str, Any] = {
    "stream": True,
    "temperature": 1,
    "top_p": 0.5,
    "system": "Be brief.",
    "messages": content({"type": "image", "source": {"type": "url", "url": "https://i.example"}}),
    "tools": [{"name": "a", "input_schema": {}}],
    "tool_choice": {"type": "any"},
    "mcp_servers": [{"type": "url", "url": "https://mcp.example", "name": "m"}],
    "metadata": {"user_id": "u-1", "other": 1},
    "service_tier": "auto",
    "unknown": {"kept": 1.50},
}
PATHS = {"messages": "/v1/messages", "messages/count_tokens": "/v1/messages/count_tokens"}
ALL = (*SDK, ("anthropic-beta", "one,two"))


def whole(method: str) -> Call:
    """The call of a request with everything in it."""
    found = opened(ALL, path=PATHS[method]).deframe(encode(body(**EVERYTHING)))
    assert isinstance(found, Deframed), found
    return found.calls[0]


@pytest.mark.parametrize("method", PATHS)
def test_a_method_carries_what_the_table_says_and_nothing_else(method: str) -> None:
    carried = {
        field
        for (variable, field), methods in CARRIERS.items()
        if variable == "llm" and method in methods
    }
    assert whole(method).attributes.keys() == carried


@pytest.mark.parametrize("method", PATHS)
def test_every_attribute_has_the_declared_type(method: str) -> None:
    found = whole(method)
    attributes_pb2.Llm(**found.attributes)  # pyright: ignore[reportArgumentType]
    uses = [Use("llm", name, None) for name in found.attributes]
    principal = Principal(PrincipalKind.KEY, "", "tester")
    bound = bind(uses, found, principal, RequestContext(head(), "models", 0, "agents"))["llm"]
    assert isinstance(bound, attributes_pb2.Llm)
    assert {field.name for field, _ in bound.ListFields()} == found.attributes.keys()


def test_the_attributes_are_those_of_the_request() -> None:
    found = whole("messages").attributes
    assert found == {
        "method": "messages",
        "protocol": "anthropic",
        "model": MODEL,
        "stream": True,
        "max_tokens": 100,
        "temperature": 1.0,
        "top_p": 0.5,
        "roles": ["system", "user"],
        "message_count": 1,
        "text_bytes": 9,
        "part_types": ["text", "image"],
        "urls": ["https://i.example"],
        "tools": ["a"],
        "tool_types": ["custom"],
        "tool_choice": "any",
        "mcp_urls": ["https://mcp.example"],
        "mcp_labels": ["m"],
        "mcp_tools": ["*"],
        "user": "u-1",
        "service_tier": "auto",
        "metadata": {"user_id": "u-1", "other": 1},
        "betas": ["one", "two"],
        "version": "2023-06-01",
        "body": body(**EVERYTHING),
    }


def test_the_call_names_its_model_and_has_no_id() -> None:
    found = call()
    assert (found.protocol, found.method, found.kind) == ("anthropic", "messages", Kind.REQUEST)
    assert (found.target, found.version, found.id, found.implied) == (MODEL, "2023-06-01", None, ())


def test_what_is_absent_or_null_has_no_entry() -> None:
    bare: dict[str, Any] = {"stream": None, "temperature": None, "metadata": None, "tools": None}
    expected = ["body", "max_tokens", "message_count", "method", "model", "part_types", "protocol"]
    assert sorted(attributes(**bare)) == [*expected, "roles", "text_bytes", "version"]


def test_counting_needs_no_bound_and_has_none() -> None:
    found = attributes(PATHS["messages/count_tokens"], max_tokens=...)
    assert "max_tokens" not in found
    assert refusal(max_tokens=...).message == "max_tokens is required"
    assert refusal(max_tokens=None).reason is Reason.INVALID_PARAMS


@pytest.mark.parametrize("most", [0, 1, 2**63 - 1])
def test_a_bound_of_zero_is_one(most: int) -> None:
    assert attributes(max_tokens=most)["max_tokens"] == most


WRONG: dict[str, dict[str, Any]] = {
    "no model": {"model": ...},
    "an empty model": {"model": ""},
    "a model that is a number": {"model": 0},
    "a bound that is a string": {"max_tokens": "1"},
    "a bound that is a float": {"max_tokens": 1.0},
    "a bound that is true": {"max_tokens": True},
    "a negative bound": {"max_tokens": -1},
    "a bound over int64": {"max_tokens": 2**63},
    "a stream that is a string": {"stream": "true"},
    "a stream that is a number": {"stream": 1},
    "a temperature that is a string": {"temperature": "1"},
    "top_p that is a list": {"top_p": [1]},
    "metadata that is a string": {"metadata": "u"},
    "a user that is a number": {"metadata": {"user_id": 1}},
    "a mimicked user": {"metadata": {"User_ID": "u"}},
    "a service tier that is a list": {"service_tier": ["auto"]},
    "a mimicked model": {"Model": "other"},
    "a mimicked stream": {"\u017ftream": True},
    "a mimicked model with a NUL": {"model\0": "other"},
}


@pytest.mark.parametrize("members", WRONG.values(), ids=WRONG)
def test_what_has_a_wrong_type_is_refused(members: dict[str, Any]) -> None:
    refused = refusal(**members)
    assert refused.reason is Reason.INVALID_PARAMS
    assert "other" not in refused.message


@pytest.mark.parametrize("value", [None, 1, "x", [], [body()]])
def test_a_body_that_is_no_object_is_refused(value: Any) -> None:
    refused = opened().deframe(encode(value))
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.INVALID_PARAMS


ALIASES = {"claude": "claude-small-1", "q": 'quo"te\u2028', "other": "further-1"}


def test_an_alias_is_replaced_and_everything_else_stays() -> None:
    text = (
        '{ "max_tokens":1e0, "x":{"model":"claude"},\n "model" : "claude",'
        '"messages":[], "n": 1.50, "tools":[{"type":"a","model":"other"}] ,'
        '"fallbacks":[{"model":"kept"},{"model":"other"}]}'
    ).replace("1e0", "1")
    found = opened(using=plugin(aliases=ALIASES)).deframe(text.encode())
    assert isinstance(found, Deframed)
    assert [found.calls[0].target, *(one.target for one in found.calls[0].implied)] == [
        "claude",
        "other",
        "kept",
        "other",
    ]
    expected = text.replace(': "claude",', ': "claude-small-1",').replace("other", "further-1")
    assert found.body == expected.encode()


def test_an_alias_can_be_any_string() -> None:
    found = opened(using=plugin(aliases=ALIASES)).deframe(encode(body(model="q")))
    assert isinstance(found, Deframed)
    assert found.body is not None
    assert json.loads(found.body) == body(model='quo"te\u2028')


def test_an_alias_is_looked_up_once() -> None:
    aliases = {"a": "b", "b": "c"}
    found = opened(using=plugin(aliases=aliases)).deframe(encode(body(model="a")))
    assert isinstance(found, Deframed)
    assert json.loads(found.body or b"")["model"] == "b"


def test_a_body_without_an_alias_goes_on_untouched() -> None:
    found = opened(using=plugin(aliases=ALIASES)).deframe(encode(body()))
    assert isinstance(found, Deframed)
    assert found.body is None


KEYS = (
    "type text content source url data input tool tool_changes definition name model max_tokens "
    "mcp_server_name default_config configs enabled allowed_tools server_name user_id role"
)
MEMBERS = (
    "model max_tokens messages system stream temperature top_p tools tool_choice mcp_servers "
    "fallbacks metadata service_tier"
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(MEMBERS.split()), VALUES)


@given(st.sampled_from(list(PATHS)), BODIES)
def test_whatever_members_hold_the_attributes_have_the_declared_types(
    method: str, members: dict[str, Any]
) -> None:
    found = deframe(PATHS[method], **members)
    if isinstance(found, Refusal):
        assert found.reason in {Reason.INVALID_PARAMS, Reason.INVALID_REQUEST, Reason.PARSE_ERROR}
        return
    for one in (found.calls[0], *found.calls[0].implied):
        values = {name: value for name, value in one.attributes.items() if name != "body"}
        attributes_pb2.Llm(**values)  # pyright: ignore[reportArgumentType]
        assert all(method in CARRIERS["llm", name] for name in one.attributes)


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_unknown_members_survive(members: dict[str, Any]) -> None:
    sent = encode(body() | {f"x-{key}": value for key, value in members.items()})
    found = opened().deframe(sent)
    if isinstance(found, Deframed):
        assert json.loads(found.body or sent) == json.loads(sent)
