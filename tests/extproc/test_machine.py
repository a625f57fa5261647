import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.extproc.commands import (
    BodyReply,
    Direction,
    HeadersReply,
    ImmediateReply,
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
from gateway.extproc.machine import DUPLEX_PIECE, Machine
from gateway.extproc.transitions import TRANSITIONS, State, StreamError
from gateway.model.head import RequestHead, ResponseHead
from gateway.model.refusal import Answer
from gateway.model.verdict import (
    Conclusion,
    Emit,
    Forward,
    Gap,
    Mutation,
    PassResponse,
    Proceed,
    ReadResponse,
    Refuse,
)
from tests.playbook import EVENTS, Playbook, Said, tell

LIMIT = 1000
BUFFERED = Modes(BodyMode.BUFFERED, BodyMode.NONE)
DUPLEX = Modes(BodyMode.DUPLEX, BodyMode.DUPLEX)
HEAD_ONLY = Modes(BodyMode.NONE, BodyMode.NONE)

HEAD = RequestHead("POST", "/mcp", route="mcp")
OK = ResponseHead(200, details="via_upstream", upstream="10.0.0.1:80")
TOO_LARGE = ResponseHead(413, details="request_payload_too_large")
ADDED = Mutation((("x-a", "1"),))
REFUSAL = Refuse(Answer(403, (), b"no"), "gatehouse_denied")
REFUSED = (ImmediateReply(REFUSAL.answer, REFUSAL.details),)

UP, DOWN = Direction.REQUEST, Direction.RESPONSE
HOLD = ModeOverride(BodyMode.BUFFERED, True, False, BodyMode.NONE)
HOLD_AND_ANSWER = ModeOverride(BodyMode.BUFFERED, True, True, BodyMode.NONE)
STREAM_RESPONSE = ModeOverride(BodyMode.BUFFERED, True, True, BodyMode.STREAMED)
NO_LENGTH = Mutation(remove=("content-length",))


def bodiless(modes: Modes = BUFFERED) -> RequestHeaders:
    return RequestHeaders(HEAD, end_of_stream=True, modes=modes)


def headers(modes: Modes = BUFFERED) -> RequestHeaders:
    return RequestHeaders(HEAD, end_of_stream=False, modes=modes)


def answer(
    head: ResponseHead = OK, modes: Modes = BUFFERED, *, end_of_stream: bool = False
) -> ResponseHeaders:
    return ResponseHeaders(head, end_of_stream, modes)


def body(data: bytes = b"{}", *, ends: bool = True) -> RequestBody:
    return RequestBody(data, ends)


def piece(data: bytes, *, ends: bool = False) -> ResponseBody:
    return ResponseBody(data, ends)


def duplex(direction: Direction, data: bytes, *, ends: bool = False) -> BodyReply:
    return BodyReply(direction, data=data, streamed=True, end_of_stream=ends)


def holding(modes: Modes = BUFFERED, *, response_headers: bool = False) -> Playbook:
    """A playbook that waits for the body of a request."""
    playbook = Playbook(body_limit=LIMIT)
    reply = (HeadersReply(UP, override=HOLD_AND_ANSWER if response_headers else HOLD),)
    withheld = modes.request is BodyMode.DUPLEX
    assert playbook >> headers(modes) << Preview(HEAD)
    assert playbook >> Proceed(response_headers) << (() if withheld else reply)
    return playbook


def forwarded(modes: Modes = BUFFERED) -> Playbook:
    """A playbook that waits for the response of a request with the body {}."""
    playbook = holding(modes, response_headers=True)
    assert playbook >> body() << Judge(HEAD, b"{}")
    replies: tuple[Reply, ...] = (BodyReply(UP),)
    if modes.request is BodyMode.DUPLEX:
        replies = (HeadersReply(UP), duplex(UP, b"{}", ends=True))
    assert playbook >> Forward(response_headers=True) << replies
    return playbook


# --- the request, BUFFERED --------------------------------------------------------------------


def test_a_request_without_body_is_judged_by_its_headers() -> None:
    assert (
        Playbook()
        >> bodiless()
        << Judge(HEAD, b"")
        >> Forward(ADDED, metadata={"ns": {"a": 1}})
        << (HeadersReply(UP, ADDED, metadata={"ns": {"a": 1}}),)
    )


def test_a_request_without_body_asks_for_its_response_in_the_same_reply() -> None:
    playbook = Playbook()
    assert (
        playbook
        >> bodiless()
        << Judge(HEAD, b"")
        >> Forward(response_headers=True)
        << (HeadersReply(UP, override=HOLD_AND_ANSWER),)
        >> answer()
        << JudgeResponse(OK, end_of_stream=False)
    )


def test_a_body_that_fits_comes_as_one_message_and_is_judged_once() -> None:
    assert (
        holding()
        >> body(b"{}")
        << Judge(HEAD, b"{}")
        >> Forward(ADDED, metadata={"ns": {}})
        << (BodyReply(UP, ADDED, metadata={"ns": {}}),)
    )


def test_an_empty_body_message_is_judged() -> None:
    assert holding() >> body(b"") << Judge(HEAD, b"") >> Forward() << (BodyReply(UP),)


def test_a_replaced_body_brings_its_length() -> None:
    replaced = BodyReply(UP, Mutation((("content-length", "3"),)), b"[1]")
    assert holding() >> body() << Judge(HEAD, b"{}") >> Forward(body=b"[1]") << (replaced,)


def test_a_buffered_body_that_trailers_follow_is_complete() -> None:
    playbook = holding() >> body(ends=False) << Judge(HEAD, b"{}") >> Forward() << (BodyReply(UP),)
    assert playbook >> RequestTrailers() << Send((TrailersReply(UP),))
    assert playbook.machine.may_end
    assert playbook >> RequestTrailers() << StreamError


def test_a_held_request_always_asks_for_trailers() -> None:
    """Without them Envoy forwards a request of headers and trailers on the headers' reply."""
    playbook = Playbook() >> headers() << Preview(HEAD) >> Proceed()
    assert playbook << (HeadersReply(UP, override=HOLD),)
    assert HOLD.request_trailers
    assert HOLD_AND_ANSWER.request_trailers


def test_a_request_of_headers_and_trailers_is_judged_and_can_be_refused() -> None:
    assert holding() >> RequestTrailers() << Judge(HEAD, b"") >> REFUSAL << REFUSED


def test_a_request_of_headers_and_trailers_cannot_go_on() -> None:
    assert holding() >> RequestTrailers() << Judge(HEAD, b"") >> Forward(ADDED) << StreamError


def test_a_body_over_the_limit_is_judged_as_overflow_and_cannot_go_on() -> None:
    playbook = holding() >> body(b"x" * (LIMIT + 1)) << Judge(HEAD, b"", Gap.OVERFLOW)
    assert playbook >> Forward() << StreamError
    assert playbook >> REFUSAL << REFUSED


def test_a_body_of_exactly_the_limit_fits() -> None:
    assert holding() >> body(b"x" * LIMIT) << Judge(HEAD, b"x" * LIMIT) >> REFUSAL << REFUSED


def test_another_body_for_a_request_without_one_is_illegal() -> None:
    assert Playbook() >> bodiless() << Judge(HEAD, b"") >> Forward(body=b"{}") << StreamError


def test_response_headers_that_were_not_asked_for_with_the_head_cannot_be_had() -> None:
    playbook = holding() >> body() << Judge(HEAD, b"{}")
    assert playbook >> Forward(response_headers=True) << StreamError


def test_response_headers_that_were_asked_for_need_not_be_wanted_again() -> None:
    playbook = holding(response_headers=True) >> body() << Judge(HEAD, b"{}")
    assert playbook >> Forward() << (BodyReply(UP),)
    assert not playbook.machine.may_end


def test_a_route_that_hands_over_no_body_is_judged_with_that_gap() -> None:
    wanted = ModeOverride(BodyMode.NONE, False, True, BodyMode.NONE)
    assert (
        Playbook()
        >> headers(HEAD_ONLY)
        << Judge(HEAD, b"", Gap.UNSENT)
        >> Forward(response_headers=True)
        << (HeadersReply(UP, override=wanted),)
    )


def test_a_response_that_lasts_keeps_the_stream_until_its_end() -> None:
    """Asked for with the head, or, of a request without a body, with the verdict."""
    held = ModeOverride(BodyMode.BUFFERED, True, False, BodyMode.NONE, response_trailers=True)
    playbook = Playbook() >> headers() << Preview(HEAD) >> Proceed(lasts=True)
    assert playbook << (HeadersReply(UP, override=held),)
    playbook = Playbook() >> bodiless() << Judge(HEAD, b"") >> Forward(lasts=True)
    assert playbook << (HeadersReply(UP, override=held),)
    assert playbook.machine.may_end


@pytest.mark.parametrize("mode", [BodyMode.STREAMED, BodyMode.BUFFERED_PARTIAL, BodyMode.GRPC])
def test_a_mode_that_forwards_before_the_verdict_is_illegal(mode: BodyMode) -> None:
    assert Playbook() >> headers(Modes(mode, BodyMode.NONE)) << StreamError


# --- the request, FULL_DUPLEX_STREAMED --------------------------------------------------------


@pytest.mark.parametrize("chunks", [1, 2, 7])
def test_duplex_pieces_are_held_until_the_verdict(chunks: int) -> None:
    playbook = holding(DUPLEX)
    for _ in range(chunks - 1):
        assert playbook >> body(b"ab", ends=False) << Wait()
    whole = b"ab" * chunks
    assert (
        playbook
        >> body(b"ab")
        << Judge(HEAD, whole)
        >> Forward(ADDED, metadata={"ns": {}})
        << (HeadersReply(UP, ADDED, metadata={"ns": {}}), duplex(UP, whole, ends=True))
    )


def test_duplex_without_body_needs_no_body_reply() -> None:
    playbook = Playbook() >> bodiless(DUPLEX) << Judge(HEAD, b"")
    assert playbook >> Forward(ADDED, response_headers=True) << (HeadersReply(UP, ADDED),)


def test_duplex_body_that_ends_with_an_empty_piece() -> None:
    playbook = holding(DUPLEX) >> body(ends=False) << Wait() >> body(b"") << Judge(HEAD, b"{}")
    assert playbook >> Forward() << (HeadersReply(UP), duplex(UP, b"{}", ends=True))


def test_duplex_empty_body_is_judged_and_ended() -> None:
    playbook = holding(DUPLEX) >> body(b"") << Judge(HEAD, b"")
    assert playbook >> Forward() << (HeadersReply(UP), duplex(UP, b"", ends=True))


def test_duplex_trailers_end_the_body() -> None:
    playbook = holding(DUPLEX) >> body(ends=False) << Wait()
    assert playbook >> RequestTrailers() << Judge(HEAD, b"{}")
    replies = (HeadersReply(UP), duplex(UP, b"{}"), TrailersReply(UP))
    assert playbook >> Forward() << replies
    assert playbook >> RequestTrailers() << StreamError


def test_duplex_replaced_body_goes_out_in_bounded_pieces() -> None:
    big = b"x" * (2 * DUPLEX_PIECE + 1)
    playbook = holding(DUPLEX) >> body() << Judge(HEAD, b"{}")
    first, second, last = big[:DUPLEX_PIECE], big[:DUPLEX_PIECE], b"x"
    assert (
        playbook
        >> Forward(body=big)
        << (
            HeadersReply(UP),
            duplex(UP, first),
            duplex(UP, second),
            duplex(UP, last, ends=True),
        )
    )


def test_duplex_overflow_is_judged_at_once_and_the_rest_of_the_upload_ignored() -> None:
    playbook = holding(DUPLEX) >> body(b"x" * LIMIT, ends=False) << Wait()
    assert playbook >> body(b"y", ends=False) << Judge(HEAD, b"", Gap.OVERFLOW)
    assert playbook >> REFUSAL << REFUSED
    assert playbook >> body(b"z", ends=False) << Wait() >> RequestTrailers() << Wait()


def test_duplex_overflow_cannot_go_on() -> None:
    playbook = holding(DUPLEX) >> body(b"x" * (LIMIT + 1)) << Judge(HEAD, b"", Gap.OVERFLOW)
    assert playbook >> Forward(body=b"{}") << StreamError


# --- answers that Envoy gives itself ----------------------------------------------------------


@pytest.mark.parametrize("modes", [BUFFERED, DUPLEX])
def test_envoys_own_answer_to_a_held_request_passes(modes: Modes) -> None:
    playbook = holding(modes) >> answer(TOO_LARGE, modes) << Send((HeadersReply(DOWN),))
    assert playbook
    assert not playbook.machine.may_end
    relayed = duplex(DOWN, b"x", ends=True) if modes is DUPLEX else BodyReply(DOWN)
    assert playbook >> piece(b"x", ends=True) << Send((relayed,))
    assert not playbook.machine.may_end


def test_a_filter_before_ours_may_answer_before_the_request_comes() -> None:
    playbook = Playbook() >> answer(TOO_LARGE, DUPLEX) << Send((HeadersReply(DOWN),))
    assert playbook >> piece(b"x") << Send((duplex(DOWN, b"x"),))
    assert playbook >> ResponseTrailers() << Send((TrailersReply(DOWN),))
    assert playbook >> headers() << StreamError


@pytest.mark.parametrize(
    "head", [OK, ResponseHead(200), ResponseHead(200, details="x", upstream="10.0.0.1:80")]
)
def test_an_upstreams_answer_to_a_request_that_was_never_judged_does_not_pass(
    head: ResponseHead,
) -> None:
    assert Playbook() >> answer(head) << StreamError
    assert holding() >> answer(head) << StreamError


# --- the response -----------------------------------------------------------------------------


def test_a_response_passes_by_its_head() -> None:
    playbook = forwarded() >> answer() << JudgeResponse(OK, end_of_stream=False)
    assert playbook >> PassResponse(ADDED) << (HeadersReply(DOWN, ADDED),)
    assert playbook.machine.may_end


def test_a_response_is_read_in_streamed_mode_by_mode_override() -> None:
    playbook = forwarded() >> answer() << JudgeResponse(OK, end_of_stream=False)
    reply = HeadersReply(DOWN, NO_LENGTH, STREAM_RESPONSE)
    assert playbook >> ReadResponse() << (reply,)
    assert playbook >> piece(b"ab") << Read(b"ab", end_of_stream=False)
    assert playbook >> Emit(b"") << (BodyReply(DOWN, data=b""),)
    assert playbook >> piece(b"cd", ends=True) << Read(b"cd", end_of_stream=True)
    assert not playbook.machine.may_end
    assert playbook >> Emit(b"abcd!") << (BodyReply(DOWN, data=b"abcd!"),)
    assert playbook.machine.may_end


def test_a_piece_that_goes_on_as_it_came_is_not_sent_back() -> None:
    playbook = reading() >> piece(b"ab") << Read(b"ab", end_of_stream=False)
    assert playbook >> Emit(b"ab") << (BodyReply(DOWN),)
    assert playbook >> piece(b"cd") << Read(b"cd", end_of_stream=False)
    assert playbook >> Emit(b"ab") << (BodyReply(DOWN, data=b"ab"),)
    assert playbook >> piece(b"", ends=True) << Read(b"", end_of_stream=True)
    assert playbook >> Emit(b"") << (BodyReply(DOWN),)


def test_in_duplex_a_piece_that_goes_on_as_it_came_is_sent_back() -> None:
    playbook = forwarded(DUPLEX) >> answer(modes=DUPLEX) << JudgeResponse(OK, end_of_stream=False)
    assert playbook >> ReadResponse() << (HeadersReply(DOWN, NO_LENGTH),)
    assert playbook >> piece(b"ab") << Read(b"ab", end_of_stream=False)
    assert playbook >> Emit(b"ab") << (duplex(DOWN, b"ab"),)


def test_a_response_is_read_in_duplex_without_override() -> None:
    playbook = forwarded(DUPLEX) >> answer(modes=DUPLEX) << JudgeResponse(OK, end_of_stream=False)
    assert (
        playbook
        >> ReadResponse(ADDED)
        << (HeadersReply(DOWN, Mutation((("x-a", "1"),), ("content-length",))),)
    )
    assert playbook >> piece(b"ab") << Read(b"ab", end_of_stream=False)
    assert playbook >> Emit(b"AB") << (duplex(DOWN, b"AB"),)
    assert playbook >> piece(b"", ends=True) << Read(b"", end_of_stream=True)
    assert playbook >> Emit(b"!") << (duplex(DOWN, b"!", ends=True),)
    assert playbook.machine.may_end


def test_duplex_trailers_let_the_withheld_rest_out() -> None:
    playbook = forwarded(DUPLEX) >> answer(modes=DUPLEX) << JudgeResponse(OK, end_of_stream=False)
    assert playbook >> ReadResponse() << (HeadersReply(DOWN, NO_LENGTH),)
    assert playbook >> ResponseTrailers() << Read(b"", end_of_stream=True)
    assert playbook >> Emit(b"!") << (duplex(DOWN, b"!"), TrailersReply(DOWN))
    assert playbook.machine.may_end


def test_streamed_trailers_end_a_response_that_withholds_nothing() -> None:
    playbook = reading() >> ResponseTrailers() << Read(b"", end_of_stream=True)
    assert playbook >> Emit(b"") << (TrailersReply(DOWN),)


def test_streamed_trailers_cannot_carry_what_was_withheld() -> None:
    assert reading() >> ResponseTrailers() << Read(b"", True) >> Emit(b"x") << StreamError


def test_a_buffered_response_is_read_whole_even_if_trailers_follow() -> None:
    modes = Modes(BodyMode.BUFFERED, BodyMode.BUFFERED)
    playbook = Playbook() >> bodiless(modes) << Judge(HEAD, b"")
    assert playbook >> Forward() << (HeadersReply(UP),)
    assert playbook >> answer() << JudgeResponse(OK, end_of_stream=False)
    assert playbook >> ReadResponse() << (HeadersReply(DOWN, NO_LENGTH),)
    assert playbook >> piece(b"ab") << Read(b"ab", end_of_stream=True)
    assert playbook >> Emit(b"AB") << (BodyReply(DOWN, data=b"AB"),)
    assert playbook >> ResponseTrailers() << Send((TrailersReply(DOWN),))


def test_a_response_without_body_has_nothing_to_read() -> None:
    playbook = forwarded() >> answer(end_of_stream=True) << JudgeResponse(OK, end_of_stream=True)
    assert playbook >> ReadResponse(ADDED) << (HeadersReply(DOWN, ADDED),)
    assert playbook.machine.may_end
    assert not playbook.machine.unread


@pytest.mark.parametrize(
    "modes",
    [
        Modes(BodyMode.DUPLEX, BodyMode.NONE),  # Envoy ignores mode_override here
        Modes(BodyMode.BUFFERED, BodyMode.BUFFERED_PARTIAL),
        Modes(BodyMode.BUFFERED, BodyMode.GRPC),
    ],
)
def test_a_response_that_the_wiring_cannot_deliver_does_not_pass(modes: Modes) -> None:
    playbook = Playbook() >> bodiless(modes) << Judge(HEAD, b"")
    assert playbook >> Forward() << (HeadersReply(UP),)
    assert playbook >> answer() << JudgeResponse(OK, end_of_stream=False)
    assert playbook >> ReadResponse() << StreamError
    assert not playbook.machine.may_end


def test_pieces_that_nobody_reads_are_relayed() -> None:
    playbook = forwarded(DUPLEX) >> answer(modes=DUPLEX) << JudgeResponse(OK, end_of_stream=False)
    assert playbook >> PassResponse() << (HeadersReply(DOWN),)
    assert playbook >> piece(b"ab") << Send((duplex(DOWN, b"ab"),))
    assert not playbook.machine.may_end
    assert playbook >> piece(b"", ends=True) << Send((duplex(DOWN, b"", ends=True),))
    assert playbook.machine.may_end


def reading() -> Playbook:
    """A playbook that waits for the first piece of a response in STREAMED mode."""
    playbook = forwarded() >> answer() << JudgeResponse(OK, end_of_stream=False)
    assert playbook >> ReadResponse() << (HeadersReply(DOWN, NO_LENGTH, STREAM_RESPONSE),)
    return playbook


# --- refusal at each stage --------------------------------------------------------------------


def test_a_refusal_on_the_headers_ends_the_exchange() -> None:
    playbook = Playbook() >> headers() << Preview(HEAD) >> REFUSAL << REFUSED
    assert playbook
    assert playbook.machine.may_end


def test_a_refusal_of_a_request_without_body_ends_the_exchange() -> None:
    assert Playbook() >> bodiless() << Judge(HEAD, b"") >> REFUSAL << REFUSED


@pytest.mark.parametrize("modes", [BUFFERED, DUPLEX])
def test_a_refusal_on_the_body_ends_the_exchange(modes: Modes) -> None:
    playbook = holding(modes) >> body() << Judge(HEAD, b"{}") >> REFUSAL << REFUSED
    assert playbook
    assert playbook.machine.may_end


@pytest.mark.parametrize("modes", [BUFFERED, DUPLEX])
def test_a_refusal_of_the_response_ends_the_exchange(modes: Modes) -> None:
    playbook = forwarded(modes) >> answer(modes=modes) << JudgeResponse(OK, end_of_stream=False)
    assert playbook >> REFUSAL << REFUSED
    assert playbook >> piece(b"secret") << Wait() >> ResponseTrailers() << Wait()


def test_what_comes_after_a_refusal_gets_no_reply() -> None:
    playbook = Playbook() >> headers(DUPLEX) << Preview(HEAD) >> REFUSAL << REFUSED
    assert playbook >> body() << Wait() >> RequestTrailers() << Wait() >> answer() << Wait()
    assert playbook >> headers() << StreamError


# --- unread -----------------------------------------------------------------------------------


def test_a_response_is_unread_until_its_first_piece() -> None:
    playbook = forwarded()
    assert not playbook.machine.unread
    assert playbook >> answer() << JudgeResponse(OK, end_of_stream=False)
    assert not playbook.machine.unread
    assert playbook >> ReadResponse() << (HeadersReply(DOWN, NO_LENGTH, STREAM_RESPONSE),)
    assert playbook.machine.unread
    assert playbook >> piece(b"ab") << Read(b"ab", end_of_stream=False)
    assert playbook >> Emit(b"ab") << (BodyReply(DOWN),)
    assert not playbook.machine.unread


# --- the table --------------------------------------------------------------------------------

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
    assert refused == {State.PREVIEWING, State.JUDGING, State.ANSWERING}


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
    st.just(ReadResponse()),
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
    JudgeResponse: [PassResponse(), ReadResponse(), REFUSAL],
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
