import math
from typing import Any

import pytest

from gateway.protocols.mcp.attributes import CLIENT_INFO_KEY
from gateway.protocols.mcp.params import Wrong, attributes_of
from gateway.wire.keyfold import MAX_MEMBERS


def test_absent_and_null_values_have_no_entry() -> None:
    assert attributes_of("tools/call", {"name": "a", "arguments": None}) == {"name": "a"}


def test_tokens_become_text_and_numbers_fractions() -> None:
    found = attributes_of("notifications/progress", {"progressToken": 2**60, "progress": 3})
    assert found == {"progress_token": str(2**60), "progress": 3.0}


def test_a_methods_own_attribute_wins_over_that_of_meta() -> None:
    params: dict[str, Any] = {
        "protocolVersion": "x",
        "clientInfo": {"name": "own"},
        "_meta": {CLIENT_INFO_KEY: {"name": "other", "version": "1"}},
    }
    found = attributes_of("initialize", params)
    assert isinstance(found, dict)
    assert (found["client_name"], found["client_version"]) == ("own", "1")


def test_an_unknown_method_has_what_every_method_has() -> None:
    assert attributes_of("x/y", {"name": 1, "_meta": {"a": 1}}) == {"meta": {"a": 1}}


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("tools/call", {}, "params.name is required"),
        ("tools/call", {"name": 0}, "params.name must be a string"),
        ("tools/call", {"name": "a", "_meta": 1}, "params._meta must be an object"),
        ("tools/call", {"name": "a", "Name": "b"}, 'a key can be mistaken for "name"'),
        ("tools/call", {"name": "a", "_meta": {"TraceParent": 1}}, 'mistaken for "traceparent"'),
        ("completion/complete", {"ref": "x"}, "params.ref must be an object"),
        ("completion/complete", {"ref": {"Type": "x"}}, 'a key can be mistaken for "type"'),
        ("ping", dict.fromkeys(map(str, range(MAX_MEMBERS + 1))), "params has an object of over"),
        ("subscriptions/listen", {"notifications": {"taskIds": [1]}}, "must be a list of strings"),
        ("notifications/progress", {"progressToken": True}, "must be a string or an integer"),
        ("notifications/progress", {"progressToken": 1, "progress": math.inf}, "must be a number"),
    ],
)
def test_what_is_not_as_declared_is_refused(
    method: str, params: dict[str, Any], message: str
) -> None:
    found = attributes_of(method, params)
    assert isinstance(found, Wrong)
    assert message in found.message


def test_names_of_the_users_data_are_the_users() -> None:
    params: dict[str, Any] = {"name": "a", "arguments": {"Name": 1, "_META": {"Name": 2}}}
    assert not isinstance(attributes_of("tools/call", params), Wrong)
