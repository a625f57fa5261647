"""The header that binds a request to an endpoint."""

import base64

import pytest

from gateway.sessions.placement import HEADER, binding, is_endpoint, session_endpoint


@pytest.mark.parametrize("endpoint", ["10.0.0.1:8080", "[::1]:80", "127.0.0.1:1", "1.2.3.4:65535"])
def test_an_endpoint_is_written_as_envoy_reads_it(endpoint: str) -> None:
    assert base64.b64decode(session_endpoint(endpoint), validate=True).decode() == endpoint
    assert HEADER == "x-gateway-session-endpoint"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.1",
        "10.0.0.1:",
        "10.0.0.1:0",
        "10.0.0.1:65536",
        "10.0.0.1:99999999999999999999",
        "10.0.0.1:+80",
        "10.0.0.1:٨٠",
        "10.0.0.1:80 ",
        " 10.0.0.1:80",
        "10.0.0:80",
        "[10.0.0.1]:80",
        "::1:80",
        "[::1:80",
        "[fe80::1%eth0]:80",
        "example.com:80",
        "metadata.internal:80",
        "10.0.0.1:80\r\nx: y",
    ],
)
def test_anything_else_is_no_endpoint(text: str) -> None:
    assert not is_endpoint(text)
    with pytest.raises(ValueError, match="ip:port"):
        session_endpoint(text)


def test_a_bound_request_is_never_tried_again() -> None:
    assert binding("10.0.0.1:80") == (
        (HEADER, session_endpoint("10.0.0.1:80")),
        ("x-envoy-max-retries", "0"),
    )
