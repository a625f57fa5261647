"""What of a call Envoy is told: every attribute is either told or withheld."""

from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.call import Call, Kind
from gateway.pipeline.disclosure import (
    LIST_LIMIT,
    LISTED_LIMIT,
    TEXT_LIMIT,
    TOLD,
    VARIABLES,
    WITHHELD,
    Bounds,
    disclosed,
    origin,
    plain_uri,
)
from gateway.policy import attributes_pb2
from gateway.protocols.registry import protocol_names

MESSAGES = {"mcp": attributes_pb2.Mcp, "llm": attributes_pb2.Llm, "a2a": attributes_pb2.A2a}
SECRET = "s3cret"


def call(protocol: str, /, **attributes: Any) -> Call:
    return Call(protocol, "m", Kind.REQUEST, version="v", attributes=attributes)


def shown(protocol: str, /, **attributes: Any) -> dict[str, Any]:
    """What is told beyond what every call has."""
    always = {"method", "kind", "protocol", "version"}
    told = disclosed(call(protocol, **attributes), VARIABLES[protocol], Bounds())
    return {name: value for name, value in told.items() if name not in always}


@pytest.mark.parametrize("variable", MESSAGES)
def test_every_attribute_is_either_told_or_withheld(variable: str) -> None:
    fields = {field.name for field in MESSAGES[variable].DESCRIPTOR.fields}
    assert TOLD[variable].keys() | WITHHELD[variable].keys() == fields
    assert not TOLD[variable].keys() & WITHHELD[variable].keys()


@pytest.mark.parametrize("variable", MESSAGES)
def test_what_is_free_form_is_never_told(variable: str) -> None:
    for field in MESSAGES[variable].DESCRIPTOR.fields:
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            assert field.name in WITHHELD[variable]


@pytest.mark.parametrize("protocol", VARIABLES)
def test_what_is_withheld_does_not_go_out(protocol: str) -> None:
    values = dict.fromkeys(WITHHELD[VARIABLES[protocol]], SECRET)
    assert shown(protocol, **values) == {}


@pytest.mark.parametrize("protocol", VARIABLES)
def test_what_is_told_goes_out_by_its_name_and_with_its_type(protocol: str) -> None:
    variable = VARIABLES[protocol]
    kinds: dict[int, Any] = {
        FieldDescriptor.TYPE_STRING: "https://host.example",
        FieldDescriptor.TYPE_BOOL: False,
        FieldDescriptor.TYPE_INT64: 0,
        FieldDescriptor.TYPE_DOUBLE: 0.5,
    }
    fields = {field.name: field for field in MESSAGES[variable].DESCRIPTOR.fields}
    values: dict[str, Any] = {}
    for name in TOLD[variable]:
        value = kinds[fields[name].type]
        values[name] = [value] if fields[name].is_repeated else value
    always = {"method", "kind", "protocol", "version"}
    assert shown(protocol, **values) == {k: v for k, v in values.items() if k not in always}


def test_every_protocol_has_a_variable() -> None:
    assert set(VARIABLES) == set(protocol_names())


def test_long_text_is_cut_and_says_so() -> None:
    bounds = Bounds()
    assert (
        disclosed(call("mcp", name="x" * 300), VARIABLES["mcp"], bounds)["name"] == "x" * TEXT_LIMIT
    )
    assert bounds.cut
    fits = Bounds()
    disclosed(call("mcp", name="x" * TEXT_LIMIT), VARIABLES["mcp"], fits)
    assert not fits.cut


def test_a_list_keeps_its_first_entries() -> None:
    bounds = Bounds()
    told = disclosed(call("openai", roles=[str(n) for n in range(20)]), VARIABLES["openai"], bounds)
    assert told["roles"] == [str(n) for n in range(LIST_LIMIT)]
    assert bounds.cut


def test_lists_that_are_too_much_together_are_left_out() -> None:
    bounds = Bounds()
    wide = ["x" * 200] * 10
    told = disclosed(
        call("openai", tools=wide, mcp_tools=wide, model="m"), VARIABLES["openai"], bounds
    )
    assert told["tools"] == wide
    assert "mcp_tools" not in told
    assert told["model"] == "m"
    assert bounds.cut


@pytest.mark.parametrize("number", [1 << 54, float("inf"), float("-inf"), float("nan"), 10**400])
def test_a_number_that_no_struct_has_is_left_out(number: float) -> None:
    bounds = Bounds()
    assert "max_tokens" not in disclosed(
        call("openai", max_tokens=number), VARIABLES["openai"], bounds
    )
    assert bounds.cut


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("file:///a/b", "file:///a/b"),
        (f"https://host/a?token={SECRET}", "https://host/a"),
        (f"https://host/a#{SECRET}", "https://host/a"),
        (f"https://u:{SECRET}@host:81/a", "https://host:81/a"),
        (f"https://u:{SECRET}@host", "https://host"),
        ("mail:a@b", "mail:a@b"),
        ("https://host/@name/x", "https://host/@name/x"),
        ("notes", "notes"),
        ("data:notes", "data:notes"),
        (f"Data:text/plain,{SECRET}", "data:"),
        (f"https://u:{SECRET}\\@host/a", "https://"),
    ],
)
def test_a_resource_is_told_without_what_may_be_secret_in_its_uri(uri: str, told: str) -> None:
    assert plain_uri(uri) == told
    assert shown("mcp", uri=uri, resource_subscriptions=[uri]) == {
        "uri": told,
        "resource_subscriptions": [told],
    }


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"https://host:8443/{SECRET}?a={SECRET}", "https://host:8443"),
        (f"https://u:{SECRET}@host/{SECRET}", "https://host"),
        (f"data:image/png;base64,{SECRET}", "data:"),
        ("HTTP://Host", "HTTP://Host"),
        (f"{SECRET}//{SECRET}", ""),
        (SECRET, ""),
        ("//host/a", ""),
        ("https://one.example\\@other.example/", ""),
    ],
)
def test_of_other_urls_only_the_origin_is_told(url: str, told: str) -> None:
    assert origin(url) == told
    assert shown("a2a", push_urls=[url, url]) == {"push_urls": [told]}


TEXTS = st.text(max_size=400)
ANY = TEXTS | st.lists(TEXTS, max_size=40) | st.booleans() | st.integers() | st.floats()


@given(st.sampled_from(sorted(VARIABLES)), st.data())
def test_whatever_a_call_holds_its_metadata_is_small(protocol: str, data: st.DataObject) -> None:
    variable = VARIABLES[protocol]
    names = sorted([*TOLD[variable], *WITHHELD[variable]])
    values = data.draw(st.dictionaries(st.sampled_from(names), ANY))
    told = disclosed(call(protocol, **values), variable, Bounds())
    texts = [value for value in told.values() if isinstance(value, str)]
    listed = [one for value in told.values() if isinstance(value, list) for one in value]
    assert all(len(text) <= TEXT_LIMIT for text in texts)
    assert sum(len(str(one)) for one in listed) <= LISTED_LIMIT
    assert not set(told) & WITHHELD[variable].keys()
    for text in texts:
        text.encode()
