"""One ext_proc stream as a state machine over one table. Pure: no I/O, no clock, no protobuf.

The driver feeds `receive` with what Envoy sent and does what the returned command says; when the
command is a question, it answers with `conclude` and sends the replies that come back.

A request is *held* until it is judged: BUFFERED keeps it in Envoy, FULL_DUPLEX_STREAMED in this
object, because there the head's reply is withheld until the verdict. In NONE the head is held and
the body never comes, which the verdict is told. The modes that forward before the verdict
(STREAMED, BUFFERED_PARTIAL, GRPC) are illegal here.
"""

from typing import Final

from gateway.extproc.budget import Budget
from gateway.extproc.commands import (
    PASSED,
    BodyReply,
    Command,
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
    TimeoutReply,
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
from gateway.extproc.replies import buffered, in_pieces, relayed, streamed
from gateway.extproc.transitions import TRANSITIONS, End, State, StreamError
from gateway.model.head import VIA_UPSTREAM, RequestHead
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

S = State
BROKEN_OFF: Final = frozenset({Gap.OVERFLOW, Gap.CROWDED})
HOLDING_MODES: Final = frozenset({BodyMode.BUFFERED, BodyMode.DUPLEX})
_READ: Final = {S.READING: S.FILTERING, S.COLLECTING: S.WEIGHING}
READING_MODES: Final = frozenset({BodyMode.BUFFERED, BodyMode.STREAMED, BodyMode.DUPLEX})


class Machine:
    """The state of one HTTP exchange. `body_limit` (bytes) bounds what it may hold, `budget` what
    it and all others of this worker may; without one it is alone."""

    __slots__ = (
        "_body",
        "_body_limit",
        "_budget",
        "_expects_response",
        "_gap",
        "_head",
        "_held",
        "_lasts",
        "_modes",
        "_piece",
        "_pieces",
        "_request_end",
        "_response_end",
        "state",
    )

    def __init__(self, body_limit: int, budget: Budget | None = None) -> None:
        self.state = State.START
        self._body_limit = body_limit
        self._budget = budget or Budget(body_limit)
        self._head: RequestHead | None = None
        self._modes = Modes(BodyMode.NONE, BodyMode.NONE)
        self._body: list[bytes] = []
        self._held = 0
        self._gap: Gap | None = None
        self._request_end: End | None = None
        self._response_end: End | None = None
        self._expects_response = False
        self._lasts = False
        self._piece = b""
        self._pieces = 0

    @property
    def may_end(self) -> bool:
        """Whether the gateway may end the stream cleanly now. Envoy goes on with the exchange
        then, so the request must be judged and nothing of the response may need the gateway: not
        its head, not its body, and in duplex mode not the bytes that only the gateway holds.

        Valid once the replies to the last event are written.
        """
        match self.state:
            case S.ENDED:
                return True
            case S.FORWARDED:
                return not self._expects_response and not self._any_duplex
            case S.RELAYING:
                return not self._any_duplex or self._response_end is not None
            case _:
                return False

    @property
    def may_take_back(self) -> bool:
        """Whether a request that went on can still be refused: nothing of its answer has come, and
        Envoy would ask before it passes any."""
        return self.state is S.FORWARDED and self._expects_response

    def take_back(self, refusal: Refuse) -> tuple[Reply, ...]:
        """Refuse, unasked, a request that went on: the client gets the refusal, and Envoy ends what
        it has begun upstream (envoyproxy/envoy, ext_proc's immediate_response, measured on 1.40).
        Raises `StreamError` when that is not possible any more."""
        if not self.may_take_back:
            raise StreamError(f"a refusal while waiting for {self.state.value}")
        self.state = S.ENDED
        return (ImmediateReply(refusal.answer, refusal.details),)

    @property
    def unread(self) -> bool:
        """Whether a response has to be read and none of its body has come: if Envoy ends the
        stream now, it passed unread, or its client left before the first byte."""
        return self.state in _READ and self._pieces == 0

    def receive(self, event: Event) -> Command:
        """Take what Envoy sent. Raises `StreamError` when it is illegal now."""
        if self.state is S.ENDED:
            self._step(type(event), S.ENDED)
            return Wait()
        return self._advance(event)

    def _advance(self, event: Event) -> Command:
        match event:
            case RequestHeaders():
                return self._request_headers(event)
            case RequestBody():
                return self._request_body(event)
            case RequestTrailers():
                return self._request_trailers()
            case ResponseHeaders():
                return self._response_headers(event)
            case ResponseBody():
                return self._response_body(event)
            case ResponseTrailers():
                return self._response_trailers()

    def conclude(self, conclusion: Conclusion) -> tuple[Reply, ...]:
        """Take the driver's verdict. Raises `StreamError` when it answers no open question, or
        asks for something that Envoy cannot do any more."""
        match conclusion:
            case Proceed():
                return self._proceed(conclusion)
            case Forward():
                return self._forward(conclusion)
            case Refuse():
                self._step(Refuse, S.ENDED)
                self._body.clear()
                return (ImmediateReply(conclusion.answer, conclusion.details),)
            case PassResponse():
                self._step(PassResponse, S.RELAYING)
                return (HeadersReply(Direction.RESPONSE, conclusion.mutation),)
            case ReadResponse():
                return self._read_response(conclusion)
            case Emit():
                return self._emit(conclusion)

    def extend(self, seconds: float) -> tuple[Reply, ...]:
        """The verdict on the whole request will take up to `seconds`. In duplex mode Envoy sets no
        limit to it. Raises `StreamError` when no verdict is due."""
        if self.state is not S.JUDGING:
            raise StreamError(f"more time while waiting for {self.state.value}")
        return () if self._duplex else (TimeoutReply(seconds),)

    def _step(self, cause: type, target: State) -> None:
        if target not in TRANSITIONS.get((self.state, cause), frozenset()):
            message = f"{cause.__name__} while waiting for {self.state.value}"
            raise StreamError(message)
        self.state = target

    # --- the request ----------------------------------------------------------------------

    def _request_headers(self, event: RequestHeaders) -> Command:
        unsent = event.modes.request is BodyMode.NONE
        if event.end_of_stream or unsent:
            self._step(RequestHeaders, S.JUDGING)
            self._head, self._modes = event.head, event.modes
            self._request_end = End.HEADERS
            self._gap = None if event.end_of_stream else Gap.UNSENT
            return Judge(event.head, b"", self._gap)
        if event.modes.request not in HOLDING_MODES:
            message = f"request body mode {event.modes.request.value} cannot hold a request"
            raise StreamError(message)
        self._step(RequestHeaders, S.PREVIEWING)
        self._head, self._modes = event.head, event.modes
        return Preview(event.head)

    def _proceed(self, conclusion: Proceed) -> tuple[Reply, ...]:
        self._step(Proceed, S.HOLDING)
        self._expects_response = conclusion.response_headers
        self._lasts = conclusion.lasts
        if self._duplex:
            return ()  # the withheld reply is what keeps the request in Envoy
        return (HeadersReply(Direction.REQUEST, override=self._rest()),)

    def _rest(self) -> ModeOverride:
        """What is still wanted of an exchange whose request is not complete, or was bodiless."""
        response = self._modes.response
        wanted = self._expects_response or response is not BodyMode.NONE
        holds = self._modes.request is BodyMode.BUFFERED
        return ModeOverride(self._modes.request, holds, wanted, response, self._lasts)

    def _request_body(self, event: RequestBody) -> Command:
        gap = self._hold(event.data)
        complete = event.end_of_stream or not self._duplex
        self._step(RequestBody, S.JUDGING if complete or gap else S.HOLDING)
        if gap:
            self._body.clear()
            self._gap = gap
            return self._judge(End.BODY)
        self._body.append(event.data)
        return self._judge(End.BODY) if complete else Wait()

    def _hold(self, data: bytes) -> Gap | None:
        """Count what is to be held; why it cannot be."""
        if self._held + len(data) > self._body_limit:
            return Gap.OVERFLOW
        if not self._budget.take(len(data)):
            return Gap.CROWDED
        self._held += len(data)
        return None

    def release(self) -> None:
        """Give back what was held: when the replies to the verdict are written, for they hold the
        body until then, and at the end of the stream whatever came before."""
        self._budget.give_back(self._held)
        self._held = 0

    def _request_trailers(self) -> Command:
        if self.state is S.HOLDING:
            self._step(RequestTrailers, S.JUDGING)
            return self._judge(End.TRAILERS)
        self._step(RequestTrailers, self.state)
        if self._duplex or self._request_end is End.TRAILERS:
            raise StreamError("trailers after the end of the request")
        self._request_end = End.TRAILERS
        return Send((TrailersReply(Direction.REQUEST),))

    def _judge(self, end: End) -> Judge:
        if self._head is None:
            raise StreamError("a body without headers")
        self._request_end = end
        return Judge(self._head, b"".join(self._body), self._gap)

    def _forward(self, conclusion: Forward) -> tuple[Reply, ...]:
        self._check_possible(conclusion)
        self._step(Forward, S.FORWARDED)
        self._expects_response |= conclusion.response_headers
        self._lasts |= conclusion.lasts
        if self._request_end is End.HEADERS:
            asks = conclusion.response_headers or conclusion.lasts
            override = self._rest() if asks else None
            return (
                HeadersReply(
                    Direction.REQUEST,
                    conclusion.mutation,
                    None if self._any_duplex else override,
                    conclusion.metadata,
                    conclusion.reroutes,
                ),
            )
        if self._duplex:
            body = b"".join(self._body) if conclusion.body is None else conclusion.body
            self._body.clear()
            return streamed(conclusion, body, trailed=self._request_end is End.TRAILERS)
        self._body.clear()
        return (buffered(conclusion),)

    def _check_possible(self, conclusion: Forward) -> None:
        """A verdict that Envoy can no longer carry out must not half happen."""
        if self.state is not S.JUDGING:
            return  # the table says it better
        bodiless = self._request_end is End.HEADERS
        if self._gap in BROKEN_OFF:
            raise StreamError("a body that was not held to its end cannot go on")
        if bodiless and conclusion.body is not None:
            raise StreamError("another body for a request that has none")
        if self._request_end is End.TRAILERS and not self._duplex:
            raise StreamError("a request of headers and trailers cannot be changed")
        if conclusion.response_headers and not (
            self._expects_response or bodiless or self._any_duplex
        ):
            raise StreamError("the response's headers were not asked for in time")

    # --- the response ---------------------------------------------------------------------

    def _response_headers(self, event: ResponseHeaders) -> Command:
        if event.end_of_stream:
            self._response_end = End.HEADERS
        if self.state is S.FORWARDED:
            self._step(ResponseHeaders, S.ANSWERING)
            return JudgeResponse(event.head, event.end_of_stream)
        if self.state is S.START:
            self._modes = event.modes
        self._step(ResponseHeaders, S.ANSWERED)
        if event.head.upstream or event.head.details in ("", VIA_UPSTREAM):
            raise StreamError("an upstream answered a request that was never judged")
        self._body.clear()
        return Send((HeadersReply(Direction.RESPONSE),))

    def _read_response(self, conclusion: ReadResponse) -> tuple[Reply, ...]:
        if self._response_end is not None:
            self._step(ReadResponse, S.RELAYING)
            return (HeadersReply(Direction.RESPONSE, conclusion.mutation),)
        # A changed length under an old content-length is a 500 in Envoy.
        mutation = Mutation(
            conclusion.mutation.set, (*conclusion.mutation.remove, "content-length")
        )
        override = self._asked_for(conclusion)
        collects = self._modes.response is BodyMode.BUFFERED
        self._step(ReadResponse, S.COLLECTING if collects else S.READING)
        return (HeadersReply(Direction.RESPONSE, mutation, override),)

    def _asked_for(self, conclusion: ReadResponse) -> ModeOverride | None:
        """How to get the response's body. Raises `StreamError` where Envoy would not send it."""
        if self.state is not S.ANSWERING:
            return None  # the table says it better
        if self._modes.response in READING_MODES:
            return None
        if self._modes.response is not BodyMode.NONE or self._duplex:
            message = f"response body mode {self._modes.response.value} cannot be read"
            raise StreamError(message)
        mode = BodyMode.BUFFERED if conclusion.whole else BodyMode.STREAMED
        self._modes = Modes(self._modes.request, mode)
        return self._rest()

    def _response_body(self, event: ResponseBody) -> Command:
        if event.end_of_stream or self._modes.response is BodyMode.BUFFERED:
            self._response_end = End.BODY
        if self.state not in _READ:
            self._step(ResponseBody, self.state)
            return Send(relayed(event, self._modes.response))
        self._step(ResponseBody, _READ[self.state])
        self._piece, self._pieces = event.data, self._pieces + 1
        return Read(event.data, self._response_end is not None)

    def _response_trailers(self) -> Command:
        self._response_end = End.TRAILERS
        if self.state not in _READ:
            self._step(ResponseTrailers, self.state)
            return Send((TrailersReply(Direction.RESPONSE),))
        self._step(ResponseTrailers, _READ[self.state])
        return Read(b"", end_of_stream=True)

    def _emit(self, conclusion: Emit) -> tuple[Reply, ...]:
        ended = self._response_end is not None
        self._step(Emit, S.RELAYING if ended else S.READING)
        duplex = self._modes.response is BodyMode.DUPLEX
        trailed = self._response_end is End.TRAILERS
        piece, self._piece = self._piece, b""
        if not duplex and not trailed and conclusion.data == piece:
            return (PASSED,)  # what Envoy has need not go back to it
        if duplex:
            replies = in_pieces(Direction.RESPONSE, conclusion.data, ends=ended and not trailed)
            return (*replies, TrailersReply(Direction.RESPONSE)) if trailed else replies
        if not trailed:
            return (BodyReply(Direction.RESPONSE, data=conclusion.data),)
        if conclusion.data:
            raise StreamError("the trailers came before the withheld end of the response")
        return (TrailersReply(Direction.RESPONSE),)

    @property
    def _duplex(self) -> bool:
        return self._modes.request is BodyMode.DUPLEX

    @property
    def _any_duplex(self) -> bool:
        return BodyMode.DUPLEX in (self._modes.request, self._modes.response)
