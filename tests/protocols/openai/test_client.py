"""A head that no body could make acceptable ends at once."""

import pytest

from gateway.model.refusal import Reason, Refusal
from gateway.protocols.openai.client import Asked, asked
from tests.protocols.openai.clients import FORM, JSON, ORIGIN, Lines, head


def ask(path: str, lines: Lines = JSON, method: str = "POST") -> Asked | Refusal:
    return asked(head(path, lines, method), "/v1", frozenset([ORIGIN]))


@pytest.mark.parametrize(
    ("path", "lines", "method", "name"),
    [
        ("chat/completions", JSON, "POST", "chat/completions"),
        ("chat/completions?api-version=1", JSON, "POST", "chat/completions"),
        ("chat/completions", (("content-type", "Application/JSON; charset=UTF-8"),), "POST", None),
        ("images/edits", FORM, "POST", None),
        ("images/edits", JSON, "POST", None),
        ("responses/r/cancel", (), "POST", None),
        ("responses/r/cancel", JSON, "POST", None),
        ("models", (), "GET", "models/list"),
        ("models", (("content-length", "0"), *JSON), "GET", None),
        ("responses/r?include[]=a&include[]=b&stream=true", (), "GET", "responses/get"),
        ("chat/completions", (*JSON, ("origin", ORIGIN.upper())), "POST", None),
    ],
)
def test_a_head_is_acceptable(path: str, lines: Lines, method: str, name: str | None) -> None:
    found = ask(path, lines, method)
    assert isinstance(found, Asked)
    assert name in {None, found.endpoint.method}


@pytest.mark.parametrize(
    ("path", "lines", "method", "reason"),
    [
        ("chat/completions/", JSON, "POST", Reason.INVALID_REQUEST),
        ("chat//completions", JSON, "POST", Reason.INVALID_REQUEST),
        ("x/%2e%2e/chat/completions", JSON, "POST", Reason.INVALID_REQUEST),
        ("chat%2Fcompletions", JSON, "POST", Reason.INVALID_REQUEST),
        ("chat/completions?a;b", JSON, "POST", Reason.INVALID_REQUEST),
        ("chat/completions?model=x", JSON, "POST", Reason.INVALID_PARAMS),
        ("chat/completions?Model=x", JSON, "POST", Reason.INVALID_PARAMS),
        ("chat/completions?model[]=x", JSON, "POST", Reason.INVALID_PARAMS),
        ("chat/completions?%6dodel=x", JSON, "POST", Reason.INVALID_PARAMS),
        ("Chat/Completions", JSON, "POST", Reason.UNKNOWN_METHOD),
        ("batches", JSON, "POST", Reason.UNKNOWN_METHOD),
        ("chat/completions", JSON, "GET", Reason.METHOD_NOT_ALLOWED),
        ("chat/completions", JSON, "post", Reason.METHOD_NOT_ALLOWED),
        ("models", (), "HEAD", Reason.METHOD_NOT_ALLOWED),
        ("models/a", (), "DELETE", Reason.METHOD_NOT_ALLOWED),
        ("chat/completions", (), "POST", Reason.UNSUPPORTED_MEDIA),
        ("chat/completions", FORM, "POST", Reason.UNSUPPORTED_MEDIA),
        ("chat/completions", (("content-type", "text/plain"),), "POST", Reason.UNSUPPORTED_MEDIA),
        ("chat/completions", (*JSON, *JSON), "POST", Reason.HEADER_MISMATCH),
        ("chat/completions", (("content-type", "application/jsonx"),), "POST", None),
        ("chat/completions", (("content-type", "application/json; x=1"),), "POST", None),
        ("chat/completions", (("content-type", "application/json; charset=utf-16"),), "POST", None),
        ("files", JSON, "POST", Reason.UNSUPPORTED_MEDIA),
        ("responses/r/cancel", FORM, "POST", Reason.UNSUPPORTED_MEDIA),
        ("models", (("content-length", "2"),), "GET", Reason.INVALID_REQUEST),
        ("models", (("transfer-encoding", "chunked"),), "GET", Reason.INVALID_REQUEST),
        ("files?purpose=a&purpose=b", (), "GET", Reason.INVALID_PARAMS),
        ("files?Purpose=a", (), "GET", Reason.INVALID_PARAMS),
        ("files?purpose=a&purpose[]=b", (), "GET", Reason.INVALID_PARAMS),
        ("responses/r/cancel?input=x", (), "POST", Reason.INVALID_PARAMS),
        ("models", (("origin", "https://evil.example"),), "GET", Reason.DENIED),
        ("models", (("origin", ORIGIN), ("origin", "null")), "GET", Reason.DENIED),
    ],
)
def test_a_head_is_refused(path: str, lines: Lines, method: str, reason: Reason | None) -> None:
    found = ask(path, lines, method)
    assert isinstance(found, Refusal)
    assert found.reason is (reason or Reason.UNSUPPORTED_MEDIA)


def test_a_405_says_what_is_allowed() -> None:
    found = ask("responses/r", (), "PUT")
    assert isinstance(found, Refusal)
    assert found.headers == (("allow", "GET, DELETE"),)


def test_attributes_of_path_and_query_are_read() -> None:
    for path, attributes in (
        ("responses/resp%5F1", {"response_id": "resp_1"}),
        ("models/org/a", {"model": "org/a"}),
        ("files/f1/content", {"file_id": "f1"}),
        ("files?purpose=user%5Fdata&limit=1", {"purpose": "user_data"}),
        ("files", {}),
    ):
        found = ask(path, (), "GET")
        assert isinstance(found, Asked)
        assert found.attributes == attributes


def test_the_boundary_is_that_of_the_header() -> None:
    form, json = ask("images/edits", FORM), ask("images/edits")
    assert isinstance(form, Asked)
    assert isinstance(json, Asked)
    assert (form.boundary, json.boundary) == ("b0", None)
