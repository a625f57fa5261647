"""What the answer to a permitted request needs on its way back. No I/O, no clock.

Two things can be needed: the head (session ids are sealed, failures of a bound replica become
"session unknown") and the body (lists show a caller only what it may use).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from gateway.audit.record import Record
from gateway.model.head import ResponseHead
from gateway.model.jsonvalue import RequestId
from gateway.model.refusal import Reason, Refusal
from gateway.model.verdict import Mutation, PassResponse, ReadResponse
from gateway.pipeline.rescue import RefusedError
from gateway.protocols.base import Protocol, Reading, ResponseReader

SESSION_HEADER: Final = "mcp-session-id"
VIA_UPSTREAM: Final = "via_upstream"
NEVER_ARRIVED: Final = (
    "cluster_not_found",
    "no_healthy_upstream",
    "no_cluster_found",
    "upstream_reset_before_response_started{connection_failure",
    "upstream_reset_before_response_started{remote_connection_failure",
    "upstream_reset_before_response_started{local_connection_failure",
    "upstream_reset_before_response_started{overflow",
    "stateful_session",
)
"""response.code_details of Envoy's own answers to a request that reached no replica."""


@dataclass(frozen=True, slots=True)
class ResponsePlan:
    """Made with the permit, applied to the response.

    `token` is the session id as the client knows it and `upstream_session` as the replica does;
    `seal` makes a token from (endpoint, upstream session id). `resume` replaces Last-Event-ID.
    """

    needs_head: bool = False
    protocol: Protocol | None = None
    reading: Reading | None = None
    ids: tuple[RequestId, ...] = ()
    batch: bool = False
    token: str | None = None
    upstream_session: str | None = None
    seal: Callable[[str, str], str] | None = None
    resume: str | None = None
    hides_session: bool = False

    @property
    def reads(self) -> bool:
        """Whether the body of the response has to be read."""
        return self.reading is not None


@dataclass(slots=True)
class ResponsePipeline:
    """Applies a plan to one response."""

    plan: ResponsePlan
    record: Record
    _reader: ResponseReader | None = field(default=None, init=False)

    def judge(self, head: ResponseHead, *, end_of_stream: bool) -> PassResponse | ReadResponse:
        """What becomes of a response head; raises `RefusedError`."""
        self.record.status, self.record.endpoint = head.status, head.upstream
        if head.details and head.details != VIA_UPSTREAM:
            raise self._failed(head)
        mutation = self._session_id(head)
        if self.plan.reading is None or end_of_stream:
            return PassResponse(mutation)
        self._reader = self._open_reader(head, self.plan.reading)
        return ReadResponse(mutation) if self._reader else PassResponse(mutation)

    def read(self, data: bytes, *, end_of_stream: bool) -> bytes:
        """What the client gets for a piece of the body."""
        if self._reader is None:
            raise RefusedError(Refusal(Reason.OWN_FAULT, "a body that nobody asked for"))
        out = self._reader.feed(data)
        if end_of_stream:
            out += self._reader.finish()
        self.record.filtered = self._reader.filtered
        return out

    def broken(self, why: str) -> bytes:
        """What the client gets when reading failed: an error, then nothing more."""
        return b"" if self._reader is None else self._reader.break_off(why)

    def _failed(self, head: ResponseHead) -> RefusedError:
        """Envoy answered itself. A bound request that reached nothing has lost its session: the
        client must start another, and only 404 makes it."""
        lost = self.plan.token is not None and (
            head.status == 404 or head.details.startswith(NEVER_ARRIVED)
        )
        reason, message = Reason.NO_ENDPOINT, "the backend did not answer"
        if lost:
            reason, message = Reason.SESSION_UNKNOWN, "the session has ended"
        return RefusedError(Refusal(reason, message, self.plan.ids, self.plan.batch))

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

    def _open_reader(self, head: ResponseHead, reading: Reading) -> ResponseReader | None:
        """A reader for what comes, None where a foreign error page passes; else a refusal."""
        encoding = head.headers.get("content-encoding") or "identity"
        content_type = head.headers.get("content-type") or ""
        reader = None
        if encoding.strip().lower() == "identity" and self.plan.protocol is not None:
            reader = self.plan.protocol.reader(content_type, reading)
        if reader is None and (head.status < 400 or encoding.strip().lower() != "identity"):
            message = "the backend answered in a form that cannot be read"
            raise RefusedError(Refusal(Reason.NO_ENDPOINT, message, self.plan.ids, self.plan.batch))
        return reader
