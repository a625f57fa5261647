"""What policy is told of a form, exactly."""

from typing import Any

import pytest

from gateway.policy.vocabulary import carries
from gateway.protocols.openai.form import attributes
from gateway.protocols.openai.typed import WrongError
from gateway.wire.multipart import Fault, parse
from tests.protocols.openai.clients import form

WAV = ("talk.wav", b"RIFF", "audio/wav")


def read(
    method: str, files: dict[str, tuple[str, bytes, str]] | None = None, **data: Any
) -> dict[str, Any]:
    body, lines = form(files, **data)
    return parsed(method, body, dict(lines)["content-type"])


def parsed(method: str, body: bytes, content_type: str) -> dict[str, Any]:
    parts = parse(body, content_type)
    assert not isinstance(parts, Fault)
    found = dict(attributes(method, body, parts))
    assert [name for name in found if not carries(method, "llm", name)] == []
    return found


def raw(*parts: str) -> bytes:
    each = [f"--b0\r\nContent-Disposition: form-data; {one}\r\n" for one in parts]
    return "".join([*each, "--b0--\r\n"]).encode()


def raw_read(*parts: str) -> dict[str, Any]:
    return parsed("audio/transcriptions", raw(*parts), "multipart/form-data; boundary=b0")


def test_a_transcription_carries() -> None:
    found = read(
        "audio/transcriptions",
        {"file": WAV},
        model="whisper",
        temperature="0.2",
        stream="false",
        response_format="json",
        language="de",
    )
    assert found == {
        "model": "whisper",
        "temperature": 0.2,
        "stream": False,
        "response_format": "json",
        "file_names": ["talk.wav"],
        "file_types": ["audio/wav"],
        "file_bytes": 4,
        "body": {
            "model": "whisper",
            "temperature": "0.2",
            "stream": "false",
            "response_format": "json",
            "language": "de",
        },
    }


def test_an_edit_of_several_images_carries() -> None:
    files = {"image": ("a.png", b"12", "image/png"), "mask": ("b.png", b"3", "image/png")}
    found = read("images/edits", files, prompt="cat", n="2", size="1x1", quality="hd", user="u")
    assert found.pop("body") == {
        "prompt": "cat",
        "n": "2",
        "size": "1x1",
        "quality": "hd",
        "user": "u",
    }
    assert found == {
        "n": 2,
        "size": "1x1",
        "quality": "hd",
        "user": "u",
        "file_names": ["a.png", "b.png"],
        "file_types": ["image/png", "image/png"],
        "file_bytes": 3,
    }


def test_an_upload_carries() -> None:
    found = read("files/create", {"file": ("a.jsonl", b"{}", "")}, purpose="batch")
    assert (found["purpose"], found["file_names"], found["file_bytes"]) == ("batch", ["a.jsonl"], 2)


def test_answers_are_one_where_nothing_is_said() -> None:
    image = {"image": ("a.png", b"12", "image/png")}
    assert read("images/variations", image)["n"] == 1
    assert read("images/edits", image)["n"] == 1


def test_lists_keep_their_values() -> None:
    found = raw_read(
        'name="model"\r\n\r\nm',
        'name="include[]"\r\n\r\na',
        'name="include[]"\r\n\r\nb',
        'name="image[]"; filename="x"\r\n\r\n1',
        'name="image[]"; filename="y"\r\n\r\n2',
    )
    assert found["body"] == {"model": "m", "include[]": ["a", "b"]}
    assert found["file_names"] == ["x", "y"]


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(['name="model"\r\n\r\na', 'name="model"\r\n\r\nb'], id="model-twice"),
        pytest.param(['name="model"\r\n\r\na', 'name="Model"\r\n\r\nb'], id="case"),
        pytest.param(['name="Model"\r\n\r\na'], id="case-alone"),
        pytest.param(['name="model"\r\n\r\na', 'name="model[]"\r\n\r\nb'], id="model-list"),
        pytest.param(['name="model"\r\n\r\na', 'name="model[0]"\r\n\r\nb'], id="model-index"),
        pytest.param(['name="model"\r\n\r\na', 'name=" model"\r\n\r\nb'], id="space"),
        pytest.param(
            ['name="model"\r\n\r\na', 'name="x"\r\n\r\n1', 'name="X"\r\n\r\n2'], id="twins"
        ),
        pytest.param(['name="model"\r\n\r\na', 'name="Model[]"\r\n\r\nb'], id="case-list"),
        pytest.param(
            ['name="model"\r\n\r\na', 'name="MODEL"; filename="b"\r\n\r\nb'], id="case-file"
        ),
        pytest.param(['name="model"; filename="a"\r\n\r\na'], id="model-file"),
        pytest.param(['name="model"\r\n\r\na', 'name="file"\r\n\r\nb'], id="file-text"),
        pytest.param(['name="model"\r\n\r\na', 'name="image[]"\r\n\r\nb'], id="image-text"),
        pytest.param(
            ['name="model"\r\n\r\na', *2 * ['name="file"; filename="b"\r\n\r\nb']], id="file-twice"
        ),
        pytest.param(
            ['name="model"\r\nContent-Type: text/plain; charset=utf-16\r\n\r\na'], id="charset"
        ),
        pytest.param(['name="model"\r\nContent-Type: application/json\r\n\r\n"a"'], id="json"),
        pytest.param(['name="prompt"\r\n\r\nx'], id="no-model"),
    ],
)
def test_fields_that_servers_read_differently_are_refused(parts: list[str]) -> None:
    assert raw_read('name="model"\r\n\r\na')["model"] == "a"
    with pytest.raises(WrongError):
        raw_read(*parts)


def test_text_is_utf_8() -> None:
    body = raw('name="model"\r\n\r\n?').replace(b"?", b"\xff")
    with pytest.raises(WrongError):
        parsed("audio/transcriptions", body, "multipart/form-data; boundary=b0")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("temperature", "hot"),
        ("temperature", " 1"),
        ("temperature", "01"),
        ("temperature", "1."),
        ("temperature", "1e999"),
        ("temperature", "NaN"),
        ("temperature", ""),
        ("stream", "True"),
        ("stream", "1"),
        ("stream", "on"),
    ],
)
def test_numbers_and_bools_are_spelt_as_in_json(key: str, value: str) -> None:
    assert read("audio/transcriptions", model="m", temperature="-1.5e2", stream="true")
    with pytest.raises(WrongError):
        read("audio/transcriptions", None, model="m", **{key: value})


@pytest.mark.parametrize("value", ["2.0", "two", "1_0", "9223372036854775808", "+1"])
def test_a_number_of_answers_is_an_integer(value: str) -> None:
    assert read("images/edits", n="10")["n"] == 10
    with pytest.raises(WrongError):
        read("images/edits", n=value)


def test_an_upload_has_a_purpose() -> None:
    with pytest.raises(WrongError, match="purpose"):
        read("files/create", {"file": WAV})
