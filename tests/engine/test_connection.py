import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.connection import BadRequestError, Reader, Request

SIZED = b"POST /v1/x?a=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /v1/x?a=1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"
)


def read(data: bytes, pieces: list[int]) -> list[Request]:
    """What a reader makes of `data` that comes cut at `pieces`."""
    reader, found, start = Reader(), list[Request](), 0
    for end in [*sorted(pieces), len(data)]:
        reader.feed(data[start:end])
        start = end
        while request := reader.request():
            found.append(request)
    return found


@given(st.sampled_from([SIZED, CHUNKED]), st.lists(st.integers(0, len(SIZED)), max_size=8))
def test_requests_are_read_whole_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    requests = read(data + data, cuts)
    assert [request.body for request in requests] == [b"hello", b"hello"]
    assert requests[0].path == "/v1/x"
    assert requests[0].query == {"a": "1"}
    assert requests[0].headers["host"] == "h"


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"a" * 70_000,
    ],
)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises((BadRequestError, ValueError)):
        read(data, [])


def test_a_client_that_waits_for_permission_is_told_once() -> None:
    reader = Reader()
    reader.feed(b"POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
    assert reader.request() is None
    assert [reader.take_expectation(), reader.take_expectation()] == [True, False]
    reader.feed(b"ok")
    request = reader.request()
    assert request is not None
    assert request.body == b"ok"
