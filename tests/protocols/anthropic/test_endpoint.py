"""Paths and HTTP methods: what is served, and what everything else is told."""

import pytest

from gateway.model.refusal import Reason, Refusal
from gateway.protocols.anthropic.endpoint import Endpoint, endpoint_of
from tests.protocols.anthropic.clients import BASE, MODEL, head


@pytest.mark.parametrize(
    ("method", "path", "endpoint"),
    [
        ("POST", "/v1/messages", Endpoint("messages")),
        ("POST", "/v1/messages?beta=true", Endpoint("messages")),
        ("POST", "/v1/mess%61ges", Endpoint("messages")),
        ("POST", "/v1/messages/count_tokens", Endpoint("messages/count_tokens")),
        ("GET", "/v1/models", Endpoint("models/list")),
        ("GET", "/v1/models?after_id=a%2Fb&limit=1000", Endpoint("models/list")),
        ("GET", f"/v1/models/{MODEL}", Endpoint("models/get", MODEL)),
        ("GET", "/v1/models/claude%2D1", Endpoint("models/get", "claude-1")),
        ("GET", "/v1/models/maker/small-1", Endpoint("models/get", "maker/small-1")),
    ],
)
def test_the_api_is_served_below_the_path_of_the_route(
    method: str, path: str, endpoint: Endpoint
) -> None:
    assert endpoint_of(head(method=method, path=path), BASE) == endpoint
    assert endpoint_of(head(method=method, path=path, base=""), "/") == endpoint


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/v1",
        "/v1/",
        "/v1/messages/",
        "//v1/messages",
        "/v1//messages",
        "/v1/./messages",
        "/v1/x/../messages",
        "/v1%2Fmessages",
        "/v1/messages%2fcount_tokens",
        "/v1/messages%00",
        "/v1/messages;x",
        "/V1/messages",
        "/v1/Messages",
        "/v1/messages/batches",
        "/v1/complete",
        "/v1/models/",
        "/v1/models/%2e%2e",
        "/v1/files",
        "x/v1/messages",
    ],
)
def test_any_other_path_is_not_found(path: str) -> None:
    refused = endpoint_of(head(path=path), BASE)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.UNKNOWN_METHOD


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "post"])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_messages_are_posted(method: str, path: str) -> None:
    refused = endpoint_of(head(method=method, path=path), BASE)
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.headers) == (Reason.METHOD_NOT_ALLOWED, (("allow", "POST"),))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "get"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/x"])
def test_models_are_got(method: str, path: str) -> None:
    refused = endpoint_of(head(method=method, path=path), BASE)
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.headers) == (Reason.METHOD_NOT_ALLOWED, (("allow", "GET"),))
