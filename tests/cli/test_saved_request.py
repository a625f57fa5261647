import pytest

from gateway.cli.saved_request import SavedRequestError, path_of, read_request


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_a_whole_request_has_its_method_path_headers_and_body(end: str) -> None:
    lines = ["POST /mcp?a=1 HTTP/1.1", "Host: x", "X-Two: a", "x-two: b", "", '{"id": 1}', ""]
    head, body = read_request(end.join(lines).encode(), "tracker", "/mcp")
    assert (head.method, head.path, head.route) == ("POST", "/mcp?a=1", "tracker")
    assert head.headers.get("host") == "x"
    assert head.headers.all("x-two") == ("a", "b")
    assert body == b'{"id": 1}'


@pytest.mark.parametrize("raw", [b'{"id": 1}', b' \n[{"id": 1}]'])
def test_a_body_alone_gets_the_head_of_a_plain_post(raw: bytes) -> None:
    head, body = read_request(raw, "tracker", "/mcp")
    assert (head.method, head.path) == ("POST", "/mcp")
    assert head.headers.get("content-type") == "application/json"
    assert body == raw


@pytest.mark.parametrize("raw", [b"", b"hello", b"GET /mcp", b"GET /mcp HTTP/1.1\r\nno colon\r\n"])
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(SavedRequestError):
        read_request(raw, "tracker", "/mcp")


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"POST /mcp?a=1 HTTP/1.1\r\nhost: x\r\n\r\n{}", "/mcp?a=1"),
        (b"GET /v1/models HTTP/1.1\n\n", "/v1/models"),
        (b'{"id": 1}', None),
        (b"", None),
        (b"hello", None),
    ],
)
def test_a_whole_request_tells_its_path(raw: bytes, path: str | None) -> None:
    assert path_of(raw) == path
