from collections.abc import Iterator
from typing import Any

import pytest
from a2a.compat.v0_3 import a2a_v0_3_pb2 as v03
from google.protobuf.json_format import MessageToDict, ParseDict

from gateway.model.jsonvalue import JsonObject
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.protonames import proto_name, with_json_names

BODY: JsonObject = {
    "message": {
        "messageId": "m",
        "content": [{"file": {"fileWithUri": "https://a.example", "mimeType": "a/b"}}],
        "metadata": {"snake_case": 1, "camelCase": 2},
    },
    "configuration": {"acceptedOutputModes": ["a/b"], "pushNotification": {"url": "u"}},
}


def test_both_official_spellings_are_the_same() -> None:
    message = ParseDict(BODY, v03.SendMessageRequest())
    snake = MessageToDict(message, preserving_proto_field_name=True)
    assert "request" in snake
    assert with_json_names("SendMessage", snake) == BODY
    assert with_json_names("SendMessage", BODY) == BODY


def fields(message: Any) -> Iterator[tuple[str, str]]:
    for field in message.fields:
        yield field.json_name, field.name
        if field.message_type and field.message_type.file is message.file:
            yield from fields(field.message_type)


def test_the_names_are_those_of_the_proto_file() -> None:
    for message in (v03.SendMessageRequest, v03.CreateTaskPushNotificationConfigRequest):
        for json_name, name in fields(message.DESCRIPTOR):
            assert proto_name(json_name) == name


@pytest.mark.parametrize(
    "body",
    [
        {"message": {}, "request": {}},
        {"request": {"messageId": "a", "message_id": "a"}},
        {"request": {"content": [{"file": {"mimeType": "a", "mime_type": "b"}}]}},
        {"configuration": {"pushNotification": None, "push_notification": None}},
    ],
)
def test_a_field_under_two_names_is_refused(body: JsonObject) -> None:
    with pytest.raises(WrongError, match="two names"):
        with_json_names("SendMessage", body)


def test_what_is_no_field_stays() -> None:
    body: JsonObject = {"other_key": {"message_id": 1}, "metadata": {"message_id": 1}, "message": 7}
    assert with_json_names("SendMessage", body) == body
