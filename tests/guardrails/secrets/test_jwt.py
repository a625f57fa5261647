"""JSON Web Tokens."""

import base64

from gateway.guardrails.secrets.jwt import JWT
from tests.guardrails.finding import finder
from tests.guardrails.secrets.issued import drawn

find = finder([JWT])


def _part(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


CLAIMS = _part('{"sub":"kim"}')


def test_a_signed_token_is_found_whole() -> None:
    token = ".".join((_part('{"alg":"HS256","typ":"JWT"}'), CLAIMS, drawn(43)))
    assert find(f"Bearer {token}, thanks") == [("jwt", token)]


def test_base64_of_other_json_is_no_token() -> None:
    text = ".".join((_part('{"colour":"red","size":42}'), CLAIMS, drawn(43)))
    assert find(text) == []
