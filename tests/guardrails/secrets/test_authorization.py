"""Credentials of HTTP requests."""

import base64

import pytest

from gateway.guardrails.secrets.authorization import AUTHORIZATION
from tests.guardrails.finding import finder
from tests.guardrails.secrets.issued import drawn

find = finder(AUTHORIZATION)
TOKEN = drawn(40)
BASIC = base64.b64encode(("kim:" + "Xk3LmP7w").encode()).decode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"Authorization: Bearer {TOKEN}", TOKEN),
        (f'{{"authorization": "Token {TOKEN}"}}', TOKEN),
        (f"authorization = {TOKEN}", TOKEN),
        (f"Authorization: Basic {BASIC}", BASIC),
        (f'curl -H "X-Api-Key: {TOKEN}" https://x.example', TOKEN),
        ("curl -u kim:Xk3LmP7w! https://x.example", "kim:Xk3LmP7w!"),
    ],
    ids=["bearer", "json", "bare", "basic", "key-header", "curl-user"],
)
def test_credentials_are_found(text: str, words: str) -> None:
    assert ("http_credentials", words) in find(text)


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer $TOKEN_FROM_ENV_1",
        "Authorization: Bearer <your token here>",
        "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "authorization: required for everybody",
        'curl -u "${USER}:${PASSWORD}" https://x.example',
        "curl -u user:pass https://x.example",
    ],
)
def test_placeholders_and_the_example_of_the_rfc_are_no_finding(text: str) -> None:
    assert find(text) == []
