"""What every stream with a screen has in common."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.jsonvalue import JsonValue
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.refusal import Reason
from gateway.model.screening import Screened
from gateway.protocols.base import Reading
from gateway.protocols.streaming import (
    HeldText,
    ScreenedStream,
    Steps,
    UnreadableError,
    changed,
    is_plain,
    moved,
    number,
    objects,
    spelt,
    unmistaken,
)
from gateway.wire.keyfold import MAX_MEMBERS, ProtocolKeys
from gateway.wire.sse import Event
from tests.support.answer_screen import BLOCKED, MASKED, RuleScreen, masked
from tests.support.screened import LIMIT, event, fed, reading


class Told(ScreenedStream):
    """A stream of which each event is a text of its own."""

    usage = None

    def _judged(self, event: Event) -> Steps[bytes]:
        if event.data is None:
            return event.raw
        value = self._document(event.data).value
        place = Place(("said",))
        found = Passage(str(value), place, Stage.RESPONSE, Part.ASSISTANT, "said")
        verdict = yield from self._whole((found,))
        return verdict.texts.get(place, str(value)).encode() + b"\n"

    def _rest(self) -> Steps[bytes]:
        yield from ()
        return b"end"

    def _error(self, reason: Reason, why: str) -> bytes:
        return f"{reason.value}: {why}".encode()


def told(screen: RuleScreen, known: Reading | None = None) -> Told:
    return Told(known or reading(screen), screen)


def test_each_event_goes_on_when_it_is_judged_and_the_rest_at_the_end() -> None:
    assert fed(told(RuleScreen()), event("a") + event("SECRET")) == f"a\n{MASKED}\nend".encode()


def test_the_end_comes_once() -> None:
    one = told(RuleScreen())
    assert one.finish() + one.finish() == b"end"


def test_a_block_ends_the_stream_and_what_still_comes_is_swallowed() -> None:
    one = told(RuleScreen())
    out = fed(one, event("a") + event("FORBIDDEN") + event("b"))
    assert out == f"a\ncontent_blocked: {BLOCKED}".encode()
    assert one.broken
    assert one.feed(event("c")) + one.finish() == b""


def test_a_verdict_that_blocks_ends_the_stream_whatever_the_screen_says_later() -> None:
    class Forgetting(RuleScreen):
        def whole(self, passages: Sequence[Passage]) -> Screened:
            verdict = super().whole(passages)
            self.blocked = None
            return verdict

    one = told(Forgetting())
    assert fed(one, event("FORBIDDEN") + event("b")) == f"content_blocked: {BLOCKED}".encode()


def test_an_event_that_is_too_large_waits_for_those_before_it() -> None:
    screen = RuleScreen(asks=True)
    one = told(screen)
    assert one.feed(event("ASK") + b"data: " + b"x" * LIMIT) == b""
    screen.answer()
    assert one.feed(b"").startswith(b"ASK\nno_endpoint: ")


def test_a_stream_that_is_broken_off_says_nothing_more() -> None:
    screen = RuleScreen(asks=True)
    one = told(screen)
    one.feed(event("ASK") + event("b"))
    assert one.break_off(Reason.OWN_FAULT, "why") == b"own_fault: why"
    screen.answer()
    assert one.feed(b"") + one.finish() == b""


def test_what_waits_for_the_screen_goes_on_in_order_when_it_is_answered() -> None:
    screen = RuleScreen(asks=True)
    one = told(screen)
    assert one.feed(event("a") + event("ASK") + event("b")) == b"a\n"
    assert one.feed(event("c")) == b""
    assert one.finish() == b""
    screen.answer()
    assert one.feed(b"") == b"ASK\nb\nc\nend"
    assert one.finish() == b""


@pytest.mark.parametrize("bad", [b"data: {\n\n", b"data: \xff\n\n", event("x" * LIMIT)])
def test_what_cannot_be_read_ends_the_stream(bad: bytes) -> None:
    one = told(RuleScreen())
    assert fed(one, event("a") + bad + event("b")).startswith(b"a\nno_endpoint: ")
    assert one.broken


def test_an_event_without_an_end_is_left_out() -> None:
    assert fed(told(RuleScreen()), event("a") + b"data: 1") == b"a\nend"


@pytest.mark.parametrize("odd", [b" data: 1", b"DATA: 1", b"\0data: 1", b"x"])
def test_lines_that_only_some_readers_would_read_are_left_out(odd: bytes) -> None:
    body = b": ping\n\n" + odd + b"\n\nid: 1\n" + odd + b"\n\n"
    assert fed(told(RuleScreen()), body) == b": ping\n\n\nid: 1\n\nend"


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        (b": do what I say\r\n\r\n", b":\r\n\r\n"),
        (b"retry: what I say\n\n", b"\n"),
        (b"retry: 100\n\n", b"retry: 100\n\n"),
        (b"id: do what I say\n\n", b"\n"),
        (b"event: do what I say\ndata: 1\n\n", b""),
    ],
)
def test_nothing_but_data_says_anything(came: bytes, goes: bytes) -> None:
    assert fed(told(RuleScreen()), came) == goes + b"end"


@pytest.mark.parametrize("value", ["two words", "two\twords", "two\u00a0words", "x" * 257, [], {}])
def test_what_may_be_prose_is_not_plain(value: JsonValue) -> None:
    assert not is_plain(value)


@pytest.mark.parametrize("value", [None, 1, 1.5, True, "stop", "a" * 256])
def test_tokens_and_numbers_are_plain(value: JsonValue) -> None:
    assert is_plain(value)


def run(steps: Steps[str]) -> str:
    """What steps give that never have to stop."""
    try:
        next(steps)
    except StopIteration as done:
        return str(done.value)
    raise AssertionError("it stopped")


def held(screen: RuleScreen) -> HeldText:
    return HeldText(screen, screen.channel("c", Stage.RESPONSE, Part.ASSISTANT))


@given(st.lists(st.sampled_from(["SEC", "RET", "SECRET", "a", " "])), st.integers(0, 9))
def test_a_text_tells_whether_it_goes_on_as_it_came(pieces: list[str], hold: int) -> None:
    one, came, went = held(RuleScreen(hold)), "", ""
    for piece in pieces:
        came += piece
        went += run(one.feed(piece))
        assert one.altered == (not came.startswith(went))
        assert one.exact == (came == went)
    went += run(one.finish())
    assert went == masked(came)
    assert one.altered == (came != went)
    assert run(one.finish()) == ""


def test_more_of_a_text_that_has_ended_is_an_error() -> None:
    one = held(RuleScreen())
    run(one.finish())
    assert run(one.feed("")) == ""
    with pytest.raises(UnreadableError):
        run(one.feed("more"))


def test_a_text_stops_while_the_screen_asks() -> None:
    screen = RuleScreen(asks=True)
    steps = held(screen).feed("ASK me")
    next(steps)
    next(steps)
    screen.answer()
    assert run(steps) == "ASK me"


def test_a_value_is_changed_at_its_places() -> None:
    value: JsonValue = {"a": ["SECRET", 1.5]}
    assert changed(value, {Place(("a", 0)): "x"}) == {"a": ["x", 1.5]}
    assert changed(value, {}) is value
    assert changed(value, {}, [("a", 1)]) == {"a": ["SECRET"]}
    with pytest.raises(UnreadableError):
        changed(value, {Place(("b",)): "x"})


def test_numbers_that_json_cannot_spell_do_not_go_on() -> None:
    assert spelt({"a": 1.5}) == b'{"a":1.5}'
    with pytest.raises(UnreadableError):
        spelt(float("inf"))


def test_passages_move_to_another_channel() -> None:
    def at(channel: str) -> Passage:
        return Passage("x", Place(()), Stage.RESPONSE, Part.ASSISTANT, channel)

    found = [at("a/0"), at("a/0/b"), at("a/01")]
    assert [one.channel for one in moved(found, "a/0", "a/7")] == ["a/7", "a/7/b", "a/01"]


@pytest.mark.parametrize("value", [-1, 5, True, "1", None, 1.0])
def test_only_a_number_in_range_is_one(value: float | str | None) -> None:
    assert number(4, 5) == 4
    with pytest.raises(UnreadableError):
        number(value, 5)


def test_only_a_list_of_objects_is_one() -> None:
    assert objects(None) == []
    assert objects([{}]) == [{}]
    wrong: list[JsonValue] = [{}, [1], "x"]
    for bad in wrong:
        with pytest.raises(UnreadableError):
            objects(bad)


def test_a_key_that_can_be_mistaken_cannot_be_read() -> None:
    keys = ProtocolKeys(("text",))
    fine: list[JsonValue] = [{"text": 1, "other": 2}, [], None]
    for one in fine:
        unmistaken(one, keys)
    wrong: list[JsonValue] = [{"Text": 1}, {str(key): 1 for key in range(MAX_MEMBERS + 1)}]
    for one in wrong:
        with pytest.raises(UnreadableError):
            unmistaken(one, keys)


def test_a_token_has_no_space_and_holds_nothing() -> None:
    assert all(map(is_plain, (None, 1, "token")))
    others: list[JsonValue] = ["two words", {}, []]
    assert not any(map(is_plain, others))
