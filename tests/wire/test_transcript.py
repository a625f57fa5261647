"""The bytes of a prompt say what a model reads, and nothing of how a client spelt it."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.jsonvalue import JsonValue
from gateway.wire.transcript import MOST_MEDIA_TOKENS, Medium, Transcript, size_in_tokens
from tests.wire.test_imagesize import png

SCALARS = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def reversed_keys(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return [reversed_keys(one) for one in value] if isinstance(value, list) else value


def value(given: JsonValue, without: tuple[str, ...] = ()) -> tuple[bytes, ...]:
    out = Transcript()
    out.value(given, without)
    return out.parts


def image(content: str, medium: Medium = "image") -> Transcript:
    out = Transcript()
    out.media(medium, content)
    return out


@given(VALUES)
def test_the_order_of_keys_makes_no_difference(given: JsonValue) -> None:
    assert value(given) == value(reversed_keys(given))


@given(VALUES, VALUES)
def test_different_values_differ(one: JsonValue, other: JsonValue) -> None:
    absent = [None, ""]
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    as_text = isinstance(one, str) != isinstance(other, str)  # a text is written bare
    if not (same or as_text or (one in absent and other in absent)):
        assert value(one) != value(other)


def test_integers_of_any_size_are_written() -> None:
    assert value({"b": 2**70, "a": 1}) == (b'{"a":1,"b":%d}' % 2**70,)


def test_members_that_no_model_sees_are_left_out() -> None:
    assert value({"name": "f", "id": "x"}, ("id",)) == value({"name": "f"})


def test_a_call_has_its_name_and_its_arguments() -> None:
    out = Transcript()
    out.call("read", '{"a":  1}')
    assert b"".join(out.parts) == b'\x1dread\x1f{"a":  1}'


def test_what_is_empty_leaves_no_trace() -> None:
    out = Transcript()
    nothings: list[JsonValue] = ["", None, 7, []]
    for nothing in nothings:
        out.text(nothing)
    assert out.parts == ()


@given(st.lists(st.integers(0, 2**32 - 1)))
def test_a_token_has_four_bytes(ids: list[int]) -> None:
    out = Transcript()
    out.tokens(ids)
    assert len(b"".join(out.parts)) == 4 * len(ids)


def test_ids_that_no_vocabulary_has_still_tell_requests_apart() -> None:
    one, other = Transcript(), Transcript()
    one.tokens([-1])
    other.tokens([2**40])
    assert one.parts != other.parts


def test_media_are_a_hash_and_never_their_bytes() -> None:
    content = "data:image/png;base64," + base64.b64encode(png(640, 640) + b"x" * 90_000).decode()
    (part,) = image(content).parts
    assert len(part) < 64
    part.decode()  # so that it cannot be taken for the end of a part
    assert image(content).parts == image(content).parts
    assert image(content).parts != image(content + "A").parts
    assert image("u").parts != image("u", "file").parts


@pytest.mark.parametrize(
    ("content", "tokens"),
    [
        ("data:image/png;base64," + base64.b64encode(png(1024, 768)).decode(), 768),
        (base64.b64encode(png(1024, 768)).decode(), 768),
        ("DATA:image/png;base64," + base64.b64encode(png(64, 32)).decode(), 2),
        (
            "data:image/png;base64," + base64.b64encode(png(2**31, 2**31)).decode(),
            MOST_MEDIA_TOKENS,
        ),
        ("data:image/png;base64," + base64.b64encode(png(1, 0)).decode(), 1),
        ("https://images.example/cat.png", 225),
        ("data:image/png;base64,", 225),
    ],
)
def test_an_image_counts_by_its_pixels(content: str, tokens: int) -> None:
    assert image(content).media_tokens == tokens


@pytest.mark.parametrize("medium", ["audio", "video", "file"])
def test_what_is_sent_counts_by_its_size_and_what_is_named_as_usual(medium: Medium) -> None:
    small, large, named = "A" * 8_000, "A" * 800_000, "https://files.example/a"
    assert image(small, medium).media_tokens < image(large, medium).media_tokens
    assert image(named, medium).media_tokens == image("file-1", medium).media_tokens > 1
    assert image("data:a;base64,A", medium).media_tokens == 1
    assert size_in_tokens(medium, 2**40) == MOST_MEDIA_TOKENS


def test_media_add_up() -> None:
    out = Transcript()
    out.media("image", "a")
    out.media("image", "b")
    assert out.media_tokens == 2 * 225
