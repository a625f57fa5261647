import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guardrails.provider import Direction
from gateway.server.model_armor_request import BadRequestError, ClientText, read_request

LIMIT = 10_000


def read(value: Any, direction: Direction = Direction.REQUEST) -> str:
    found = read_request(json.dumps(value).encode(), direction, LIMIT)
    assert found.direction is direction
    return found.text


def item(**values: Any) -> dict[str, Any]:
    return {"userPromptData": {"byteItem": values}}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_text_is_read_in_both_spellings() -> None:
    assert read({"userPromptData": {"text": "a"}}) == "a"
    assert read({"user_prompt_data": {"text": "a"}}) == "a"
    assert read({"modelResponseData": {"text": "a"}}, Direction.RESPONSE) == "a"
    assert read({"model_response_data": {"text": "a"}}, Direction.RESPONSE) == "a"


def test_what_changes_nothing_here_may_stand_beside_it() -> None:
    value = {
        "model_response_data": {"text": "a"},
        "user_prompt": "b",
        "multi_language_detection_metadata": {"source_language": "de"},
        "streamingMode": 1,
    }
    assert read(value, Direction.RESPONSE) == "a"


@pytest.mark.parametrize("kind", ["PLAINTEXT_UTF8", "TXT", "CSV", 1])
def test_a_byte_item_of_text_is_read(kind: str | int) -> None:
    assert read(item(byteDataType=kind, byteData=encoded("größe"))) == "größe"
    snake = {"byte_item": {"byte_data_type": kind, "byte_data": encoded("größe?>")}}
    assert read({"user_prompt_data": snake}) == "größe?>"


def test_base64_may_be_url_safe_and_without_padding() -> None:
    data = base64.urlsafe_b64encode("ÿÿ>?".encode()).decode().rstrip("=")
    assert read(item(byteDataType="TXT", byteData=data)) == "ÿÿ>?"


WRONG: list[Any] = [
    None,
    [],
    {},
    {"userPromptData": None},
    {"userPromptData": {}},
    {"userPromptData": {"text": 1}},
    {"userPromptData": {"text": "s3cret", "byteItem": {}}},
    {"userPromptData": {"text": "s3cret"}, "user_prompt_data": {"text": "s3cret"}},
    {"userPromptData": {"text": "s3cret"}, "unknown": 1},
    {"modelResponseData": {"text": "s3cret"}},
    item(),
    item(byteDataType="PDF", byteData=encoded("s3cret")),
    item(byteDataType=2, byteData=encoded("s3cret")),
    item(byteDataType=True, byteData=encoded("s3cret")),
    item(byteDataType=["TXT"], byteData=encoded("s3cret")),
    item(byteDataType="TXT", byteData="s3cret!"),
    item(byteDataType="TXT", byteData="/w=="),
    item(byteDataType="TXT", byteData=1),
    item(byteDataType="TXT", byteData=encoded("s3cret"), more=1),
]


@pytest.mark.parametrize("value", WRONG, ids=str)
def test_anything_else_is_a_bad_request_that_quotes_nothing(value: Any) -> None:
    with pytest.raises(BadRequestError) as raised:
        read(value)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a":1,"a":2}', b"\xff", b" " * (LIMIT + 1)], ids=range(5)
)
def test_a_body_that_is_not_one_strict_document_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequestError):
        read_request(body, Direction.REQUEST, LIMIT)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_text_or_a_bad_request(body: bytes) -> None:
    try:
        found = read_request(body, Direction.REQUEST, LIMIT)
    except BadRequestError:
        return
    assert isinstance(found, ClientText)
