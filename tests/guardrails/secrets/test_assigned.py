"""Secrets that are known by the name that they are assigned to."""

import pytest

from gateway.guardrails.secrets.assigned import ASSIGNED
from tests.guardrails.finding import finder
from tests.guardrails.secrets.issued import HEX, drawn

find = finder(ASSIGNED)
VALUE = drawn(32, HEX)
PASSWORD = "Zx9!k" + "Lm2qP"


@pytest.mark.parametrize(
    "text",
    [
        f"DATADOG_API_KEY={VALUE}",
        f'"api_key": "{VALUE}"',
        f"client_secret: {VALUE}",
        f"okta_thing = '{VALUE}'",
        f'headers["auth_token"] = "{VALUE}"',
    ],
    ids=["issuer", "json", "yaml", "issuer-alone", "index"],
)
def test_a_random_value_under_a_name_for_a_secret_is_found(text: str) -> None:
    assert ("api_key", VALUE) in find(text)


@pytest.mark.parametrize(
    "text",
    [
        f"public_key = {VALUE}",
        f"commit = {VALUE}",
        f"api_key_id = {VALUE}",
        f"token_hash={VALUE}",
        "api_key = os.environ['OPENAI_API_KEY']",
        "token = tokenizer.get_next_token(text)",
        "api_key = your-api-key-goes-here-1234",
        "secret = ${SECRET_FROM_VAULT_2}",
    ],
)
def test_names_calls_and_placeholders_are_no_finding(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    "text",
    [
        f"DB_PASSWORD={PASSWORD}",
        f'"password": "{PASSWORD}"',
        f"my password is {PASSWORD}",
        f"Server=x;User Id=sa;Password={PASSWORD};",
        f"<password>{PASSWORD}</password>",
        f"tool --password {PASSWORD}",
    ],
    ids=["env", "json", "told", "connection", "element", "option"],
)
def test_a_password_is_found_where_it_is_assigned_or_told(text: str) -> None:
    assert ("password", PASSWORD) in find(text)


@pytest.mark.parametrize(
    "text",
    [
        "password = getpass.getpass()",
        "password: ${DB_PASSWORD}",
        "the password is incorrect, and it was rejected",
        "password = 'changeme123!A'",
        "passwords must have 8 characters",
    ],
)
def test_what_is_no_password_is_no_finding(text: str) -> None:
    assert find(text) == []
