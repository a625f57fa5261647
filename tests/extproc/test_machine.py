"""A request is held until its verdict; what Envoy cannot do any more is illegal."""

import pytest

from gateway.extproc.commands import (
    BodyReply,
    HeadersReply,
    Judge,
    JudgeResponse,
    ModeOverride,
    Preview,
    Send,
    TimeoutReply,
    TrailersReply,
    Wait,
)
from gateway.extproc.events import (
    BodyMode,
    Modes,
    RequestTrailers,
    ResponseTrailers,
)
from gateway.extproc.replies import DUPLEX_PIECE
from gateway.extproc.transitions import StreamError
from gateway.model.head import ResponseHead
from gateway.model.verdict import (
    Forward,
    Gap,
    Mutation,
    Proceed,
)
from tests.extproc.machine_stage import (
    ADDED,
    BUFFERED,
    DOWN,
    DUPLEX,
    HEAD,
    HEAD_ONLY,
    HOLD,
    HOLD_AND_ANSWER,
    LIMIT,
    OK,
    REFUSAL,
    REFUSED,
    TOO_LARGE,
    UP,
    answer,
    bodiless,
    body,
    duplex,
    forwarded,
    headers,
    holding,
    piece,
)
from tests.playbook import Playbook

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


@pytest.mark.parametrize("modes", [BUFFERED, DUPLEX])
def test_a_request_that_went_on_can_be_taken_back_until_its_answer_comes(modes: Modes) -> None:
    playbook = forwarded(modes)
    assert playbook
    assert playbook.machine.take_back(REFUSAL) == REFUSED
    assert playbook.machine.may_end
    assert playbook >> answer(modes=modes) << Wait()
    with pytest.raises(StreamError, match="a refusal while"):
        playbook.machine.take_back(REFUSAL)


@pytest.mark.parametrize("modes", [BUFFERED, DUPLEX])
def test_a_request_whose_answer_has_come_cannot_be_taken_back(modes: Modes) -> None:
    playbook = forwarded(modes) >> answer(modes=modes) << JudgeResponse(OK, end_of_stream=False)
    assert playbook
    with pytest.raises(StreamError, match="a refusal while"):
        playbook.machine.take_back(REFUSAL)


# --- a request that waits for an endpoint -------------------------------------------------------


def test_only_a_request_whose_verdict_is_due_gets_more_time() -> None:
    playbook = holding()
    with pytest.raises(StreamError, match="more time"):
        playbook.machine.extend(60)
    assert playbook >> body() << Judge(HEAD, b"{}")
    assert playbook.machine.extend(60) == (TimeoutReply(60),)


def test_in_duplex_mode_envoy_waits_for_as_long_as_it_takes() -> None:
    playbook = holding(DUPLEX)
    assert playbook >> body() << Judge(HEAD, b"{}")
    assert playbook.machine.extend(60) == ()


def test_a_verdict_may_have_envoy_choose_its_route_again() -> None:
    moved = Forward(ADDED, reroutes=True)
    playbook = holding()
    assert playbook >> body() << Judge(HEAD, b"{}")
    assert playbook >> moved << (BodyReply(UP, ADDED, reroutes=True),)
    duplicate = holding(DUPLEX)
    assert duplicate >> body() << Judge(HEAD, b"{}")
    assert (
        duplicate >> moved << (HeadersReply(UP, ADDED, reroutes=True), duplex(UP, b"{}", ends=True))
    )
    alone = Playbook(body_limit=LIMIT)
    assert alone >> bodiless() << Judge(HEAD, b"")
    assert alone >> moved << (HeadersReply(UP, ADDED, reroutes=True),)
