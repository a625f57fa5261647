"""What the record and the span of a request learn while it is judged. No I/O, no clock."""

from gateway.audit.record import Record
from gateway.model.call import Call, Deframed
from gateway.model.head import RequestHead
from gateway.model.permit import Decision
from gateway.pipeline.disclosure import plain_uri
from gateway.pipeline.snapshot import RouteStage, Snapshot
from gateway.policy.vocabulary import COMPLETE, SELECTED
from gateway.telemetry.asked import Asked
from gateway.telemetry.traces import RequestSpan, Tracing


class Notes:
    """Fills the record of one request, and begins its span."""

    def __init__(self, snapshot: Snapshot, record: Record, tracing: Tracing) -> None:
        self._snapshot = snapshot
        self._record = record
        self._tracing = tracing
        self.span: RequestSpan | None = None

    def begin_span(
        self, message: Deframed | None, route: RouteStage | None, head: RequestHead | None
    ) -> None:
        """Begin the span of a request, `message` being None if it cannot be read."""
        if self.span is not None or self._record.written or route is None or head is None:
            return
        if route.protocol is None:
            return
        asked = Asked(
            head,
            message,
            route.protocol.name,
            route.path,
            route.backend,
            self._snapshot.policies.names,
            route.aliases,
        )
        self.span = self._tracing.begin(asked, self._record.started)
        self._record.trace_id = self.span.trace_id

    def message(self, message: Deframed) -> None:
        """What is asked for."""
        first = message.calls[0]
        self._record.method = first.method
        self._record.target = _recorded(first)
        self._record.version = first.version
        self._record.batch = len(message.calls) if message.batch else 0

    def decision(self, decision: Decision) -> None:
        """What was decided."""
        self._record.policy, self._record.rule = decision.policy, decision.rule
        self._record.shadow = decision.shadow


def _recorded(call: Call) -> str:
    """What a record names as the target of a call. Of a resource's URI the part that can be a
    secret, a query above all, is left out."""
    target = call.target or ""
    names_uri = call.method in SELECTED["resources"] and (
        call.method != COMPLETE or "ref_uri" in call.attributes
    )
    return plain_uri(target) if names_uri else target
