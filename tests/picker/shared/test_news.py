import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.picker.shared.news import (
    MAX_BYTES,
    MAX_EVENTS,
    VERSION,
    BadNewsError,
    Began,
    Ended,
    News,
    Open,
    Placed,
    PoolNews,
    Running,
    decode,
    encode,
    packed,
    unpacked,
)

ID = bytes(range(16))


def news(*pools: PoolNews, version: int = VERSION, gateway: bytes = ID) -> News:
    return News(version, gateway, 1, False, [*pools])


def test_a_message_is_read_as_it_was_written() -> None:
    placed = Placed(1, 0, 10, 20, 3, packed([1, 1 << 63]))
    told = PoolNews("chat", ["a:1"], [placed, Began(1, True), Ended(1, 2, False)])
    running = PoolNews("code", ["b:1"], [], Open(0, 9, [Running(7, 0, 1, 2, True, False)]))
    said = news(told, running)
    assert decode(encode(said)) == said


def test_a_pick_takes_few_bytes_beside_its_hashes() -> None:
    placed = Placed(1_000_000, 3, 5000, 9000, 12, packed(range(100)))
    one = encode(news(PoolNews("chat", ["10.0.0.1:8000"], [])))
    assert len(encode(news(PoolNews("chat", ["10.0.0.1:8000"], [placed])))) - len(one) < 825


@given(st.lists(st.integers(0, (1 << 64) - 1)))
def test_hashes_are_unpacked_as_they_were_packed(chain: list[int]) -> None:
    assert unpacked(packed(chain)) == tuple(chain)
    assert len(packed(chain)) == 8 * len(chain)


def test_the_lowest_byte_of_a_hash_is_first_on_every_machine() -> None:
    assert packed([1, 2]) == b"\1" + bytes(7) + b"\2" + bytes(7)


@pytest.mark.parametrize(
    "said",
    [
        news(version=VERSION + 1),
        news(gateway=bytes(15)),
        news(PoolNews("chat", [], [Placed(1, 0, 1, 1)])),
        news(PoolNews("chat", ["a:1"], [Placed(1, 1, 1, 1)])),
        news(PoolNews("chat", ["a:1"], [Placed(1, 0, 1, 1, 0, b"1234567")])),
        news(PoolNews("chat", ["a:1"], [Placed(1, 0, -1, 1)])),
        news(PoolNews("chat", ["a:1"], [Placed(1, 0, 1, 1 << 40)])),
        news(PoolNews("chat", ["a:1"], [], Open(0, 9, [Running(7, 1, 1, 2, True, False)]))),
        news(PoolNews("chat", ["a:1"], [Began(1, True)] * (MAX_EVENTS + 1))),
        news(PoolNews("chat", ["a" * 129], [])),
        news(PoolNews("", [], [])),
        news(*[PoolNews("chat", [], [])] * 65),
        news(PoolNews("chat", [], [Began(-1, True)])),
        news(PoolNews("chat", [], [Began(1 << 53, True)])),
    ],
)
def test_what_is_beyond_a_bound_is_no_message(said: News) -> None:
    with pytest.raises(BadNewsError):
        decode(encode(said))


def test_what_is_too_long_is_not_even_read() -> None:
    with pytest.raises(BadNewsError, match="too long"):
        decode(encode(news()) + bytes(MAX_BYTES))


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x91" * 100_000, b"{}", msgspec.json.encode([])])
def test_other_bytes_are_no_message(data: bytes) -> None:
    with pytest.raises(BadNewsError):
        decode(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadNewsError):
        assert decode(data).version == VERSION
