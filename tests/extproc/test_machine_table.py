"""What the table allows is possible, and nothing else, whatever is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.extproc.commands import (
    BodyReply,
    Direction,
    HeadersReply,
    Judge,
    JudgeResponse,
    ModeOverride,
    Preview,
    Read,
    Reply,
    Send,
    TrailersReply,
    Wait,
)
from gateway.extproc.events import (
    BodyMode,
    Event,
    Modes,
    RequestBody,
    RequestHeaders,
    RequestTrailers,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
)
from gateway.extproc.machine import Machine
from gateway.extproc.transitions import TRANSITIONS, State, StreamError
from gateway.model.head import ResponseHead
from gateway.model.verdict import (
    Conclusion,
    Emit,
    Forward,
    PassResponse,
    Proceed,
    ReadResponse,
    Refuse,
)
from tests.extproc.machine_stage import (
    ADDED,
    HEAD,
    LIMIT,
    OK,
    REFUSAL,
    TOO_LARGE,
    answer,
    bodiless,
    body,
    headers,
    piece,
)
from tests.playbook import EVENTS, Said, tell

CONCLUSIONS = (Proceed, Forward, Refuse, PassResponse, ReadResponse, Emit)
SAMPLES: dict[type, Said] = {
    RequestHeaders: headers(),
    RequestBody: body(),
    RequestTrailers: RequestTrailers(),
    ResponseHeaders: answer(TOO_LARGE),
    ResponseBody: piece(b"x"),
    ResponseTrailers: ResponseTrailers(),
    Proceed: Proceed(),
    Forward: Forward(),
    Refuse: REFUSAL,
    PassResponse: PassResponse(),
    ReadResponse: ReadResponse(),
    Emit: Emit(b""),
}
WAYS: dict[State, tuple[Said, ...]] = {
    State.START: (),
    State.PREVIEWING: (headers(),),
    State.HOLDING: (headers(), Proceed(True)),
    State.JUDGING: (headers(), Proceed(True), body(ends=False)),
    State.FORWARDED: (headers(), Proceed(True), body(ends=False), Forward()),
    State.ANSWERING: (bodiless(), Forward(), answer()),
    State.READING: (bodiless(), Forward(), answer(), ReadResponse()),
    State.FILTERING: (bodiless(), Forward(), answer(), ReadResponse(), piece(b"x")),
    State.COLLECTING: (bodiless(), Forward(), answer(), ReadResponse(whole=True)),
    State.WEIGHING: (bodiless(), Forward(), answer(), ReadResponse(whole=True), piece(b"x")),
    State.RELAYING: (headers(), Proceed(), body(ends=False), Forward(), answer(), PassResponse()),
    State.ANSWERED: (headers(), Proceed(), answer(TOO_LARGE)),
    State.ENDED: (headers(), REFUSAL),
}
PAIRS = [(state, kind) for state in State for kind in (*EVENTS, *CONCLUSIONS)]


def machine_in(state: State) -> Machine:
    machine = Machine(LIMIT)
    for said in WAYS[state]:
        assert tell(machine, said) is not StreamError
    assert machine.state is state
    return machine


@pytest.mark.parametrize(
    ("state", "kind"), [pair for pair in PAIRS if pair not in TRANSITIONS], ids=str
)
def test_what_the_table_does_not_have_is_illegal_and_changes_nothing(
    state: State, kind: type
) -> None:
    machine = machine_in(state)
    ends = machine.may_end
    assert tell(machine, SAMPLES[kind]) is StreamError
    assert (machine.state, machine.may_end) == (state, ends)


@pytest.mark.parametrize(("state", "kind"), list(TRANSITIONS), ids=str)
def test_every_pair_of_the_table_is_possible(state: State, kind: type) -> None:
    machine = machine_in(state)
    assert tell(machine, SAMPLES[kind]) is not StreamError
    assert machine.state in TRANSITIONS[state, kind]


def test_a_refusal_may_answer_every_question_but_that_of_a_piece() -> None:
    refused = {state for state, kind in TRANSITIONS if kind is Refuse}
    assert refused == {State.PREVIEWING, State.JUDGING, State.ANSWERING, State.WEIGHING}


def test_a_stream_may_end_only_where_nothing_needs_the_gateway() -> None:
    may = {state for state in State if machine_in(state).may_end}
    assert may == {State.RELAYING, State.ENDED}  # FORWARDED here waits for a response


# --- any conversation -------------------------------------------------------------------------

MODES = st.builds(Modes, st.sampled_from(BodyMode), st.sampled_from(BodyMode))
RESPONSE_HEADS = st.sampled_from([OK, TOO_LARGE, ResponseHead(500)])
EVENT = st.one_of(
    st.builds(RequestHeaders, st.just(HEAD), st.booleans(), MODES),
    st.builds(RequestBody, st.binary(max_size=6), st.booleans()),
    st.just(RequestTrailers()),
    st.builds(ResponseHeaders, RESPONSE_HEADS, st.booleans(), MODES),
    st.builds(ResponseBody, st.binary(max_size=6), st.booleans()),
    st.just(ResponseTrailers()),
)
CONCLUSION = st.one_of(
    st.builds(Proceed, st.booleans()),
    st.builds(Forward, st.just(ADDED), st.none() | st.binary(max_size=3), st.booleans()),
    st.just(REFUSAL),
    st.just(PassResponse()),
    st.builds(ReadResponse, whole=st.booleans()),
    st.builds(Emit, st.binary(max_size=3)),
)
QUESTIONS = (Preview, Judge, JudgeResponse, Read)


@given(st.lists(st.one_of(EVENT, CONCLUSION), max_size=20))
def test_whatever_is_said_nothing_is_forwarded_or_ended_without_a_verdict(
    conversation: list[Event | Conclusion],
) -> None:
    machine = Machine(10)
    judged, refused = False, False
    for said in conversation:
        answered = tell(machine, said)
        if answered is StreamError:
            return  # the driver aborts the stream
        judged = judged or isinstance(said, Forward)
        refused = refused or isinstance(said, Refuse)
        assert judged or not any(forwards(reply) for reply in replies_in(answered))
        assert not refused or isinstance(answered, tuple | Wait)
        assert judged or refused or not machine.may_end
        assert not (isinstance(answered, QUESTIONS) and machine.may_end)


@given(modes=MODES, events=st.lists(EVENT, max_size=12), verdicts=st.data())
def test_a_driver_that_answers_every_question_never_forwards_before_the_verdict(
    modes: Modes, events: list[Event], verdicts: st.DataObject
) -> None:
    machine = Machine(10)
    judged = False
    for event in (headers(modes), *events):
        answered = tell(machine, event)
        if isinstance(answered, QUESTIONS):
            verdict = verdicts.draw(st.sampled_from(POSSIBLE[type(answered)]))
            judged = judged or isinstance(verdict, Forward)
            answered = tell(machine, verdict)
        if answered is StreamError:
            return
        assert judged or not any(forwards(reply) for reply in replies_in(answered))


POSSIBLE: dict[type, list[Conclusion]] = {
    Preview: [Proceed(), Proceed(True), REFUSAL],
    Judge: [Forward(), Forward(ADDED, b"x", True), REFUSAL],
    JudgeResponse: [PassResponse(), ReadResponse(), ReadResponse(whole=True), REFUSAL],
    Read: [Emit(b""), Emit(b"x")],
}


def replies_in(answered: object) -> tuple[Reply, ...]:
    if isinstance(answered, Send):
        return answered.replies
    return answered if isinstance(answered, tuple) else ()  # pyright: ignore[reportUnknownVariableType]


def forwards(reply: Reply) -> bool:
    """Whether Envoy lets a request go on at this reply."""
    match reply:
        case HeadersReply(Direction.REQUEST, override=ModeOverride() as override):
            held = override.request_body is BodyMode.BUFFERED and override.request_trailers
            return not held
        case (
            HeadersReply(direction=Direction.REQUEST)
            | BodyReply(direction=Direction.REQUEST)
            | TrailersReply(direction=Direction.REQUEST)
        ):
            return True
        case _:
            return False
