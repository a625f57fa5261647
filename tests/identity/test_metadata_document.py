"""RFC 9728 documents."""

import pytest

from gateway.identity.metadata_document import (
    metadata_document,
    metadata_path,
    metadata_url,
    origin_of,
)
from gateway.model.head import RequestHead


@pytest.mark.parametrize(
    ("authority", "origin"),
    [
        ("gateway.example", "https://gateway.example"),
        ("gateway.example:8443", "https://gateway.example:8443"),
        ("[::1]:8443", "https://[::1]:8443"),
        ("compose_name", "https://compose_name"),
    ],
)
def test_the_origin_is_the_requests_own(authority: str, origin: str) -> None:
    assert origin_of(RequestHead("GET", "/", authority, "https"), None) == origin


def test_a_scheme_that_is_not_http_has_no_origin() -> None:
    assert origin_of(RequestHead("GET", "/", "a", "javascript"), None) is None


def test_the_well_known_name_goes_before_the_path() -> None:
    assert metadata_path("/mcp/a") == "/.well-known/oauth-protected-resource/mcp/a"
    assert metadata_path("/") == "/.well-known/oauth-protected-resource"
    assert metadata_url("https://a", "/b c") == (
        "https://a/.well-known/oauth-protected-resource/b%20c"
    )


def test_a_document_names_resource_servers_and_scopes() -> None:
    document = metadata_document("https://a", "/mcp", ["x", "y"], ["https://idp.example"])
    assert document == {
        "resource": "https://a/mcp",
        "authorization_servers": ["https://idp.example"],
        "scopes_supported": ["x", "y"],
        "bearer_methods_supported": ["header"],
    }


def test_members_without_a_value_are_left_out() -> None:
    assert set(metadata_document("https://a", "/mcp")) == {"resource", "bearer_methods_supported"}
