"""A message is exactly one of request, notification and response."""

from typing import Any

import pytest

from gateway.wire.jsonrpc import InvalidMessage, Message, MessageKind, classify, error_object


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"id": 0, "method": "a"}, Message(MessageKind.REQUEST, "a", 0, None)),
        ({"id": "", "method": "a"}, Message(MessageKind.REQUEST, "a", "", None)),
        (
            {"id": 2**70, "method": "a", "params": [1]},
            Message(MessageKind.REQUEST, "a", 2**70, [1]),
        ),
        ({"method": "a", "x": 1}, Message(MessageKind.NOTIFICATION, "a", None, None)),
        ({"id": 1, "result": None}, Message(MessageKind.RESPONSE, "", 1, None)),
        ({"id": 1, "error": {}}, Message(MessageKind.RESPONSE, "", 1, None)),
    ],
)
def test_the_kind_follows_from_the_members(value: dict[str, Any], message: Message) -> None:
    assert classify({"jsonrpc": "2.0", **value}) == message


@pytest.mark.parametrize(
    ("value", "ident"),
    [
        ({"id": 1, "method": "a", "result": {}}, 1),
        ({"id": 1, "method": "a", "error": {}}, 1),
        ({"id": "x", "method": None}, "x"),
        ({"id": 1, "method": "a", "Params": {}}, 1),
        ({"id": 1, "method": "a", "jsonrpc": 2.0}, 1),
        ({"id": None, "method": "a"}, None),
        ({"id": 1.0, "method": "a"}, None),
        ({"id": False, "method": "a"}, None),
        ({"id": 1}, None),
        ({"id": 1, "result": 1, "error": {}}, None),
        ({"id": 1, "error": "x"}, None),
        ({"result": 1}, None),
    ],
)
def test_an_invalid_message_keeps_the_id_that_a_client_waits_for(
    value: dict[str, Any], ident: int | str | None
) -> None:
    found = classify({"jsonrpc": "2.0", **value})
    assert isinstance(found, InvalidMessage)
    assert found.id == ident


@pytest.mark.parametrize("value", [None, 1, "x", [], [{}], True])
def test_only_an_object_is_a_message(value: Any) -> None:
    assert isinstance(classify(value), InvalidMessage)


def test_an_error_has_no_id_and_no_data_unless_given() -> None:
    assert error_object(-1, "m", {}, None) == {
        "jsonrpc": "2.0",
        "error": {"code": -1, "message": "m"},
    }
    assert error_object(-1, "m", {"a": 1}, 0) == {
        "jsonrpc": "2.0",
        "id": 0,
        "error": {"code": -1, "message": "m", "data": {"a": 1}},
    }
