import gzip

import pytest

from gateway.model.head import Headers
from gateway.model.refusal import Reason, Refusal
from gateway.wire.content import Plain
from gateway.wire.requestbody import document_of, outdated, without_coding
from gateway.wire.strictjson import Document

LIMIT = 100


def coded(*codings: str) -> Headers:
    return Headers([("content-encoding", coding) for coding in codings])


def test_a_coded_body_is_read_without_its_coding() -> None:
    plain = without_coding(coded("gzip"), gzip.compress(b"{}", mtime=0), LIMIT)
    assert plain == Plain(b"{}", inflated=True)


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        (coded("br"), b"{}", Reason.UNSUPPORTED_MEDIA),
        (coded("gzip", "gzip"), gzip.compress(b"{}", mtime=0), Reason.UNSUPPORTED_MEDIA),
        (coded("gzip"), b"{}", Reason.PARSE_ERROR),
        (coded("gzip"), gzip.compress(b" " * (LIMIT + 1), mtime=0), Reason.TOO_LARGE),
        (Headers(), b" " * (LIMIT + 1), Reason.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_whole_is_refused(
    headers: Headers, body: bytes, reason: Reason
) -> None:
    refusal = without_coding(headers, body, LIMIT)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", Reason.PARSE_ERROR),
        (b"\xef\xbb\xbf{}", Reason.PARSE_ERROR),
        (b'{"a":"\\ud800"}', Reason.PARSE_ERROR),
        (b'{"a":1,"a":2}', Reason.INVALID_REQUEST),
        (b"[" * 65 + b"]" * 65, Reason.INVALID_REQUEST),
        (b" " * (LIMIT + 51), Reason.TOO_LARGE),
    ],
)
def test_what_is_no_strict_document_is_refused_with_its_reason(body: bytes, reason: Reason) -> None:
    refusal = document_of(body, LIMIT + 50)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is reason


def test_a_strict_document_is_its_value() -> None:
    document = document_of(b'{"a":1}', LIMIT)
    assert isinstance(document, Document)
    assert document.value == {"a": 1}


def test_digests_describe_the_body_only_as_long_as_it_goes_on_as_it_came() -> None:
    headers = Headers([("digest", "x"), ("content-encoding", "gzip"), ("accept", "y")])
    assert outdated(headers, replaced=False) == ("content-encoding",)
    assert outdated(headers, replaced=True) == ("content-encoding", "digest")
