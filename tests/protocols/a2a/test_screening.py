"""A whole answer of an agent goes on when it is judged."""

import json
from typing import Any

import pytest

from gateway.model.passage import Stage
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.reading import Rewrite
from gateway.protocols.a2a.screening import screened_reader_of
from gateway.protocols.a2a.streaming import EventReader
from gateway.protocols.base import ResponseReader
from tests.support.answer_screen import BLOCKED, MASKED, RuleScreen
from tests.support.screened import encode, fed, reading

JSON = "application/json"


def reader(screen: RuleScreen | None = None, rewrite: Rewrite | None = None) -> ResponseReader:
    screen = screen or RuleScreen()
    found = screened_reader_of(JSON, reading(screen), screen, rewrite)
    assert found is not None
    return found


def message(text: str) -> Any:
    return {"message": {"role": "ROLE_AGENT", "parts": [{"text": text}]}}


@pytest.mark.parametrize("enveloped", [True, False])
def test_an_answer_is_masked_in_both_bindings(enveloped: bool) -> None:
    value = message("a SECRET")
    body = encode({"jsonrpc": "2.0", "id": 1, "result": value} if enveloped else value)
    out = json.loads(fed(reader(), body, [4]))
    assert (out["result"] if enveloped else out) == message(f"a {MASKED}")


def test_pieces_of_an_artifact_are_one_text() -> None:
    def parts(*texts: str) -> list[dict[str, str]]:
        return [{"text": text} for text in texts]

    task = {"id": "t", "artifacts": [{"artifactId": "a", "parts": parts("a SEC", "RET")}]}
    out = json.loads(fed(reader(), encode(task)))
    assert out["artifacts"][0]["parts"] == parts(f"a {MASKED}", "")


def test_a_blocked_answer_becomes_an_error() -> None:
    out = fed(reader(), encode(message("FORBIDDEN")))
    assert json.loads(out)["error"]["message"] == BLOCKED


def test_a_card_is_judged_as_the_client_gets_it() -> None:
    screen = RuleScreen()
    card = encode({"name": "n", "description": "a SECRET", "url": "http://gateway"})
    out = json.loads(fed(reader(screen, lambda _: card), b"{}"))
    assert out["description"] == f"a {MASKED}"
    assert {one.stage for one in screen.seen} == {Stage.AGENT_CARD}


def test_a_card_that_cannot_be_read_does_not_go_on() -> None:
    def rewrite(_: bytes) -> bytes:
        raise WrongError("SECRET")

    one = reader(None, rewrite)
    assert b"SECRET" not in fed(one, b'{"a":"SECRET"}')
    assert one.broken


def test_events_are_read_unless_a_card_was_asked_for() -> None:
    screen = RuleScreen()
    events = "text/event-stream"
    assert isinstance(screened_reader_of(events, reading(screen), screen, None), EventReader)
    assert screened_reader_of(events, reading(screen), screen, bytes) is None


@pytest.mark.parametrize("kind", ["application/grpc", "text/plain", ""])
def test_what_cannot_be_judged_has_no_reader(kind: str) -> None:
    screen = RuleScreen()
    assert screened_reader_of(kind, reading(screen), screen, None) is None
