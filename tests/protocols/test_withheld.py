"""A response body that is withheld until it is whole."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.refusal import Reason
from gateway.protocols.base import Reading
from gateway.protocols.withheld import TOO_LARGE, WithheldReader

LIMIT = 20


class Shouting(WithheldReader):
    """Upper case, if it is text."""

    def _whole(self, body: bytes) -> bytes:
        return body.upper() if body.isascii() else self._unreadable("no text")


def reader() -> Shouting:
    def error(reason: Reason, why: str) -> bytes:
        return f"{reason.value}: {why}".encode()

    return Shouting(Reading(shows=lambda _method, _name: True, limit=LIMIT, error=error))


def instead(why: str) -> bytes:
    return f"{Reason.NO_ENDPOINT.value}: {why}".encode()


@given(st.lists(st.text(alphabet="ab", max_size=5).map(str.encode), max_size=4))
def test_nothing_of_a_body_passes_before_its_end_whatever_its_pieces(pieces: list[bytes]) -> None:
    reading = reader()
    assert [reading.feed(piece) for piece in pieces] == [b""] * len(pieces)
    assert reading.finish() == b"".join(pieces).upper()
    assert not reading.broken


def test_a_body_of_exactly_the_limit_is_read_and_a_longer_one_is_an_error_once() -> None:
    exact = reader()
    assert (exact.feed(b"a" * LIMIT), exact.finish()) == (b"", b"A" * LIMIT)
    longer = reader()
    longer.feed(b"a" * LIMIT)
    assert longer.feed(b"a") == instead(TOO_LARGE)
    assert (longer.feed(b"a"), longer.finish(), longer.broken) == (b"", b"", True)


def test_a_body_that_cannot_be_read_is_replaced() -> None:
    reading = reader()
    reading.feed("ü".encode())
    assert (reading.finish(), reading.broken) == (instead("no text"), True)


def test_what_comes_after_breaking_off_is_swallowed() -> None:
    reading = reader()
    reading.feed(b"a")
    assert reading.break_off(Reason.OWN_FAULT, "drained") == b"own_fault: drained"
    assert (reading.feed(b"a"), reading.finish()) == (b"", b"")
