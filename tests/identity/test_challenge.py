"""WWW-Authenticate."""

import pytest

from gateway.identity.base import Invalid
from gateway.identity.challenge import challenge, missing_scope, unauthenticated
from gateway.identity.rules import ListenerRules
from gateway.model.head import RequestHead
from gateway.model.refusal import Reason
from tests.identity.issuer import request, rules

METADATA = "https://gateway.example/.well-known/oauth-protected-resource/mcp"


def header(result_headers: tuple[tuple[str, str], ...]) -> str:
    return dict(result_headers)["www-authenticate"]


def test_step_up_names_all_scopes_of_the_operation() -> None:
    result = missing_scope(request(), rules("jwt"), ["issues:write", "issues:read"])
    assert result.reason is Reason.MISSING_SCOPE
    assert header(result.headers) == (
        'Bearer error="insufficient_scope", scope="issues:read issues:write", '
        f'resource_metadata="{METADATA}"'
    )


def test_a_scope_that_no_challenge_can_name_is_left_out() -> None:
    result = missing_scope(request(), rules("jwt"), ["a", 'b"', "c d", "e\\", "f\r\n", ""])
    assert 'scope="a"' in header(result.headers)


def test_values_are_quoted_and_never_end_their_header() -> None:
    assert challenge({"a": 'x"y\\z'}) == 'Bearer a="x\\"y\\\\z"'
    assert challenge({"a": "b", "c": "x\r\nset-cookie: y"}) == 'Bearer a="b"'


@pytest.mark.parametrize(
    "authority", ["", 'a"b', "a b", "a/b", "a@b", "a\r\nb", "a:80:90", "a:", "ü", "a?b", "a#b"]
)
def test_an_authority_that_is_none_is_not_repeated(authority: str) -> None:
    head = RequestHead("POST", "/mcp", authority, "https")
    result = unauthenticated(head, rules("jwt"))
    assert header(result.headers) == 'Bearer realm="gatehouse"'


def test_the_configured_origin_wins_over_the_requests_own() -> None:
    configured = ListenerRules(("jwt",), resource_base="https://public.example")
    head = RequestHead("POST", '/a"b?c=d', "attacker.example", "https")
    assert header(unauthenticated(head, configured).headers) == (
        "Bearer resource_metadata="
        '"https://public.example/.well-known/oauth-protected-resource/a%22b"'
    )


def test_a_fault_of_the_gateway_is_not_challenged() -> None:
    fault = Invalid("the issuer's keys are not available", reason=Reason.OWN_FAULT)
    result = unauthenticated(request(), rules("jwt"), fault)
    assert (result.reason, result.headers) == (Reason.OWN_FAULT, ())


def test_a_bad_certificate_is_not_called_a_bad_token() -> None:
    result = unauthenticated(request(), rules("spiffe", "jwt"), Invalid("no SPIFFE ID"))
    assert "error" not in header(result.headers)
