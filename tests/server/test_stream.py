import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from grpc import StatusCode

from gateway.config.wiring import Wiring
from gateway.extproc.budget import Budget
from gateway.model.head import RequestHead
from gateway.model.principal import Principal, PrincipalKind
from gateway.model.refusal import Answer
from gateway.model.verdict import (
    Conclusion,
    Forward,
    Mutation,
    PassResponse,
    Queued,
    ReadResponse,
    Refuse,
)
from gateway.pipeline.request import CROWDED
from gateway.pipeline.rescue import RefusedError
from gateway.pipeline.review import Review
from gateway.server import extproc_pb2 as pb
from gateway.server.stream import QUEUE_MARGIN, AbandonedError, StreamDriver
from tests.server.envoy_side import (
    DENIED,
    PATIENCE,
    Envoy,
    Script,
    Stream,
    eventually,
    request_body,
    request_headers,
    response_body,
    response_headers,
    scripted,
    worker,
)


def never() -> Awaitable[Conclusion]:
    return asyncio.get_running_loop().create_future()


def kind(reply: pb.ProcessingResponse) -> str | None:
    return reply.WhichOneof("response")


def answered(reply: pb.ProcessingResponse) -> bytes:
    assert kind(reply) == "immediate_response"
    return reply.immediate_response.body


async def judged(envoy: Envoy) -> Stream:
    """A stream whose request, headers and body, went on."""
    stream = envoy.open()
    assert kind(await stream.ask(request_headers())) == "request_headers"
    assert kind(await stream.ask(request_body())) == "request_body"
    return stream


async def read_from(envoy: Envoy) -> Stream:
    """A stream whose response is read."""
    stream = envoy.open()
    assert kind(await stream.ask(request_headers(ends=True))) == "request_headers"
    assert kind(await stream.ask(response_headers())) == "response_headers"
    return stream


READS = {"judge": Forward(response_headers=True), "judge_response": ReadResponse()}


async def test_a_judged_request_goes_on_and_its_stream_ends_well() -> None:
    script = Script()
    async with scripted(script) as envoy:
        stream = await judged(envoy)
        assert await stream.close() is StatusCode.OK
    assert script.asked == ["preview", "judge"]
    assert await script.finished is False


async def test_a_response_is_read_piece_by_piece() -> None:
    script = Script(**READS)
    async with scripted(script) as envoy:
        stream = await read_from(envoy)
        for ends in (False, True):
            reply = await stream.ask(response_body(b"secret", ends=ends))
            assert reply.response_body.response.body_mutation.body == b"filtered"
        assert await stream.close() is StatusCode.OK
    assert await script.finished is False


async def test_a_response_that_never_came_is_finished_as_unread() -> None:
    script = Script(**READS)
    async with scripted(script) as envoy:
        stream = await read_from(envoy)
        assert await stream.close() is StatusCode.OK
    assert await script.finished is True


async def test_a_client_that_leaves_finishes_the_exchange() -> None:
    script = Script(judge=never)
    async with scripted(script) as envoy:
        stream = envoy.open()
        await stream.tell(request_headers(ends=True))
        await eventually(lambda: script.asked == ["judge"])
        stream.reset()
        assert await script.finished is False
    assert script.faults == []


# --- what has to wait for an endpoint -----------------------------------------------------------


async def test_envoy_is_told_to_wait_for_the_end_of_a_queue() -> None:
    placed = Forward(Mutation((("x-gateway-pool", "chat"),)), reroutes=True)
    script = Script(judge=Queued(60), dispatched=placed)
    async with scripted(script, deadline=0.01) as envoy:
        stream = envoy.open()
        more = await stream.ask(request_headers(ends=True))
        assert kind(more) is None
        assert 60 < more.override_message_timeout.ToSeconds() <= 65
        reply = await stream.reply()
        assert reply.request_headers.response.clear_route_cache
        assert await stream.close() is StatusCode.OK
    assert script.asked == ["judge", "dispatched"]


async def test_a_queue_that_never_ends_is_given_up() -> None:
    script = Script(judge=Queued(-QUEUE_MARGIN), dispatched=never)
    async with scripted(script) as envoy:
        stream = envoy.open()
        assert kind(await stream.ask(request_headers(ends=True))) is None
        assert answered(await stream.reply()) == b"fault"
    assert [type(error) for error in script.faults] == [TimeoutError]


async def test_who_leaves_while_it_waits_finishes_the_exchange() -> None:
    script = Script(judge=Queued(60), dispatched=never)
    async with scripted(script) as envoy:
        stream = envoy.open()
        assert kind(await stream.ask(request_headers(ends=True))) is None
        await eventually(lambda: script.asked == ["judge", "dispatched"])
        stream.reset()
        assert await script.finished is False
    assert script.faults == []


async def test_what_waits_holds_no_more_than_its_share() -> None:
    share = Budget(100)
    first, second = Script(judge=Queued(60, 80), dispatched=never), Script(judge=Queued(60, 80))
    scripts = iter((first, second))

    def driver(_: Wiring) -> StreamDriver:
        return StreamDriver(next(scripts), deadline=1, body_limit=1000, waiting=share)

    async with worker(driver) as envoy:
        waiting = envoy.open()
        assert kind(await waiting.ask(request_headers(ends=True))) is None
        assert answered(await envoy.open().ask(request_headers(ends=True))) == b"fault"
        waiting.reset()
        await first.finished
        await eventually(lambda: share.held == 0)
    (error,) = second.faults
    assert isinstance(error, RefusedError)
    assert error.refusal is CROWDED


async def test_a_request_that_gives_way_before_its_answer_has_begun_is_refused_at_once() -> None:
    script = Script(judge=Forward(response_headers=True))
    async with scripted(script) as envoy:
        stream = envoy.open()
        assert kind(await stream.ask(request_headers(ends=True))) == "request_headers"
        script.cut()
        script.cut()
        assert answered(await stream.reply()) == b"gave way"
        assert await stream.no_more() is StatusCode.OK
    assert await script.finished is False


async def test_a_request_that_gives_way_while_it_is_answered_ends_at_once() -> None:
    script = Script(judge=Forward(response_headers=True))
    async with scripted(script) as envoy:
        stream = envoy.open()
        assert kind(await stream.ask(request_headers(ends=True))) == "request_headers"
        assert kind(await stream.ask(response_headers())) == "response_headers"
        script.cut()
        assert await stream.no_more() is StatusCode.ABORTED
    assert await script.finished is False


# --- what the service survives ----------------------------------------------------------------


@pytest.mark.parametrize("stage", ["preview", "judge", "judge_response"])
async def test_an_exception_becomes_a_refusal_at_every_stage(stage: str) -> None:
    error = RuntimeError("secret")
    script = Script(**{"judge": Forward(response_headers=True), stage: error})
    async with scripted(script) as envoy:
        stream = envoy.open()
        if stage == "preview":
            reply = await stream.ask(request_headers())
        else:
            reply = await stream.ask(request_headers(ends=True))
        if stage == "judge_response":
            reply = await stream.ask(response_headers())
        assert answered(reply) == b"fault"
        assert await stream.close() is StatusCode.OK
    assert script.faults == [error]


async def test_an_exception_while_reading_becomes_the_protocols_error() -> None:
    script = Script(**READS, read=RuntimeError("secret"))
    async with scripted(script) as envoy:
        stream = await read_from(envoy)
        reply = await stream.ask(response_body(b"x"))
        assert reply.response_body.response.body_mutation.body == b"broken"


@pytest.mark.parametrize("stage", ["preview", "judge", "judge_response", "read"])
async def test_a_judgement_that_takes_too_long_is_refused(stage: str) -> None:
    script = Script(**{**READS, stage: never})
    async with scripted(script, deadline=0.01) as envoy:
        stream = envoy.open()
        replies = [await stream.ask(request_headers(ends=stage != "preview"))]
        if stage in ("judge_response", "read"):
            replies.append(await stream.ask(response_headers()))
        if stage == "read":
            replies.append(await stream.ask(response_body(b"x")))
            assert replies[-1].response_body.response.body_mutation.body == b"broken"
        else:
            assert answered(replies[-1]) == b"fault"
    assert [type(error) for error in script.faults] == [TimeoutError]


async def test_a_cancelled_thing_that_a_judgement_awaits_is_refused() -> None:
    script = Script(judge=asyncio.CancelledError())
    async with scripted(script) as envoy:
        assert answered(await envoy.open().ask(request_headers(ends=True))) == b"fault"
    assert [type(error) for error in script.faults] == [AbandonedError]


# --- what it does not survive -----------------------------------------------------------------


@pytest.mark.parametrize(
    "messages",
    [
        (request_body(),),
        (response_headers(),),
        (pb.ProcessingRequest(),),
        (request_headers(ends=True), request_headers(ends=True)),
        (request_headers(), response_body(b"x")),
        (request_headers(), request_body(), request_body()),
    ],
    ids=["body", "response", "nothing", "twice", "response body", "second body"],
)
async def test_messages_in_a_wrong_order_abort_the_stream(
    messages: tuple[pb.ProcessingRequest, ...],
) -> None:
    script = Script()
    async with scripted(script) as envoy:
        stream = envoy.open()
        for message in messages[:-1]:
            await stream.ask(message)
        await stream.tell(messages[-1])
        assert await stream.no_more() is StatusCode.INTERNAL
    assert await script.finished is False


async def test_a_mode_that_cannot_hold_a_request_aborts_the_stream() -> None:
    message = request_headers()
    message.protocol_config.request_body_mode = pb.ProcessingMode.STREAMED
    async with scripted(Script()) as envoy:
        stream = envoy.open()
        await stream.tell(message)
        assert await stream.no_more() is StatusCode.INTERNAL
        assert "streamed cannot hold" in await stream.details()


async def test_a_verdict_that_answers_another_question_aborts_the_stream() -> None:
    async with scripted(Script(judge=PassResponse())) as envoy:
        stream = envoy.open()
        await stream.tell(request_headers(ends=True))
        assert await stream.no_more() is StatusCode.INTERNAL


async def test_a_header_that_cannot_be_written_aborts_the_stream_unquoted() -> None:
    async with scripted(Script(judge=Forward(Mutation((("x-a", "sécret→"),))))) as envoy:
        stream = envoy.open()
        await stream.tell(request_headers(ends=True))
        assert await stream.no_more() is StatusCode.INTERNAL
        assert await stream.details() == "fault: UnicodeEncodeError"


async def test_a_rescue_that_fails_aborts_the_stream_unquoted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(error: Exception) -> Refuse:
        raise ValueError(f"secret {error}")

    script = Script(judge=RuntimeError("secret"))
    monkeypatch.setattr(script, "fault", broken)
    async with scripted(script) as envoy:
        stream = envoy.open()
        await stream.tell(request_headers(ends=True))
        assert await stream.no_more() is StatusCode.INTERNAL
        assert await stream.details() == "fault: ValueError"


# --- review -----------------------------------------------------------------------------------


def lasting(*, expires_at: float | None = None) -> Review:
    """What is judged again of a stream; `permitted` is the test's own."""
    principal = Principal(PrincipalKind.KEY, "", "alice", expires_at=expires_at)
    return Review("mcp:tracker@tracker", RequestHead("GET", "/mcp"), (), principal, "agents")


@pytest.mark.parametrize("script", [Script, partial(Script, judge=never)], ids=["judged", "asked"])
async def test_a_stream_that_is_no_longer_permitted_is_cut_off(
    script: Callable[[], Script],
) -> None:
    exchange = script()
    async with scripted(exchange) as envoy:
        stream = envoy.open()
        await stream.tell(request_headers(ends=True))
        await eventually(lambda: exchange.asked == ["judge"])
        if script is Script:
            assert kind(await stream.reply()) == "request_headers"
        await envoy.service.review("1", lambda _: False)
        assert exchange.cut_off == 0  # it does not last
        exchange.review = lasting()
        await envoy.service.review("2", lambda _: True)
        await envoy.service.review("2", lambda _: False)
        assert exchange.cut_off == 0  # judged by this snapshot already
        await envoy.service.review("3", lambda _: False)
        await envoy.service.review("4", lambda _: False)
        assert exchange.cut_off == 1
        assert await stream.no_more() is StatusCode.PERMISSION_DENIED


async def test_a_stream_is_judged_again_when_its_credential_has_ended() -> None:
    exchange = Script()
    async with scripted(exchange) as envoy:
        await judged(envoy)
        exchange.review = lasting(expires_at=time.time() + 3600)
        await envoy.service.review("1", lambda _: True)
        await envoy.service.review("1", lambda _: False)
        assert exchange.cut_off == 0
        exchange.review = lasting(expires_at=time.time() - 1)
        await envoy.service.review("1", lambda _: True)  # within a leeway
        assert exchange.cut_off == 0
        await envoy.service.review("1", lambda _: False)
        assert exchange.cut_off == 1


# --- drain ------------------------------------------------------------------------------------

LONG = 30.0
"""A grace period that no test waits for."""


async def test_drain_ends_a_stream_well_that_only_tells_of_completion() -> None:
    async with scripted(Script()) as envoy:
        stream = await judged(envoy)
        await envoy.service.drain(LONG)
        assert await stream.no_more() is StatusCode.OK


async def test_drain_ends_a_refused_stream_well() -> None:
    async with scripted(Script(judge=DENIED)) as envoy:
        stream = envoy.open()
        assert answered(await stream.ask(request_headers(ends=True))) == b"denied"
        await envoy.service.drain(LONG)
        assert await stream.no_more() is StatusCode.OK


async def test_drain_does_not_cut_off_a_refusal_that_is_being_sent() -> None:
    """It would end the stream cleanly and unanswered, and Envoy would forward the request."""
    rounds: list[bool] = []

    class Counted(StreamDriver):
        def drain(self, task: asyncio.Task[None]) -> None:
            rounds.append(self.may_close)
            super().drain(task)

    script = Script(judge=Refuse(Answer(403, (), b"x" * (16 << 20)), "denied"))
    driver = Counted(script, deadline=PATIENCE, body_limit=1000)
    async with worker(lambda _: driver) as envoy:
        stream = envoy.open()
        await stream.tell(request_headers(ends=True))
        await eventually(lambda: script.asked == ["judge"])
        draining = asyncio.ensure_future(envoy.service.drain(LONG))
        await eventually(lambda: len(rounds) > 2)
        assert len(answered(await stream.reply())) == 16 << 20
        assert await stream.no_more() is StatusCode.OK
        await draining
    assert rounds[:2] == [False, False]


@pytest.mark.parametrize("body", [False, True])
async def test_drain_never_ends_an_undecided_stream_well(body: bool) -> None:
    script = Script(judge=never)
    async with scripted(script) as envoy:
        stream = envoy.open()
        await stream.ask(request_headers())
        if body:
            await stream.tell(request_body())
            await eventually(lambda: "judge" in script.asked)
        await envoy.service.drain(0.1)
        assert await stream.no_more() is not StatusCode.OK


async def test_drain_lets_a_stream_that_waits_for_its_response_finish() -> None:
    async with scripted(Script(judge=Forward(response_headers=True))) as envoy:
        stream = envoy.open()
        await stream.ask(request_headers(ends=True))
        draining = asyncio.ensure_future(envoy.service.drain(LONG))
        await eventually(lambda: envoy.service.open_streams == 1)
        assert kind(await stream.ask(response_headers())) == "response_headers"
        assert await stream.no_more() is StatusCode.OK  # nothing of the response is read
        await draining


async def test_drain_lets_a_response_be_read_to_its_end() -> None:
    async with scripted(Script(**READS)) as envoy:
        stream = await read_from(envoy)
        draining = asyncio.ensure_future(envoy.service.drain(LONG))
        for ends in (False, True):
            assert kind(await stream.ask(response_body(b"x", ends=ends))) == "response_body"
        assert await stream.no_more() is StatusCode.OK
        await draining


async def test_a_response_that_outlasts_the_grace_period_is_cut_and_not_ended_well() -> None:
    async with scripted(Script(**READS)) as envoy:
        stream = await read_from(envoy)
        await envoy.service.drain(0.1)
        assert await stream.no_more() is not StatusCode.OK
