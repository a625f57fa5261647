"""Event ids that carry the context of their stream."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.principal import ANONYMOUS, Principal, PrincipalKind
from gateway.sessions.event_id import (
    MAX_CONTEXT,
    StreamCall,
    StreamPosition,
    open_event_id,
    seal_event_id,
)
from gateway.sessions.seal import Sealer, SealFault
from gateway.sessions.session_id import BoundSession, seal_session

SEALER = Sealer([os.urandom(32)], 3600)
NOW = 1_800_000_000.0
ALICE = Principal(PrincipalKind.KEY, "", "alice")
LIST = StreamPosition("github", "stream_17_42", (StreamCall("tools/list", None, 17),))

text = st.text(st.characters(codec="utf-8"), max_size=20)
calls = st.builds(StreamCall, text, st.none() | text, text | st.integers())
positions = st.builds(
    StreamPosition, st.just("github"), text, st.lists(calls, max_size=4).map(tuple)
)


@given(positions)
def test_a_position_comes_back_with_the_exact_ids(position: StreamPosition) -> None:
    token = seal_event_id(SEALER, ALICE, position, NOW)
    assert token is not None
    opened = open_event_id(SEALER, ALICE, "github", token, NOW)
    assert isinstance(opened, StreamPosition)
    assert opened == position
    assert [type(call.id) for call in position.calls] == [type(call.id) for call in opened.calls]


def test_an_id_finds_its_request_on_the_replayed_stream() -> None:
    batch = StreamPosition("b", "e", (StreamCall("tools/list", None, 1), StreamCall("x", "y", "1")))
    found = [batch.call(1), batch.call("1"), batch.call(2)]
    assert [call and call.method for call in found] == ["tools/list", "x", None]


def test_event_ids_are_compact() -> None:
    token = seal_event_id(SEALER, ALICE, LIST, NOW)
    assert token is not None
    assert len(token) < 130


def test_a_position_that_is_too_large_has_no_id() -> None:
    long = StreamPosition("github", "e", (StreamCall("resources/read", "x" * MAX_CONTEXT, 1),))
    assert seal_event_id(SEALER, ALICE, long, NOW) is None
    assert seal_event_id(SEALER, ALICE, StreamPosition("github", "\ud800"), NOW) is None


def test_the_longest_position_fits_a_header() -> None:
    room = MAX_CONTEXT - len('["github","",[]]')
    token = seal_event_id(SEALER, ALICE, StreamPosition("github", "x" * room), NOW)
    assert token is not None
    assert len(token) < 1450
    assert seal_event_id(SEALER, ALICE, StreamPosition("github", "x" * (room + 1)), NOW) is None


@pytest.mark.parametrize(
    ("principal", "backend", "now", "fault"),
    [
        (ANONYMOUS, "github", NOW, SealFault.FORGED),
        (ALICE, "gitlab", NOW, SealFault.FORGED),
        (ALICE, "github", NOW + 3600, SealFault.EXPIRED),
    ],
)
def test_another_principal_backend_or_time_does_not_open(
    principal: Principal, backend: str, now: float, fault: SealFault
) -> None:
    token = seal_event_id(SEALER, ALICE, LIST, NOW)
    assert token is not None
    assert open_event_id(SEALER, principal, backend, token, now) is fault


def test_a_session_id_is_no_event_id() -> None:
    token = seal_session(SEALER, ALICE, BoundSession("github", "10.0.0.1:80", "x"), NOW)
    assert open_event_id(SEALER, ALICE, "github", token, NOW) is SealFault.FORGED


@given(st.text())
def test_no_text_is_an_event_id(token: str) -> None:
    assert isinstance(open_event_id(SEALER, ALICE, "github", token, NOW), SealFault)
