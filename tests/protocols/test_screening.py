"""A JSON answer is withheld until it is whole and judged."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.jsonvalue import JsonValue
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.refusal import Reason
from gateway.protocols.screening import ScreenedReader
from tests.support.answer_screen import BLOCKED, MASKED, RuleScreen
from tests.support.screened import LIMIT, fed, reading


class Said(ScreenedReader):
    """Judges the member "said"."""

    def _passages(self, value: JsonValue) -> Sequence[Passage]:
        said = value.get("said") if isinstance(value, dict) else None
        if not isinstance(said, str):
            return ()
        return (Passage(said, Place(("said",)), Stage.RESPONSE, Part.ASSISTANT, "said"),)


def reader(screen: RuleScreen) -> Said:
    return Said(reading(screen), screen)


def test_a_document_that_passes_is_as_it_came() -> None:
    body = b' {"said" : "fine", "n": 1.0}'
    assert fed(reader(RuleScreen()), body, [3, 9]) == body


def test_keys_are_spelt_as_they_were_judged() -> None:
    assert fed(reader(RuleScreen()), b'{"s\\u0061id":"x"}') == b'{"said":"x"}'


def test_masked_texts_stand_where_they_stood() -> None:
    out = fed(reader(RuleScreen()), b'{"said": "a SECRET", "n": 1.0}')
    assert out == f'{{"said": "a {MASKED}", "n": 1.0}}'.encode()


def test_a_blocked_answer_becomes_an_error() -> None:
    one = reader(RuleScreen())
    out = fed(one, b'{"said":"FORBIDDEN"}')
    assert json.loads(out)["error"] == {"message": BLOCKED, "code": "content_blocked"}
    assert one.broken
    assert one.finish() == b""


def test_nothing_goes_on_while_the_screen_asks() -> None:
    screen = RuleScreen(asks=True)
    one = reader(screen)
    assert fed(one, b'{"said":"ASK"}') == b""
    assert one.finish() == b""
    screen.answer()
    assert one.finish() == b'{"said":"ASK"}'
    assert one.finish() == b""


@pytest.mark.parametrize(
    "bad", [b"{", b'{"said":1,"said":"SECRET"}', b"\xff", b'"' + b"x" * LIMIT + b'"', b"SECRET"]
)
def test_what_cannot_be_read_does_not_go_on(bad: bytes) -> None:
    one = reader(RuleScreen())
    out = fed(one, bad)
    assert json.loads(out)["error"]["code"] == Reason.NO_ENDPOINT.value
    assert b"SECRET" not in out
    assert one.broken


def test_a_body_without_a_byte_has_no_answer() -> None:
    assert reader(RuleScreen()).finish() == b""


@given(st.binary(), st.lists(st.integers(0, 50), max_size=4))
def test_nothing_that_a_server_sends_raises(body: bytes, cuts: list[int]) -> None:
    assert fed(reader(RuleScreen()), body, cuts) == fed(reader(RuleScreen()), body)
