"""A form is read in one way or not at all."""

import email.message
import email.policy
from email.parser import BytesParser
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.multipart import MAX_HEADERS, MAX_PARTS, Fault, Part, boundary_of, parse

TYPE = "multipart/form-data; boundary=b0"
MODEL = b'--b0\r\nContent-Disposition: form-data; name="model"\r\n\r\nsmall\r\n'
END = b"--b0--\r\n"


def part(headers: bytes, content: bytes = b"x") -> bytes:
    return b"--b0\r\n" + headers + b"\r\n\r\n" + content + b"\r\n"


def named(name: str, content: bytes = b"x") -> bytes:
    return part(f'Content-Disposition: form-data; name="{name}"'.encode(), content)


def read(body: bytes, content_type: str = TYPE) -> list[tuple[str, bytes]]:
    parts = parse(body, content_type)
    assert not isinstance(parts, Fault)
    return [(one.name, body[one.start : one.end]) for one in parts]


def test_a_part_says_where_its_content_is() -> None:
    body = MODEL + part(
        b'content-disposition: form-data; name="file"; filename="a b.wav"\r\n'
        b"content-type: audio/wav",
        b"\0\r\n--b\r\n\r\n",
    )
    parts = parse(body + END, TYPE)
    assert not isinstance(parts, Fault)
    model, file = parts
    assert model == Part("model", None, None, model.start, model.start + 5)
    assert (file.name, file.file_name, file.content_type) == ("file", "a b.wav", "audio/wav")
    assert body[file.start : file.end] == b"\0\r\n--b\r\n\r\n"


def test_the_last_line_may_be_without_an_end() -> None:
    assert read(MODEL + b"--b0--") == [("model", b"small")]


def test_content_may_be_empty_and_a_length_may_agree() -> None:
    headers = b'Content-Disposition: form-data; name="a"\r\nContent-Length: 0'
    assert read(part(headers, b"") + END) == [("a", b"")]


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=b0", "b0"),
        ("Multipart/Form-Data;boundary=----WebKitFormBoundaryX", "----WebKitFormBoundaryX"),
        ('multipart/form-data; boundary="b0"', "b0"),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary=", None),
        ("multipart/form-data; boundary=b0; boundary=b1", None),
        ("multipart/form-data; boundary=b0; charset=utf-16", None),
        ("multipart/form-data; charset=utf-8; boundary=b0", None),
        ("multipart/form-data; boundary=b 0", None),
        ("multipart/form-data; boundary=b0, text/plain", None),
        ("multipart/form-data; boundary*=utf-8''b0", None),
        ("multipart/mixed; boundary=b0", None),
        ("application/json; boundary=b0", None),
        (f"multipart/form-data; boundary={'b' * 71}", None),
    ],
)
def test_a_form_has_one_boundary(content_type: str, boundary: str | None) -> None:
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        pytest.param(b"", Fault.DELIMITER, id="empty"),
        pytest.param(END, Fault.DELIMITER, id="no-part"),
        pytest.param(b"preamble\r\n" + MODEL + END, Fault.DELIMITER, id="preamble"),
        pytest.param(b"\r\n" + MODEL + END, Fault.DELIMITER, id="line-before"),
        pytest.param(MODEL + END + b"epilogue", Fault.DELIMITER, id="epilogue"),
        pytest.param(MODEL + END + MODEL + END, Fault.DELIMITER, id="second-form"),
        pytest.param(MODEL, Fault.DELIMITER, id="no-end"),
        pytest.param(MODEL + b"--b0", Fault.DELIMITER, id="end-cut"),
        pytest.param(MODEL + b"--b0-\r\n", Fault.DELIMITER, id="end-half"),
        pytest.param(MODEL.replace(b"\r\n", b"\n") + END, Fault.DELIMITER, id="lf"),
        pytest.param(MODEL.replace(b"--b0\r\n", b"--b0 \r\n") + END, Fault.DELIMITER, id="padded"),
        pytest.param(named("a", b"x\n--b0\r\ny") + END, Fault.DELIMITER, id="lf-delimiter"),
        pytest.param(named("a", b"x--b0y") + END, Fault.DELIMITER, id="delimiter-in-content"),
        pytest.param(named("a", b"x\r\n--b0z\r\n") + END, Fault.DELIMITER, id="longer-boundary"),
        pytest.param(b"--b0\r\n--b0\r\n" + END, Fault.DELIMITER, id="no-content"),
        pytest.param(b"--b0\r\n\r\nx\r\n" + END, Fault.HEADERS, id="no-headers"),
        pytest.param(part(b"Content-Type: text/plain") + END, Fault.NAME, id="no-name"),
        pytest.param(named("") + END, Fault.NAME, id="empty-name"),
        pytest.param(named("mod%65l") + END, Fault.NAME, id="percent-name"),
        pytest.param(named('a"; name="b') + END, Fault.NAME, id="two-names"),
        pytest.param(named("a\\b") + END, Fault.NAME, id="backslash"),
        pytest.param(named("a\0b") + END, Fault.HEADERS, id="nul"),
        pytest.param(named("a\rb") + END, Fault.HEADERS, id="cr"),
        pytest.param(
            part(b"Content-Type:" + b" " * 2_000 + b"\n") + END,
            Fault.HEADERS,
            id="many-spaces-before-lf",
        ),
        pytest.param(named("_charset_", b"utf-16") + END, Fault.CHARSET, id="charset-field"),
        pytest.param(
            part(b"Content-Disposition: form-data; name=a") + END, Fault.NAME, id="unquoted"
        ),
        pytest.param(
            part(b'Content-Disposition: attachment; name="a"') + END, Fault.NAME, id="attachment"
        ),
        pytest.param(
            part(b"Content-Disposition: form-data; name=\"a\"; filename*=utf-8''b") + END,
            Fault.NAME,
            id="filename-star",
        ),
        pytest.param(
            part(b'Content-Disposition: form-data; name="a";\r\n filename="b"') + END,
            Fault.HEADERS,
            id="folded",
        ),
        pytest.param(
            part(b'Content-Disposition : form-data; name="a"') + END, Fault.HEADERS, id="space"
        ),
        pytest.param(
            part(
                b'Content-Disposition: form-data; name="a"\r\n'
                b'content-disposition: form-data; name="b"'
            )
            + END,
            Fault.HEADERS,
            id="disposition-twice",
        ),
        pytest.param(
            part(
                b'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64',
            )
            + END,
            Fault.HEADERS,
            id="transfer-encoding",
        ),
        pytest.param(
            part(b'Content-Disposition: form-data; name="a"\r\nContent-Encoding: gzip') + END,
            Fault.HEADERS,
            id="content-encoding",
        ),
        pytest.param(
            part(b'Content-Disposition: form-data; name="a"\r\nContent-Length: 9') + END,
            Fault.HEADERS,
            id="other-length",
        ),
        pytest.param(
            part(b'Content-Disposition: form-data; name="\xff"') + END, Fault.HEADERS, id="latin-1"
        ),
        pytest.param(named("a" * MAX_HEADERS) + END, Fault.HEADERS_TOO_LARGE, id="long-headers"),
        pytest.param(MODEL * (MAX_PARTS + 1) + END, Fault.TOO_MANY, id="many-parts"),
    ],
)
def test_what_parsers_differ_on_is_refused(body: bytes, fault: Fault) -> None:
    assert parse(body, TYPE) is fault


def test_there_may_be_as_many_parts_as_the_limit_says() -> None:
    assert len(read(MODEL * MAX_PARTS + END)) == MAX_PARTS


@given(st.binary(), st.text())
def test_any_bytes_are_parts_or_a_fault(body: bytes, content_type: str) -> None:
    parse(body, content_type)
    parse(MODEL + body + END, TYPE)
    parse(b"--b0\r\n" + body, TYPE)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5))
def test_forms_of_a_client_are_read_as_it_wrote_them(contents: list[bytes]) -> None:
    files = [(f"f{at}", (f"{at}.bin", content)) for at, content in enumerate(contents)]
    request = httpx.Request("POST", "http://x/", files=files, data={"model": "small"})
    found = read(request.read(), request.headers["content-type"])
    assert dict(found) == {"model": b"small"} | {
        f"f{at}": content for at, content in enumerate(contents)
    }


PIECES = (
    b"--b0",
    b"--",
    b"\r\n",
    b"\n",
    b" ",
    b":",
    b'name="m"',
    b"form-data;",
    b"Content-Disposition: ",
    b'\r\n--b0\r\nContent-Disposition: form-data; name="m"\r\n\r\n',
    b"x",
)


@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_what_is_read_is_read_alike_by_another_parser(pieces: list[bytes]) -> None:
    body = named("a", b"".join(pieces)) + END
    parts = parse(body, TYPE)
    if isinstance(parts, Fault):
        return
    head = f"MIME-Version: 1.0\r\nContent-Type: {TYPE}\r\n\r\n".encode()
    other = BytesParser(email.message.Message, policy=email.policy.HTTP).parsebytes(head + body)
    assert not other.defects
    theirs: Any = other.get_payload()
    assert [one.name for one in parts] == [
        one.get_param("name", header="content-disposition") for one in theirs
    ]
