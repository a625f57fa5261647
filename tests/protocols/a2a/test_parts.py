from typing import Any

import pytest

from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.operation import V03, V10
from gateway.protocols.a2a.parts import MAX_PARTS, Parts, read_parts


def read(version: str, *parts: Any) -> Parts:
    return read_parts(list(parts), version, "parts")


def test_parts_of_10_are_told_together() -> None:
    found = read(
        V10,
        {"text": "h\u00e9", "mediaType": "text/plain"},
        {"text": "b", "mediaType": "text/plain"},
        {"url": "https://a.example/x", "mediaType": "image/png", "filename": "x.png"},
        {"raw": "AAAA", "filename": "y"},
        {"data": {"text": "not counted"}},
        {"data": None},
    )
    assert found.text_bytes == 4
    assert list(found.types) == ["text", "url", "raw", "data"]
    assert list(found.media_types) == ["text/plain", "image/png"]
    assert found.file_names == ["x.png", "y"]
    assert found.urls == ["https://a.example/x"]


FILES_03 = [
    {"kind": "file", "file": {"uri": "https://a.example/x", "mimeType": "a/b", "name": "x"}},
    {"file": {"fileWithUri": "https://a.example/x", "mimeType": "a/b", "name": "x"}},
]


@pytest.mark.parametrize("part", FILES_03)
def test_a_linked_file_of_03_is_a_url(part: dict[str, Any]) -> None:
    found = read(V03, part)
    assert (list(found.types), found.urls) == (["url"], ["https://a.example/x"])
    assert (list(found.media_types), found.file_names) == (["a/b"], ["x"])


@pytest.mark.parametrize("name", ["bytes", "fileWithBytes"])
def test_an_enclosed_file_of_03_is_raw(name: str) -> None:
    found = read(V03, {"file": {name: "AAAA"}})
    assert (list(found.types), found.urls) == (["raw"], [])


def test_text_and_data_of_03() -> None:
    found = read(V03, {"kind": "text", "text": "abc"}, {"kind": "data", "data": {}}, {"text": "d"})
    assert (found.text_bytes, list(found.types)) == (4, ["text", "data"])


WRONG: list[tuple[str, Any]] = [
    (V10, {}),
    (V10, {"text": None}),
    (V10, {"text": "a", "url": "b"}),
    (V10, {"text": "a", "data": 1}),
    (V10, {"text": 1}),
    (V10, {"url": ["a"]}),
    (V10, {"raw": {}}),
    (V10, {"text": "a", "file": {"uri": "b"}}),
    (V10, {"text": "a", "media_type": "b"}),
    (V10, {"text": "a", "mediaType": 1}),
    (V10, "text"),
    (V10, None),
    (V03, {"kind": "text"}),
    (V03, {"kind": "text", "file": {"uri": "b"}}),
    (V03, {"kind": "text", "text": "a", "file": {"uri": "b"}}),
    (V03, {"kind": 1, "text": "a"}),
    (V03, {"kind": None, "text": "a", "url": "b"}),
    (V03, {"file": {"uri": "a", "bytes": "b"}}),
    (V03, {"file": {"uri": "a", "fileWithUri": "b"}}),
    (V03, {"file": {"file_with_uri": "a", "bytes": "b"}}),
    (V03, {"file": {}}),
    (V03, {"file": "a"}),
    (V03, []),
]


@pytest.mark.parametrize(("version", "part"), WRONG)
def test_a_part_that_readers_could_differ_on_is_refused(version: str, part: Any) -> None:
    with pytest.raises(WrongError):
        read(version, {"text": "fine"}, part)


def test_a_message_may_not_have_parts_without_end() -> None:
    assert read(V10, *[{"text": "a"}] * MAX_PARTS).text_bytes == MAX_PARTS
    with pytest.raises(WrongError, match="parts"):
        read(V10, *[{"text": "a"}] * (MAX_PARTS + 1))
