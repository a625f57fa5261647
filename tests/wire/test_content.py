"""Bodies are inflated under a cap, and a coding that lies is found."""

import gzip
import zlib

import pytest

from gateway.wire.content import CodingFault, Plain, is_media_type, plain_body

BODY = b"{}" * 50


@pytest.mark.parametrize("encoding", [None, "identity", " Identity "])
def test_a_plain_body_stays(encoding: str | None) -> None:
    assert plain_body(BODY, encoding, 100) == Plain(BODY, inflated=False)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(BODY, mtime=0)),
        ("GZip", gzip.compress(BODY, mtime=0)),
        ("deflate", zlib.compress(BODY)),
    ],
)
def test_a_coded_body_is_inflated_up_to_the_limit(encoding: str, body: bytes) -> None:
    assert plain_body(body, encoding, 100) == Plain(BODY, inflated=True)
    assert plain_body(body, encoding, 99) is CodingFault.TOO_LARGE


def test_a_bomb_is_not_inflated_beyond_the_limit() -> None:
    bomb = gzip.compress(bytes(50_000_000), mtime=0)
    assert plain_body(bomb, "gzip", 1_000) is CodingFault.TOO_LARGE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        BODY,
        gzip.compress(BODY, mtime=0)[:-1],
        gzip.compress(BODY, mtime=0) + gzip.compress(b"", mtime=0),
    ],
)
def test_a_body_that_is_not_what_its_header_says_is_broken(body: bytes) -> None:
    assert plain_body(body, "gzip", 1_000) is CodingFault.BROKEN


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "zstd", "x"])
def test_other_codings_are_unknown(encoding: str) -> None:
    assert plain_body(BODY, encoding, 1_000) is CodingFault.UNKNOWN


def test_a_plain_body_has_the_same_limit() -> None:
    assert plain_body(BODY, None, 99) is CodingFault.TOO_LARGE


def test_the_media_type_is_exact() -> None:
    assert is_media_type("APPLICATION/json ; charset=UTF-8", "application/json")
    assert not is_media_type("application/json+x", "application/json")
    assert not is_media_type("application/json; charset=latin-1", "application/json")
