"""What the head of a request tells before its body has come."""

import pytest

from gateway.model.call import Deframed
from gateway.model.refusal import Refusal
from gateway.protocols.base import Settings
from gateway.protocols.mcp import PROTOCOL
from gateway.protocols.mcp.reading import EventReader
from gateway.protocols.mcp.screening import ScreenedEventReader, ScreenedJsonReader
from tests.protocols.mcp.clients import JSON, SESSION, Lines, encode, head, mcp, modern_lines, rpc
from tests.support.answer_screen import RuleScreen
from tests.support.screened import reading

LISTENING = (*SESSION, ("accept", "text/event-stream"))


@pytest.mark.parametrize(
    ("lines", "method", "has_sessions", "needs_response", "lasts"),
    [
        (JSON, "POST", True, True, False),
        (LISTENING, "GET", True, True, True),
        (SESSION, "DELETE", True, True, False),
        (modern_lines("tools/call", "x"), "POST", False, False, False),
        (modern_lines("tools/list"), "POST", False, True, False),
        (modern_lines("subscriptions/listen"), "POST", False, False, True),
    ],
)
def test_a_head_tells_what_will_be_needed_of_the_answer(
    lines: Lines, method: str, has_sessions: bool, needs_response: bool, lasts: bool
) -> None:
    opening = mcp.open(head(lines, method))
    assert not isinstance(opening.verdict, Refusal)
    told = (opening.has_sessions, opening.needs_response, opening.lasts)
    assert told == (has_sessions, needs_response, lasts)


def test_a_request_without_a_body_is_whole_with_its_head() -> None:
    opening = mcp.open(head(SESSION, "DELETE"))
    assert isinstance(opening.verdict, Deframed)
    assert opening.deframe(b"") == opening.verdict
    assert isinstance(opening.deframe(b"{}"), Refusal)


def test_the_body_limit_is_that_of_the_route() -> None:
    body = encode(rpc("ping"))
    fitting = PROTOCOL(Settings("/mcp", "tracker", len(body)))
    assert isinstance(fitting.open(head()).deframe(body), Deframed)
    assert not isinstance(fitting.open(head()).deframe(body + b" "), Deframed)


def test_with_a_screen_every_message_is_judged() -> None:
    screen = RuleScreen()
    opening = mcp.open(head(LISTENING, "GET"))
    assert isinstance(opening.reader("application/json", reading(screen)), ScreenedJsonReader)
    assert isinstance(opening.reader("text/event-stream", reading(screen)), ScreenedEventReader)
    assert isinstance(opening.reader("text/event-stream", reading(None)), EventReader)
    assert opening.reader("text/plain", reading(screen)) is None
