"""One HTTP exchange, as the stream driver sees it: judged, answered, recorded.

Everything that can fail ends in `fault`, the one rescue; the record is written exactly once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from gateway.audit.record import Record
from gateway.config.wiring import Wiring
from gateway.model.head import RequestHead, ResponseHead
from gateway.model.jsonvalue import JsonObject
from gateway.model.outcome import Outcome
from gateway.model.placement import Drop, Dropped
from gateway.model.refusal import AUDIT_HEADER, Reason
from gateway.model.verdict import (
    Emit,
    Forward,
    Gap,
    PassResponse,
    Proceed,
    Queued,
    ReadResponse,
    Refuse,
)
from gateway.pipeline.consultants import Consultants, NoConsultants
from gateway.pipeline.operation import operation_of, target_of
from gateway.pipeline.picking import Picking, dropped
from gateway.pipeline.placer import NoPools, Placer
from gateway.pipeline.request import Means, RequestPipeline
from gateway.pipeline.rescue import RefusedError, ServedError, refusal_of, refuse
from gateway.pipeline.response import ResponsePipeline, ResponsePlan
from gateway.pipeline.review import Review
from gateway.pipeline.sampling import Sampler
from gateway.pipeline.snapshot import Snapshot
from gateway.pipeline.stopwatch import Stopwatch
from gateway.pipeline.taints import NoTaints, TaintStore
from gateway.pipeline.tools_seen import ToolsSeen
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.traces import NoTracing, Tracing

SERVED: Final = "served"
NO_PLAN: Final = ResponsePlan()
INCOMPLETE: Final = "incomplete"
"""The `error.type` of a response that broke off while it was read: either side may have left."""
REVOKED: Final = "revoked"
"""The `error.type` of a stream that was cut off."""


EVICTED: Final = "evicted"
"""The `error.type` of one that gave way to a more urgent one."""


def _nothing() -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every exchange of a worker shares. `now` is in seconds since the epoch, `ticks` counts
    nanoseconds; `write` takes a finished record, `new_id` makes an audit id, `on_fault` is told of
    failures that were ours, `tracing` begins the request's span. `placer` picks endpoints of
    pools; `random` draws shares of traffic, nothing secret, and `sampler` says whose answers
    are read. `taints` remembers what conversations have read, `consultants` ask
    providers of guardrails. `tools` are what MCP servers were seen to offer."""

    now: Callable[[], float]
    ticks: Callable[[], int]
    new_id: Callable[[], str]
    write: Callable[[JsonObject], None]
    metrics: Metrics
    on_fault: Callable[[str, Exception], None]
    tracing: Tracing = field(default_factory=NoTracing)
    placer: Placer = field(default_factory=NoPools)
    random: Random = field(default_factory=Random)
    sampler: Sampler = field(default_factory=Sampler)
    taints: TaintStore = field(default_factory=NoTaints)
    consultants: Consultants = field(default_factory=NoConsultants)
    tools: ToolsSeen = field(default_factory=ToolsSeen)


class HttpExchange:
    """Judges one exchange by the snapshot that was current when it began."""

    def __init__(self, snapshot: Snapshot, wiring: Wiring, around: Surroundings) -> None:
        self._around = around
        self._arrived = around.ticks()
        self._snapshot = snapshot
        self._record = Record(around.new_id(), around.now(), snapshot.number, snapshot.digest)
        self._record.listener = wiring.listener
        self._sends_every_response = wiring.mode == "duplex"
        watch = Stopwatch(around.ticks, self._record.stages)
        self._request = RequestPipeline(
            snapshot,
            wiring,
            self._record,
            Means(
                watch,
                around.tracing,
                around.random,
                around.sampler,
                around.taints,
                around.consultants,
                around.tools,
            ),
        )
        self._response = ResponsePipeline(NO_PLAN, self._record)
        self._picking = Picking(around.placer, self._record, around.ticks, self._cut_off)
        self._when_cut: Callable[[], None] = _nothing
        self._begun = False
        self._expects_response = False
        self._seconds: float | None = None  # from the request to its end, once that was seen
        self._cut = ""
        self._measured = False
        self._recorded_findings: Outcome | None = None

    async def preview(self, head: RequestHead) -> Proceed | Refuse:
        """The head alone, before the body is held."""
        self._begun = True
        return self._request.preview(head)

    async def judge(
        self, head: RequestHead, body: bytes, gap: Gap | None
    ) -> Forward | Refuse | Queued:
        """The whole request; `Queued` when it is allowed and has to wait for an endpoint."""
        self._begun = True
        started = self._around.ticks()
        try:
            judged = await self._request.judge(head, body, gap, self._around.now())
        finally:
            spent = (self._around.ticks() - started) / 1e9
            self._around.metrics.took(self._route_label(), spent)
        self._response = ResponsePipeline(
            judged.plan, self._record, streams_all=self._sends_every_response
        )
        self._expects_response = judged.plan.needs_head or self._sends_every_response
        if not self._expects_response:
            self._write()
        if judged.pick is not None:
            return await self._picking.begin(judged.pick, judged.forward)
        return judged.forward

    async def dispatched(self) -> Forward | Refuse:
        """The verdict on a request that was `Queued`."""
        return await self._picking.go_on()

    async def judge_response(
        self, head: ResponseHead, *, end_of_stream: bool
    ) -> PassResponse | ReadResponse | Refuse:
        """The response's head."""
        self._picking.answered(head)
        verdict = self._response.judge(head, end_of_stream=end_of_stream)
        if end_of_stream:
            self._end()
        if self.review is not None:  # the record of a stream does not wait for its end
            self._write(lasting=True)
        return verdict

    async def read(self, data: bytes, *, end_of_stream: bool) -> Emit | Refuse:
        """A piece of a response that is read; `Refuse` of one that is read whole."""
        if self._response.streams and self._record.first_chunk is None and data:
            self._record.first_chunk = self._elapsed()
            self._picking.began()
        passed = self._response.read(data, end_of_stream=end_of_stream)
        guarding = self._request.guarding
        while guarding.pending:
            await guarding.consult()
            passed += self._response.read(b"", end_of_stream=end_of_stream)
        if self._request.tainting.watches:
            await self._request.tainting.after(guarding.told)
        if end_of_stream:
            self._end()
        if self._response.refusal is not None:
            return self.fault(RefusedError(self._response.refusal))
        return Emit(passed)

    @property
    def review(self) -> Review | None:
        """What has to be judged again while the response goes on, if anything."""
        return self._request.review

    def when_cut(self, cut: Callable[[], None]) -> None:
        """Have `cut` called when the exchange has to end at once."""
        self._when_cut = cut

    def _cut_off(self) -> None:
        self._cut = EVICTED
        self._when_cut()

    def gave_way(self) -> Refuse:
        """The answer of a request that was cut off for a more urgent one before its own began."""
        return self.fault(RefusedError(dropped(Dropped(Drop.EVICTED))))

    def revoked(self) -> None:
        """The response is cut off, since its permit no longer holds."""
        self._cut = REVOKED
        self._around.metrics.revoked.labels(self._route_label()).inc()

    def fault(self, error: Exception) -> Refuse:
        """The answer that a refusal or a failure becomes."""
        if isinstance(error, ServedError):
            self._record.decision, self._record.status = SERVED, error.answer.status
            self._write()
            headers = (*error.answer.headers, (AUDIT_HEADER, self._record.audit_id))
            return Refuse(replace(error.answer, headers=headers), "gatehouse_served")
        self._end()
        if not isinstance(error, RefusedError):
            self._around.on_fault("judge", error)
        refusal = self._request.rescued(refusal_of(error))
        route = self._request.route
        protocol = route.protocol if route else None
        answer = refuse(refusal, protocol, self._request.head, self._record.audit_id)
        self._record.decision = "refuse"
        self._record.reason = EVICTED if self._cut == EVICTED else refusal.reason.value
        self._record.status = answer.answer.status
        self._write()
        return answer

    def read_fault(self, error: Exception) -> Emit | Refuse:
        """What is left of a response when reading it failed: the protocol's own error."""
        self._end()
        if not isinstance(error, RefusedError):
            self._around.on_fault("read", error)
        self._record.reason = Reason.OWN_FAULT.value
        left = self._response.broken("the gateway could not read the response")
        if self._response.refusal is not None:
            return self.fault(RefusedError(self._response.refusal))
        return Emit(left)

    def finish(self, *, unread: bool) -> None:
        """The stream ended; `unread` when a response that had to be read did not come."""
        if unread:
            self._record.unread = True
            self._around.metrics.unread.labels(self._route_label()).inc()
        elif self._response.reads and not self._response.ended:
            self._cut = self._cut or INCOMPLETE
            self._end()
        elif self.review is not None and self._record.written:  # a stream that lasted until now
            self._end()
        self._picking.finish(self._record.usage)
        if self._begun:
            self._write()
            self._write_findings()
            self._count_tools()
            self._trace()
            self._measure()

    def _write(self, *, lasting: bool = False) -> None:
        """Write the record once. The spans of a response that is `lasting` end with it."""
        if self._record.written:
            return
        self._record.written = True
        record = self._record
        record.decision = record.decision or "abandoned"
        self._count()
        ended = self._around.now()
        self._request.guarding.note()
        if not lasting:
            self._trace()
        self._recorded_findings = record.guarded
        self._around.write(record.to_json(ended))

    def _write_findings(self) -> None:
        """Count what guardrails found, and record it again if that came after the record."""
        self._request.guarding.note()
        guarded = self._record.guarded
        if guarded is None:
            return
        self._around.metrics.guardrails.count(guarded)
        if guarded != self._recorded_findings and (guarded.found or guarded.missed):
            self._around.write({**self._record.to_json(self._around.now()), "continued": True})

    def _count_tools(self) -> None:
        record = self._record
        tools = self._around.metrics.tools
        tools.count(record.backend, record.tool_refused, record.tools_left_out)

    def _trace(self) -> None:
        """End the spans, once."""
        span = self._request.take_span()
        if span is not None:
            span.end(self._record, self._around.now(), self._cut)

    def _count(self) -> None:
        """Count the request, and what it asks for where a policy has judged that."""
        record, metrics, route = self._record, self._around.metrics, self._request.route
        metrics.count(self._route_label(), record.decision, record.reason)
        if route is not None and route.protocol is not None:
            names = self._snapshot.policies.names
            target = target_of(record, route, names)
            method = names.method(record.method)
            metrics.count_call(route.name, record.protocol, method, target, record.decision)

    def _measure(self) -> None:
        """Note how long the operation took and what its answer told, once its end was seen."""
        route, seconds = self._request.route, self._seconds
        if seconds is None or self._measured or route is None or route.protocol is None:
            return
        self._measured = True
        record, metrics = self._record, self._around.metrics
        done = operation_of(record, route, self._snapshot.policies.names, self._cut)
        metrics.ended(done, seconds)
        if self._response.reads:
            metrics.answered(done, record.first_chunk, record.usage)

    def _elapsed(self) -> float:
        """Seconds since the request came."""
        return (self._around.ticks() - self._arrived) / 1e9

    def _end(self) -> None:
        """The operation ends now, if it has not ended before."""
        if self._seconds is None:
            self._seconds = self._elapsed()

    def _route_label(self) -> str:
        return self._request.route.name if self._request.route else "_unknown"
