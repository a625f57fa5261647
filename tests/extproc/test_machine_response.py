"""A response passes, or is read piece by piece, as its wiring can deliver it."""

import pytest

from gateway.extproc.commands import (
    BodyReply,
    HeadersReply,
    Judge,
    JudgeResponse,
    ModeOverride,
    Read,
    Send,
    TrailersReply,
)
from gateway.extproc.events import (
    BodyMode,
    Modes,
    ResponseTrailers,
)
from gateway.extproc.transitions import StreamError
from gateway.model.verdict import (
    Emit,
    Forward,
    Mutation,
    PassResponse,
    ReadResponse,
)
from tests.extproc.machine_stage import (
    ADDED,
    DOWN,
    DUPLEX,
    HEAD,
    NO_LENGTH,
    OK,
    REFUSAL,
    REFUSED,
    STREAM_RESPONSE,
    UP,
    answer,
    bodiless,
    duplex,
    forwarded,
    piece,
    reading,
)
from tests.playbook import Playbook


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


def test_a_response_that_is_read_whole_can_become_another_answer() -> None:
    playbook = forwarded() >> answer() << JudgeResponse(OK, end_of_stream=False)
    override = ModeOverride(BodyMode.BUFFERED, True, True, BodyMode.BUFFERED)
    assert playbook >> ReadResponse(whole=True) << (HeadersReply(DOWN, NO_LENGTH, override),)
    assert playbook >> piece(b"ab") << Read(b"ab", end_of_stream=True)
    assert not playbook.machine.may_end
    assert playbook >> REFUSAL << REFUSED
    assert playbook.machine.may_end


def test_a_response_that_is_read_whole_can_go_on_changed() -> None:
    playbook = forwarded() >> answer() << JudgeResponse(OK, end_of_stream=False)
    override = ModeOverride(BodyMode.BUFFERED, True, True, BodyMode.BUFFERED)
    assert playbook >> ReadResponse(whole=True) << (HeadersReply(DOWN, NO_LENGTH, override),)
    assert playbook >> piece(b"ab", ends=True) << Read(b"ab", end_of_stream=True)
    assert playbook >> Emit(b"a") << (BodyReply(DOWN, data=b"a"),)
    assert playbook.machine.may_end


def test_a_response_whose_head_has_gone_cannot_become_another_answer() -> None:
    playbook = reading() >> piece(b"ab") << Read(b"ab", end_of_stream=False)
    assert playbook >> REFUSAL << StreamError


def test_a_response_that_is_wanted_whole_is_read_in_pieces_where_the_route_streams() -> None:
    playbook = forwarded(DUPLEX) >> answer(modes=DUPLEX) << JudgeResponse(OK, end_of_stream=False)
    assert playbook >> ReadResponse(whole=True) << (HeadersReply(DOWN, NO_LENGTH),)
    assert playbook >> piece(b"ab") << Read(b"ab", end_of_stream=False)


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
