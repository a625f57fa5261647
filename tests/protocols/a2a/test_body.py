import gzip

import pytest

from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a.body import Body, read_json
from tests.protocols.a2a.clients import JSON, LIMIT, Lines, head

TYPES = ("application/json", "application/a2a+json")


def read(body: bytes, lines: Lines = JSON, limit: int = LIMIT) -> Body | Refusal:
    return read_json(head(lines), body, limit, TYPES)


def test_canonical_bytes_go_on_untouched() -> None:
    found = read(b'{"a": 1.0}')
    assert isinstance(found, Body)
    assert (found.document.value, found.replacement) == ({"a": 1.0}, None)
    assert (found.drop, found.set) == ((), ())


def test_an_inflated_body_goes_on_plain() -> None:
    lines = (*JSON, ("content-encoding", "gzip"), ("content-digest", "x"))
    found = read(gzip.compress(b'{"a":1}', mtime=0), lines)
    assert isinstance(found, Body)
    assert found.replacement == b'{"a":1}'
    assert found.drop == ("content-encoding", "content-digest")


def test_escaped_keys_go_on_in_their_shortest_spelling() -> None:
    found = read(b'{"\\u0061":1}')
    assert isinstance(found, Body)
    assert found.replacement == b'{"a":1}'


@pytest.mark.parametrize("media_type", TYPES)
def test_a_media_type_goes_on_in_one_spelling(media_type: str) -> None:
    found = read(b"{}", (("content-type", f"{media_type.upper()}; charset=UTF-8"),))
    assert isinstance(found, Body)
    assert found.set == (("content-type", media_type),)
    exact = read(b"{}", (("content-type", media_type),))
    assert isinstance(exact, Body)
    assert exact.set == ()


@pytest.mark.parametrize(
    ("body", "lines", "reason"),
    [
        (b"{}", (), Reason.UNSUPPORTED_MEDIA),
        (b"{}", (("content-type", "text/plain"),), Reason.UNSUPPORTED_MEDIA),
        (b"{}", (("content-type", "application/jsonx"),), Reason.UNSUPPORTED_MEDIA),
        (b"{}", (*JSON, ("content-encoding", "br")), Reason.UNSUPPORTED_MEDIA),
        (b"{}", (*JSON, ("content-encoding", "gzip")), Reason.PARSE_ERROR),
        (b"", JSON, Reason.PARSE_ERROR),
        (b"{}{}", JSON, Reason.PARSE_ERROR),
        (b"\xef\xbb\xbf{}", JSON, Reason.PARSE_ERROR),
        ("{}".encode("utf-16"), JSON, Reason.PARSE_ERROR),
        (b'{"a":"\\ud800"}', JSON, Reason.PARSE_ERROR),
        (b'{"a":1,"a":2}', JSON, Reason.INVALID_REQUEST),
        (b"[" * 90 + b"]" * 90, JSON, Reason.INVALID_REQUEST),
        (b" " * LIMIT + b"{}", JSON, Reason.TOO_LARGE),
        (
            gzip.compress(b" " * LIMIT + b"{}", mtime=0),
            (*JSON, ("content-encoding", "gzip")),
            Reason.TOO_LARGE,
        ),
    ],
)
def test_anything_else_is_refused(body: bytes, lines: Lines, reason: Reason) -> None:
    found = read(body, lines)
    assert isinstance(found, Refusal)
    assert found.reason is reason
