"""What the spans of requests without a message are called."""

import pytest

from gateway.model.head import RequestHead
from gateway.telemetry.spans.http import describe


@pytest.mark.parametrize(
    ("method", "name", "told"),
    [("GET", "GET /mcp", "GET"), ("POST", "POST /mcp", "POST"), ("MADE-UP", "HTTP /mcp", "_OTHER")],
)
def test_a_request_is_named_by_its_route_and_a_method_that_http_knows(
    method: str, name: str, told: str
) -> None:
    described = describe(RequestHead(method, "/mcp?session=secret"), "/mcp")
    assert described.name == name
    assert described.attributes == {"http.request.method": told, "http.route": "/mcp"}
