import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.refusal import Reason
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.reading import UNREADABLE, CardReader, reader_of
from gateway.protocols.base import Reading
from gateway.protocols.withheld import TOO_LARGE

READING = Reading(
    shows=lambda _method, _name: True,
    limit=20,
    error=lambda reason, why: f"{reason}:{why}".encode(),
)


def upper(body: bytes) -> bytes:
    return body.upper()


def fails(body: bytes) -> bytes:
    raise WrongError(repr(body))


def reader() -> CardReader:
    return CardReader(READING, upper)


@given(body=st.binary(min_size=1, max_size=20), cut=st.integers(0, 20))
def test_a_card_is_withheld_until_it_is_whole(body: bytes, cut: int) -> None:
    reading = reader()
    assert reading.feed(body[:cut]) + reading.feed(body[cut:]) == b""
    assert reading.finish() == body.upper()
    assert (reading.broken, reading.filtered, reading.usage) == (False, 0, None)


def test_a_body_over_the_limit_ends_as_an_error() -> None:
    reading = reader()
    assert reading.feed(b"x" * 20) == b""
    assert reading.feed(b"x") == f"{Reason.NO_ENDPOINT}:{TOO_LARGE}".encode()
    assert reading.broken
    assert (reading.feed(b"x"), reading.finish()) == (b"", b"")


def test_what_is_no_card_ends_as_an_error() -> None:
    reading = CardReader(READING, fails)
    reading.feed(b"secret")
    assert reading.finish() == f"{Reason.NO_ENDPOINT}:{UNREADABLE}".encode()
    assert reading.broken


def test_an_answer_without_a_body_stays_without() -> None:
    assert CardReader(READING, fails).finish() == b""


def test_reading_can_be_broken_off() -> None:
    reading = reader()
    reading.feed(b"x")
    assert reading.break_off(Reason.OWN_FAULT, "why") == f"{Reason.OWN_FAULT}:why".encode()
    assert (reading.feed(b"x"), reading.finish()) == (b"", b"")


@pytest.mark.parametrize(
    ("content_type", "read"),
    [
        ("application/json", True),
        ("application/a2a+json; charset=utf-8", True),
        ("text/event-stream", False),
        ("text/html", False),
        ("", False),
    ],
)
def test_json_is_read_and_nothing_else(content_type: str, *, read: bool) -> None:
    assert (reader_of(content_type, READING, upper) is not None) == read
