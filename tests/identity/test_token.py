"""The compact form of tokens, before anything is verified."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.token import MAX_LENGTH, decode_base64url, parse_token
from tests.identity.issuer import ISSUER, token


def test_a_token_is_taken_apart_without_believing_it() -> None:
    text = token()
    parsed = parse_token(text)
    assert parsed is not None
    assert (parsed.algorithm, parsed.key_id, parsed.claims["iss"]) == ("ES256", "ES256", ISSUER)
    assert parsed.signed.decode() == text.rpartition(".")[0]
    assert len(parsed.signature) == 64


@given(st.binary(max_size=40))
def test_base64url_has_one_spelling(raw: bytes) -> None:
    spelled = base64.urlsafe_b64encode(raw).rstrip(b"=")
    assert decode_base64url(spelled) == raw
    assert decode_base64url(spelled + b"=") is None
    assert decode_base64url(b" " + spelled) is None


@given(st.binary(max_size=40))
def test_what_decodes_is_what_would_be_encoded(data: bytes) -> None:
    raw = decode_base64url(data)
    assert raw is None or data == base64.urlsafe_b64encode(raw).rstrip(b"=")


@given(st.text() | st.text(alphabet="eyJ.", max_size=60))
def test_no_text_raises(text: str) -> None:
    assert parse_token(text) is None


def test_a_token_has_a_greatest_length() -> None:
    assert parse_token("e30.e30." + "A" * MAX_LENGTH) is None
