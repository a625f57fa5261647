import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.picker.exposition import (
    MOST_ADAPTERS,
    MOST_LABELLED,
    MOST_LABELS,
    MOST_LINE,
    MOST_SERIES,
    Exposition,
    names,
    product,
    whole,
)

TEXT = b"""# HELP up whether it is
# TYPE up gauge
up 1
waiting{engine="0",model="a\\"}b"} 2.0
waiting{engine="1",model="c\\\\,d"} 3 1700000000000
waiting_total{engine="0"} 100
share{engine="0"} 0.25
share{engine="1"}\t0.75
"""


def test_series_of_one_name_are_summed_and_longer_names_are_others() -> None:
    told = Exposition(TEXT)
    assert (told.total("waiting"), told.count("waiting"), told.count("up")) == (5.0, 5, 1)
    assert told.count("waiting_total") == 100
    assert told.count("wait") is None


def test_labels_choose_series_whatever_is_in_their_values() -> None:
    told = Exposition(TEXT)
    assert told.count("waiting", engine="1") == 3
    assert told.count("waiting", model='a"}b') == 2
    assert told.count("waiting", model="c\\,d") == 3
    assert told.count("waiting", engine="2") is None


def test_a_share_is_the_mean_and_never_more_than_all() -> None:
    assert Exposition(TEXT).share("share") == 0.5
    assert Exposition(b"share 1.02").share("share") == 1.0
    assert Exposition(b"share 1.2").share("share") is None
    assert Exposition(b"").share("share") is None


def test_what_servers_disagree_on_is_not_known() -> None:
    assert Exposition(b'size{e="0"} 16\nsize{e="1"} 16\n').same("size") == 16
    assert Exposition(b'size{e="0"} 16\nsize{e="1"} 32\n').same("size") is None


@pytest.mark.parametrize(
    "value",
    ["NaN", "+Inf", "-1", "1e16", "1e999", "1_000", "0x10", "", "one", "1,5", "1" * 400],
)
def test_what_is_no_number_within_bounds_makes_the_sum_unknown(value: str) -> None:
    told = Exposition(f'waiting{{e="0"}} 1\nwaiting{{e="1"}} {value}\n'.encode())
    assert told.total("waiting") is None
    assert told.count("waiting", e="0") == 1


def test_broken_labels_match_nothing() -> None:
    told = Exposition(b'waiting{engine="0",} 1\nwaiting{engine=0} 1\nwaiting{engine="0 1\n')
    assert told.count("waiting", engine="0") == 1
    assert [one.labels for one in told.series("waiting")] == [{"engine": "0"}, {}, {}]


def test_a_name_with_too_many_series_is_not_known() -> None:
    assert Exposition(b"x 1\n" * MOST_SERIES).count("x") == MOST_SERIES
    assert Exposition(b"x 1\n" * (MOST_SERIES + 1)).count("x") is None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_a_fault(noise: bytes) -> None:
    told = Exposition(b"x{" + noise + b"\nx " + noise)
    total = told.total("x", a="b")
    assert total is None or total >= 0


def test_labels_tell_numbers_and_names() -> None:
    assert [whole(text) for text in ("16", "0", "None", "-1", "1.5", "9" * 20, "²")] == [
        16,
        *[None] * 6,
    ]
    assert names("a, b,,a") == {"a", "b"}
    assert names(",".join(map(str, range(2000)))) == frozenset()
    assert (product(16, 10), product(16, None), product(0, 10)) == (160, None, None)


def test_a_line_that_is_too_long_is_skipped_and_others_count() -> None:
    def told(size: int) -> int | None:
        long = b'x{a="' + b"v" * (size - len(b'\nx{a=""} 1')) + b'"} 1\n'
        return Exposition(long + b"x 2\n").count("x")

    assert (told(MOST_LINE), told(MOST_LINE + 1)) == (3, 2)


@pytest.mark.parametrize("value", [b"v", b"=", b'\\"'])
def test_a_line_with_too_many_labels_is_skipped_and_others_count(value: bytes) -> None:
    def told(labels: int) -> int | None:
        return Exposition(b"x{" + b'a="%s",' % value * labels + b"} 1\nx 2\n").count("x")

    assert (told(MOST_LABELS), told(MOST_LABELS + 1)) == (3, 2)


def test_labels_of_a_name_with_too_many_series_are_not_read() -> None:
    line = b'x{a="b"} 1\n'
    assert Exposition(line * MOST_LABELLED).count("x", a="b") == MOST_LABELLED
    assert Exposition(line * (MOST_LABELLED + 1)).count("x", a="b") is None
    assert Exposition(line * (MOST_LABELLED + 1)).labelled("x") == ()
    assert Exposition(line * (MOST_LABELLED + 1)).count("x") == MOST_LABELLED + 1


def test_names_of_adapters_are_few_and_short() -> None:
    most = [str(number) for number in range(MOST_ADAPTERS)]
    assert names(",".join(most)) == frozenset(most)
    assert names(",".join([*most, "more"])) == frozenset()
    assert names("a," + "b" * 256) == {"a", "b" * 256}
    assert names("a," + "b" * 257) == frozenset()


def test_a_cache_larger_than_any_is_not_known() -> None:
    assert product(2**20, 2**20) == 2**40
    assert product(2**20, 2**20 + 1) is None
