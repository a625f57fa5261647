"""What the answer to a permitted request needs on its way back. No I/O, no clock.

Two things can be needed: the head (session ids are sealed, failures of a bound replica become
"session unknown") and the body (lists show a caller only what it may use).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from gateway.audit.record import Record
from gateway.model.head import VIA_UPSTREAM, ResponseHead
from gateway.model.jsonvalue import RequestId
from gateway.model.refusal import AUDIT_HEADER, Reason, Refusal
from gateway.model.verdict import Mutation, PassResponse, ReadResponse
from gateway.pipeline.rescue import RefusedError
from gateway.protocols.base import Opening, Reading, ResponseReader
from gateway.wire.content import is_media_type

SESSION_HEADER: Final = "mcp-session-id"
REPLACED_BY: Final = "application/json"
PARTIAL: Final = 206
NOT_THERE: Final = (
    "cluster_not_found",
    "no_cluster_found",
    "no_healthy_upstream",
    "upstream_reset_before_response_started{remote_connection_failure",
    "upstream_reset_before_response_started{connection_timeout",
)
"""How response.code_details of Envoy's own answers begin where a replica is gone, unhealthy or
takes no connection. With the others (a connection that broke, too many requests) it may live."""

UPSTREAM_FAILED: Final = (
    "upstream_",
    "cluster_not_found",
    "no_cluster_found",
    "no_healthy_upstream",
    "response_timeout",
    "request_overall_timeout",
    "max_duration_timeout",
    "stream_idle_timeout",
    "per_try_idle_timeout",
    "maintenance_mode",
    "drop_overload",
    "stateful_session",
)
"""How they begin where Envoy's router or connection manager gave up. Others are of filters between
the gateway and the upstream, as names of their own choice."""


@dataclass(frozen=True, slots=True)
class ResponsePlan:
    """Made with the permit, applied to the response.

    `opening` is the request whose answer it is. `token` is the session id as the client knows it
    and `upstream_session` as the replica does; `seal` makes a token from (endpoint, upstream
    session id). `resume` replaces Last-Event-ID. `lasts` as in `Opening`.
    """

    needs_head: bool = False
    opening: Opening | None = None
    reading: Reading | None = None
    ids: tuple[RequestId, ...] = ()
    batch: bool = False
    token: str | None = None
    upstream_session: str | None = None
    seal: Callable[[str, str], str] | None = None
    resume: str | None = None
    hides_session: bool = False
    lasts: bool = False
    method: str = ""
    """Of the one request that is answered, "" where they are several."""

    @property
    def reads(self) -> bool:
        """Whether the body of the response has to be read."""
        return self.reading is not None


@dataclass(slots=True)
class ResponsePipeline:
    """Applies a plan to one response. `streams_all` is whether every body comes in pieces, so that
    a head has gone before its body comes."""

    plan: ResponsePlan
    record: Record
    streams_all: bool = False
    reads: bool = field(default=False, init=False)
    """Whether the body of the response is read."""
    streams: bool = field(default=False, init=False)
    """Whether what is read is a stream of events."""
    ended: bool = field(default=False, init=False)
    """Whether the end of the response was seen."""
    refusal: Refusal | None = field(default=None, init=False)
    """What takes the place of a response that is read whole, head and all."""
    _whole: bool = field(default=False, init=False)
    _reader: ResponseReader | None = field(default=None, init=False)
    _instead: bytes = field(default=b"", init=False)

    def judge(self, head: ResponseHead, *, end_of_stream: bool) -> PassResponse | ReadResponse:
        """What becomes of a response head; raises `RefusedError`."""
        self.record.status, self.record.endpoint = head.status, head.upstream
        if head.details and head.details != VIA_UPSTREAM and (failed := self._failed(head)):
            raise failed
        mutation = self._named(self._session_id(head))
        self.ended = end_of_stream
        if self.plan.reading is None or end_of_stream:
            return PassResponse(mutation)
        return ReadResponse(self._open_reader(head, self.plan.reading, mutation), self._whole)

    def read(self, data: bytes, *, end_of_stream: bool) -> bytes:
        """What the client gets for a piece of the body."""
        if self._reader is None:
            raise RefusedError(Refusal(Reason.OWN_FAULT, "a body that nobody asked for"))
        out, self._instead = self._instead + self._reader.feed(data), b""
        if end_of_stream:
            out += self._reader.finish()
            self.ended = True
        self.record.filtered, self.record.usage = self._reader.filtered, self._reader.usage
        if self._reader.broken and not self.record.reason:
            reason = Reason.CONTENT_BLOCKED if self._blocked else Reason.NO_ENDPOINT
            self.record.reason = reason.value
        return out

    @property
    def _blocked(self) -> bool:
        """Whether it was guardrails that ended the answer, and not the server."""
        screen = self.plan.reading.screen if self.plan.reading is not None else None
        return screen is not None and screen.blocked is not None

    def broken(self, why: str) -> bytes:
        """What the client gets when reading failed: an error, then nothing more."""
        if self._reader is None or self._reader.broken:
            return b""
        return self._reader.break_off(Reason.OWN_FAULT, why)

    def _failed(self, head: ResponseHead) -> RefusedError | None:
        """Envoy answered itself. If that is because the replica of a bound request is not there
        (404 is what stateful_session says), its session is lost: the client must start another,
        and only 404 makes it. None for an answer of another filter, which has its form already."""
        lost = self.plan.token is not None and (
            head.status == 404 or head.details.startswith(NOT_THERE)
        )
        if not lost and not head.details.startswith(UPSTREAM_FAILED):
            return None
        reason, message = Reason.NO_ENDPOINT, "the backend did not answer"
        if lost:
            reason, message = Reason.SESSION_UNKNOWN, "the session has ended"
        return RefusedError(Refusal(reason, message, self.plan.ids, self.plan.batch))

    def _named(self, mutation: Mutation) -> Mutation:
        """With the audit id where an endpoint was picked or a guardrail sees the answer, so that
        whoever asks why a request went where it went, or why a text is not what the server said,
        can say which. The heads of these answers come here in any case."""
        reading = self.plan.reading
        if self.record.picked is None and (reading is None or reading.screen is None):
            return mutation
        return Mutation(((AUDIT_HEADER, self.record.audit_id), *mutation.set), mutation.remove)

    def _session_id(self, head: ResponseHead) -> Mutation:
        upstream = head.headers.get(SESSION_HEADER)
        if upstream is None:
            return Mutation()
        repeated = len(head.headers.all(SESSION_HEADER)) > 1
        if self.plan.hides_session or repeated or self.plan.seal is None:
            return Mutation(remove=(SESSION_HEADER,))
        token = self.plan.token
        if token is None or upstream != self.plan.upstream_session:
            token = self._sealed(self.plan.seal, head.upstream, upstream)
        return Mutation(set=((SESSION_HEADER, token),))

    def _sealed(self, seal: Callable[[str, str], str], endpoint: str, session: str) -> str:
        try:
            return seal(endpoint, session)
        except ValueError as error:
            message = "the backend began a session that cannot be kept"
            raise RefusedError(
                Refusal(Reason.NO_ENDPOINT, message, self.plan.ids, self.plan.batch)
            ) from error

    def _open_reader(self, head: ResponseHead, reading: Reading, mutation: Mutation) -> Mutation:
        """Get ready for the body; returns what becomes of the head, or raises `RefusedError`.

        A body in a form that cannot be read never passes. Of an error the status still tells the
        client something (404 ends its session), so there only the body is replaced.
        """
        opening = self.plan.opening
        if opening is None:
            raise RefusedError(Refusal(Reason.OWN_FAULT, "a body without a request"))
        media_type = _media_type(head)
        self.reads, self.streams = True, is_media_type(media_type, "text/event-stream")
        self._whole = not (reading.screen is None or self.streams or self.streams_all)
        reading = replace(reading, error=partial(self._error, reading.error))
        self._reader = opening.reader(media_type, reading)
        if self._reader is not None:
            return mutation
        message = "the backend answered in a form that cannot be read"
        self._reader = opening.reader(REPLACED_BY, reading)
        if head.status < 400 or self._reader is None:
            raise RefusedError(Refusal(Reason.NO_ENDPOINT, message, self.plan.ids, self.plan.batch))
        self._instead = self._reader.break_off(Reason.NO_ENDPOINT, message)
        return Mutation(
            (*mutation.set, ("content-type", REPLACED_BY)),
            (*mutation.remove, "content-encoding"),
        )

    def _error(self, render: Callable[[Reason, str], bytes], reason: Reason, why: str) -> bytes:
        """The error in place of a body. Of one that Envoy still holds with its head the status is
        that of the error, too: what looks like an answer must not be one in another form."""
        if self._whole:
            plan = self.plan
            self.refusal = Refusal(reason, why, plan.ids, plan.batch, method=plan.method)
        return render(reason, why)


def _media_type(head: ResponseHead) -> str:
    """The media type of a whole body that is not encoded, "" for any other: of a part (RFC 9110,
    15.3.7) nobody can say what the client makes of it with others."""
    if head.status == PARTIAL:
        return ""
    encodings = {one.strip().lower() for one in head.headers.all("content-encoding")}
    types = head.headers.all("content-type")
    return types[0] if len(types) == 1 and encodings <= {"identity", ""} else ""
