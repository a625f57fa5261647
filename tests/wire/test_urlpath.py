"""A path is read in one way or not at all."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.urlpath import MAX_PATH, parameters, segments


@pytest.mark.parametrize(
    ("path", "base", "found"),
    [
        ("/v1/models", "/v1", ("models",)),
        ("/v1/models/a?x=/../..", "/v1", ("models", "a")),
        ("/v1/tasks/1%3Acancel", "/v1", ("tasks", "1:cancel")),
        ("/v1/message:send", "/v1", ("message:send",)),
        ("/v1/mod%65ls", "/v1", ("models",)),
        ("/v1/caf%C3%A9", "/v1", ("café",)),
        ("/v1/.well-known/x", "/v1", (".well-known", "x")),
        ("/v1", "/v1", ()),
        ("/v1?x", "/v1", ()),
        ("/", "/", ()),
        ("/a", "/", ("a",)),
        ("/v1/a", "/v1/", ("a",)),
    ],
)
def test_segments_are_decoded_once(path: str, base: str, found: tuple[str, ...]) -> None:
    assert segments(path, base) == found


@pytest.mark.parametrize(
    "below",
    [
        "/",
        "//a",
        "/a//b",
        "/a/",
        "/.",
        "/..",
        "/a/../b",
        "/a/%2e%2E/b",
        "/a/.%2e",
        "/a%2Fb",
        "/a%5Cb",
        "/a\\b",
        "/a%00",
        "/a%0a",
        "/a%7f",
        "/a%C2%85",
        "/a;x=1",
        "/a%3Bx",
        "/a#b",
        "/a%23b",
        "/a%3Fb",
        "/a%252e",
        "/a%2",
        "/a%zz",
        "/a%C3",
        "/a%C0%AF",
        "/a%ED%A0%80",
        "/a b",
        "/%20a",
        "/a%E3%80%80",
        "/%EF%BC%8E%EF%BC%8E",
        "/e%CC%81",
        "/é",
        "/a\n",
        "/[a]",
        "a",
    ],
)
def test_what_two_readers_could_take_for_different_paths_is_not_read(below: str) -> None:
    assert segments(f"/v1{below}", "/v1") is None


@pytest.mark.parametrize(
    ("path", "base"),
    [
        ("/v2/models", "/v1"),
        ("/V1/models", "/v1"),
        ("/%761/models", "/v1"),
        ("http://host/v1/models", "/v1"),
        ("*", "/"),
        ("", "/"),
    ],
)
def test_what_is_not_below_the_base_is_not_read(path: str, base: str) -> None:
    assert segments(path, base) != ("models",)
    assert not segments(path, base)


def test_a_path_has_a_bounded_length() -> None:
    longest = "/v1/" + "a" * (MAX_PATH - 4)
    assert segments(longest, "/v1") is not None
    assert segments(f"{longest}?{longest}", "/v1") is not None
    assert segments(f"{longest}a", "/v1") is None


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    found = segments(text, "/")
    assert found is None or all(found)
    pairs = parameters(text)
    assert pairs is None or all(pairs.values())


@given(st.lists(st.text(alphabet=st.characters(codec="ascii", exclude_characters="/\\;?#%"))))
def test_what_is_read_is_what_was_written(names: list[str]) -> None:
    found = segments("/v1" + "".join(f"/{quote(name, safe='')}" for name in names), "/v1")
    assert found in {None, tuple(names)}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/a", {}),
        ("/a?", {}),
        ("/a?purpose=batch", {"purpose": ("batch",)}),
        ("/a?x=1&y=2&x=3", {"x": ("1", "3"), "y": ("2",)}),
        ("/a?include[]=b%20c&d+e=", {"include[]": ("b c",), "d e": ("",)}),
        ("/a?b?c", {"b?c": ("",)}),
    ],
)
def test_parameters_keep_their_order(path: str, found: dict[str, tuple[str, ...]]) -> None:
    assert parameters(path) == found


@pytest.mark.parametrize(
    "query",
    ["&", "a&", "a&&b", "a;b", "a=b=c", "=a", "a=%00", "a=%0d", "a=%C3", "a=%z", "a=é", "#"],
)
def test_a_query_that_readers_disagree_on_is_not_read(query: str) -> None:
    assert parameters(f"/a?{query}") is None
