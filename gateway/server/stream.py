"""Drives one ext_proc stream: the machine says what is next, the exchange judges, gRPC carries.

Envoy lets a request continue when the server ends a stream cleanly before answering, whatever
failure_mode_allow says (envoyproxy/envoy, ext_proc half-close behaviour, measured on 1.40). So a
handler here ends cleanly only when the exchange is judged; every other end is an abort, which
Envoy turns into an error reply.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol, TypeVar

from grpc import StatusCode, aio

from gateway.extproc.budget import Budget
from gateway.extproc.commands import Judge, JudgeResponse, Preview, Read, Send, Wait
from gateway.extproc.machine import Machine
from gateway.extproc.transitions import StreamError
from gateway.model.head import RequestHead, ResponseHead
from gateway.model.verdict import (
    Conclusion,
    Emit,
    Forward,
    Gap,
    PassResponse,
    Proceed,
    Queued,
    ReadResponse,
    Refuse,
)
from gateway.pipeline.request import CROWDED
from gateway.pipeline.rescue import RefusedError
from gateway.pipeline.review import Review
from gateway.server.codec import Codec, UndecodableMessageError, encode
from gateway.server.patience import within

T = TypeVar("T")

_COPIES: Final = 2
"""Of a body, as it came and as it goes on."""

QUEUE_MARGIN: Final = 1.0
"""Seconds after which a queue that should have dropped a request has failed."""


class Exchange(Protocol):
    """One HTTP exchange as the pipeline judges it. No method raises but by a fault of ours."""

    async def preview(self, head: RequestHead) -> Proceed | Refuse: ...
    async def judge(
        self, head: RequestHead, body: bytes, gap: Gap | None
    ) -> Forward | Refuse | Queued: ...
    async def dispatched(self) -> Forward | Refuse: ...
    async def judge_response(
        self, head: ResponseHead, *, end_of_stream: bool
    ) -> PassResponse | ReadResponse | Refuse: ...
    async def read(self, data: bytes, *, end_of_stream: bool) -> Emit | Refuse: ...
    def fault(self, error: Exception) -> Refuse: ...
    def read_fault(self, error: Exception) -> Emit | Refuse: ...
    @property
    def review(self) -> Review | None: ...
    def revoked(self) -> None: ...
    def gave_way(self) -> Refuse: ...
    def when_cut(self, cut: Callable[[], None]) -> None: ...
    def finish(self, *, unread: bool) -> None: ...


class Stream(Protocol):
    """The part of grpc.aio.ServicerContext that a driver uses."""

    async def read(self) -> Any: ...
    async def write(self, message: bytes) -> None: ...
    async def abort(self, code: StatusCode, details: str) -> None: ...
    async def send_initial_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None: ...


class ExpiredError(Exception):
    """The worker ends, and a response that it reads goes on."""


class AbandonedError(Exception):
    """Something that a judgement waited for was cancelled, though the exchange was not."""


class StreamDriver:
    """Serves one stream. `deadline` (seconds) bounds each judgement and is shorter than Envoy's
    message_timeout; `body_limit` (bytes) bounds the body that is held, `budget` those of all
    streams together, `waiting` those of the streams that wait in queues."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        deadline: float,
        body_limit: int,
        budget: Budget | None = None,
        waiting: Budget | None = None,
    ) -> None:
        self._exchange = exchange
        self._deadline = deadline
        self._machine = Machine(body_limit, budget)
        self._waiting = waiting or Budget(body_limit * _COPIES)
        self._waits = 0
        self._codec = Codec()
        self._idle = False
        self._draining = False
        self._revoked = False
        self._evicted = False
        self._takes_back = False
        self.reviewed_by: object = None
        self._expired = False
        self._ended_by_envoy = False

    async def serve(self, stream: Stream) -> None:
        """Run until Envoy ends the stream; never returns early with the request undecided."""
        if task := asyncio.current_task():
            self._exchange.when_cut(lambda: self._cut_off(task))
        try:
            while await self._serve_next(stream):
                pass
            self._ended_by_envoy = True
        except (UndecodableMessageError, StreamError) as error:
            await stream.abort(StatusCode.INTERNAL, str(error))
        except asyncio.CancelledError:
            if not (self._draining or self._revoked or self._evicted):
                raise
            _swallow_cancellation()
            if self._revoked:  # Envoy resets what it has begun to send
                await stream.abort(StatusCode.PERMISSION_DENIED, "no longer permitted")
            if self._evicted:
                await self._give_way(stream)
        except Exception as error:  # noqa: BLE001  its text may quote a client: the type will do
            await stream.abort(StatusCode.INTERNAL, f"fault: {type(error).__name__}")
        finally:
            self._machine.release()
            self._give_back()
            self._exchange.finish(unread=self._machine.unread)

    @property
    def may_close(self) -> bool:
        """Whether nothing of this exchange still needs the gateway, and all it said is sent."""
        return self._idle and self._machine.may_end

    @property
    def complete(self) -> bool:
        """Whether a clean end of the stream lets nothing pass unjudged or unread."""
        return self._ended_by_envoy or self._machine.may_end

    def drain(self, task: asyncio.Task[None]) -> None:
        """End the stream cleanly if nothing of it is needed any more: Envoy then goes on."""
        if self.may_close and not self._draining:
            self._draining = True
            task.cancel()

    @property
    def review(self) -> Review | None:
        """What has to be judged again while the response goes on, if anything."""
        return self._exchange.review

    def due(self, snapshot: object, now: float) -> bool:
        """Whether it lasts and is to be judged again: never by this snapshot yet, also when an
        older one let it through a moment ago; or its credential has ended (with a leeway, so that
        it may be due several times)."""
        review = self.review
        if review is None:
            return False
        end = review.expires_at
        return self.reviewed_by is not snapshot or (end is not None and end <= now)

    def revoke(self, task: asyncio.Task[None]) -> None:
        """Cut the response off, whatever is being done for it."""
        if not self._revoked:
            self._revoked = True
            self._exchange.revoked()
            task.cancel()

    def _cut_off(self, task: asyncio.Task[None]) -> None:
        """The request ends now, whatever of its answer has been sent."""
        if not self._evicted:
            self._evicted = True
            self._takes_back = self._idle and self._machine.may_take_back
            task.cancel()

    async def _give_way(self, stream: Stream) -> None:
        """Refuse what was let through, as long as nothing of its answer has come."""
        if not self._takes_back:
            await stream.abort(StatusCode.ABORTED, "gave way to a more urgent request")
            return
        for reply in self._machine.take_back(self._exchange.gave_way()):
            await stream.write(encode(reply))

    def expire(self) -> None:
        """Time is up: the next piece of a response that is read, unless it is the last, becomes
        the protocol's own error. Envoy takes nothing from us between two pieces."""
        self._expired = True

    async def _serve_next(self, stream: Stream) -> bool:
        """Serve one message; False at the end. Nothing of it outlives this call: a body must not
        lie in memory for as long as its tool runs."""
        raw = await self._next(stream)
        if raw is aio.EOF:
            return False
        await self._serve_message(raw, stream)
        return True

    async def _next(self, stream: Stream) -> Any:
        # Only here, with every reply written, may a stream be drained: cancelled in the middle of
        # a refusal it would end cleanly without it, and Envoy would forward the request.
        self._idle = True
        try:
            return await stream.read()
        finally:
            self._idle = False

    async def _serve_message(self, raw: bytes, stream: Stream) -> None:
        command = self._machine.receive(self._codec.decode(raw))
        match command:
            case Wait():
                return
            case Send():
                replies = command.replies
            case Read():
                replies = self._machine.conclude(await self._read(command))
            case Preview() | Judge() | JudgeResponse():
                replies = self._machine.conclude(await self._decide(command, stream))
        for message in [encode(reply) for reply in replies]:
            await stream.write(message)
        if isinstance(command, Judge):
            self._machine.release()
            self._give_back()

    def _give_back(self) -> None:
        """What was held while it waited is so no more."""
        self._waiting.give_back(self._waits)
        self._waits = 0

    async def _decide(
        self, question: Preview | Judge | JudgeResponse, stream: Stream
    ) -> Conclusion:
        """The verdict, or the protocol's own error when judging fails or takes too long."""
        found = await self._rescued(self._verdict(question), self._exchange.fault)
        if not isinstance(found, Queued):
            return found
        if not self._waiting.take(found.size):
            return self._exchange.fault(RefusedError(CROWDED))
        self._waits = found.size
        await self._hold(stream, found.seconds)
        waiting = self._exchange.dispatched()
        return await self._rescued(waiting, self._exchange.fault, found.seconds + QUEUE_MARGIN)

    async def _hold(self, stream: Stream, seconds: float) -> None:
        """Have Envoy wait for the end of a queue. In duplex mode nothing has been answered yet, and
        Envoy would ask another worker: the metadata say that this one is at work."""
        replies = self._machine.extend(seconds + 2 * QUEUE_MARGIN)
        for reply in replies:
            await stream.write(encode(reply))
        if not replies:
            await stream.send_initial_metadata(())

    def _verdict(
        self, question: Preview | Judge | JudgeResponse
    ) -> Coroutine[Any, Any, Conclusion | Queued]:
        match question:
            case Preview():
                return self._exchange.preview(question.head)
            case Judge():
                return self._exchange.judge(question.head, question.body, question.gap)
            case JudgeResponse():
                return self._exchange.judge_response(
                    question.head, end_of_stream=question.end_of_stream
                )

    async def _read(self, piece: Read) -> Emit | Refuse:
        if self._expired and not piece.end_of_stream:
            return self._exchange.read_fault(ExpiredError())
        work = self._exchange.read(piece.data, end_of_stream=piece.end_of_stream)
        return await self._rescued(work, self._exchange.read_fault)

    async def _rescued(
        self,
        work: Coroutine[Any, Any, T],
        rescue: Callable[[Exception], T],
        seconds: float | None = None,
    ) -> T:
        """The one rescue: what fails in unknown ways, or takes too long, is refused."""
        try:
            return await within(self._deadline if seconds is None else seconds, work)
        except asyncio.CancelledError:
            if _cancelled_from_outside():
                raise
            return rescue(AbandonedError("cancelled"))
        except Exception as error:  # noqa: BLE001  see above
            return rescue(error)


def _cancelled_from_outside() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _swallow_cancellation() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
