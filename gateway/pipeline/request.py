"""A request from Envoy to its verdict: the stages in the order in which they run.

No I/O, no clock: time and audit id are parameters. A stage refuses by `RefusedError`; what comes
out of one stage is the input of the next, so none can be left out.
"""

import json
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from gateway.audit.record import Record
from gateway.config.wiring import METADATA_PREFIX, Wiring
from gateway.identity.challenge import missing_scope
from gateway.identity.identify import identify
from gateway.identity.metadata_document import metadata_document, origin_of
from gateway.identity.rules import ListenerRules
from gateway.model.call import Deframed
from gateway.model.head import RequestHead
from gateway.model.permit import Permit
from gateway.model.principal import Principal
from gateway.model.refusal import Answer, Reason, Refusal
from gateway.model.verdict import Forward, Gap, Proceed
from gateway.pipeline.admitted import Admitted, Placed
from gateway.pipeline.authorisation import Denied, authorise, every_shadow, with_implied
from gateway.pipeline.consultants import Consultants
from gateway.pipeline.forwarding import forward
from gateway.pipeline.guarding import Guarding
from gateway.pipeline.notes import Notes
from gateway.pipeline.picking import Pick
from gateway.pipeline.plan import Planner
from gateway.pipeline.rescue import RefusedError, ServedError
from gateway.pipeline.response import ResponsePlan
from gateway.pipeline.review import Review
from gateway.pipeline.sampling import Sampler
from gateway.pipeline.selection import Selection, judged_backend
from gateway.pipeline.snapshot import RouteStage, Snapshot
from gateway.pipeline.stopwatch import Stopwatch
from gateway.pipeline.tainting import Tainting
from gateway.pipeline.taints import TaintStore
from gateway.pipeline.told import told
from gateway.pipeline.tool_safety import ToolSafety
from gateway.pipeline.tools_seen import ToolsSeen
from gateway.policy.context import RequestContext
from gateway.protocols.base import Opening, Protocol
from gateway.sessions.session_id import BoundSession, open_session
from gateway.telemetry.tracecontext import Propagated
from gateway.telemetry.traces import RequestSpan, Tracing

CROWDED: Final = Refusal(
    Reason.LIMITED,
    "too many requests are being read",
    data={"retryAfterMs": 1000},
    headers=(("retry-after", "1"),),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A request that may go on, and what its response needs."""

    forward: Forward
    plan: ResponsePlan
    pick: Pick | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """What the stages are given from outside: `watch` times them, `tracing` begins the span,
    `random` draws shares of traffic, `sampler` says whose answers are read, `taints` remembers what
    conversations have read, `consultants` ask providers of guardrails. `tools` are what MCP servers
    were seen to offer."""

    watch: Stopwatch
    tracing: Tracing
    random: Random
    sampler: Sampler
    taints: TaintStore
    consultants: Consultants
    tools: ToolsSeen = field(default_factory=ToolsSeen)


class RequestPipeline:
    """Judges the requests of one stream by one snapshot. `listener` comes from our own wiring."""

    def __init__(
        self,
        snapshot: Snapshot,
        wiring: Wiring,
        record: Record,
        means: Means,
    ) -> None:
        self._snapshot = snapshot
        self._random = means.random
        self._sampler = means.sampler
        self._wiring = wiring
        self._listener = wiring.listener
        self._opening: Opening | None = None
        self._protocol: Protocol | None = None
        self._previewed: bool | None = None
        self._record = record
        self._notes = Notes(snapshot, record, means.tracing)
        self.tainting = Tainting(snapshot, record, means.taints)
        self.tools = ToolSafety(snapshot, record, means.tools)
        self.guarding = Guarding(snapshot, record, means.watch.clock, means.consultants)
        self._watch = means.watch
        self._ids: tuple[int | str, ...] = ()
        self._batch = False
        self.route: RouteStage | None = None
        self.head: RequestHead | None = None
        self.review: Review | None = None

    def preview(self, head: RequestHead) -> Proceed:
        """Judge a head whose body follows: what of the response must come back."""
        route = self._find_route(head)
        if route.protocol is None:
            return Proceed()
        opening = self._opening = self._protocol_of(route).open(head)
        if isinstance(opening.verdict, Refusal):
            raise RefusedError(opening.verdict)
        if route.pools:  # the end of the stream is that of the response
            self._previewed = True
            return Proceed(response_headers=True, lasts=True)
        screens = route.name in self._snapshot.screened
        self._previewed = self._snapshot.record_endpoint or opening.needs_response or screens
        return Proceed(self._previewed, lasts=opening.lasts)

    async def judge(self, head: RequestHead, body: bytes, gap: Gap | None, now: float) -> Judged:
        """The verdict on a whole request; raises `RefusedError`."""
        route, routed = self._find_route(head), head.route
        head = replace(head, route=route.name)  # from here on what the configuration calls it
        if route.protocol is None:
            return self._pass_unjudged(head)
        self._check_delivery(len(body), route, gap)
        admitted = await self._admit(head, body, route, now)
        with self._watch.stage("place"):
            placed = self._place(admitted, route, len(body))
        if placed.opening.lasts:
            context, calls = placed.context, tuple(with_implied(placed.permit.calls))
            who, taints = placed.permit.principal, context.taints
            self.review = Review(routed, head, calls, who, self._listener, taints)
        self._record.decision = "allow"
        plan, message = placed.plan, placed.message
        traced = self._upstream(plan, now)
        metadata = told(self._record, message, route.metadata)
        return Judged(forward(message, placed.bound, plan, traced, metadata), plan, placed.pick)

    async def _admit(
        self, head: RequestHead, body: bytes, route: RouteStage, now: float
    ) -> Admitted:
        """What is asked, who asks, whether they may, and whether what they say is safe."""
        protocol = self._protocol_of(route)
        with self._watch.stage("deframe"):
            opening = self._opening or protocol.open(head)
            message = self._deframe(opening, body)
        rules = self._rules()
        backend = self._record.backend = judged_backend(route, message)
        with self._watch.stage("identify"):
            principal = self._identify(head, rules, now)
        taints = await self.tainting.known(message, principal, head, backend)
        context = RequestContext(head, backend, now, self._listener, protocol.name, taints)
        selection = Selection(route, self._snapshot.policies, principal, context)
        with self._watch.stage("decide"):
            if route.pools:
                selection.check_model(message)
            permit = self._authorise(message, principal, context, rules, selection)
            self.tools.check(message, principal, context)
            self.guarding.apply(permit.calls, principal, selection.contexts(context))
        if self.guarding.applies:
            with self._watch.stage("screen"):
                screened = await self.guarding.screened(message)
                taints |= self.tainting.found_in(message, self.guarding.found)
                if screened is not message or taints != context.taints:
                    message, context = screened, replace(context, taints=taints)
                    selection = Selection(route, self._snapshot.policies, principal, context)
                    permit = self._authorise(message, principal, context, rules, selection)
        await self.tainting.before()
        return Admitted(protocol, opening, message, permit, context, selection)

    def _place(self, admitted: Admitted, route: RouteStage, size: int) -> Placed:
        """Where it goes, and what its answer needs."""
        opening, message, context = admitted.opening, admitted.message, admitted.context
        permit, pick = admitted.permit, None
        if route.pools:
            size = max(size, len(message.body or b""))  # that which was inflated
            selected = admitted.selection.select(permit, message, size, self._random)
            message, pick = selected.message, selected.pick
            self._record.backend = pick.pool
        bound = self._bound_session(permit, message, route, context.now)
        protocol, audit_id = admitted.protocol, self._record.audit_id
        beside = self._wiring.reads and route.name in self._snapshot.screened
        screen = self.guarding.screen(protocol.name, beside=beside)
        offers = self.tools.offers(context.backend)
        planner = Planner(self._snapshot, route, protocol, opening, audit_id, screen, offers)
        plan = planner.plan(permit, message, bound, context)
        if self._wiring.mode == "check":
            plan = self._without_response(plan, message, opening)
            message = replace(message, retraced=None)  # no body is changed
        if pick is not None:
            plan = replace(plan, needs_head=True, lasts=True)
        self._check_response_wiring(plan)
        return Placed(opening, message, permit, context, plan, bound, pick)

    # --- stages -------------------------------------------------------------------------------

    def _find_route(self, head: RequestHead) -> RouteStage:
        if self.route is not None:
            return self.route
        self.head = head
        self._record.route, self._record.peer = head.route, head.peer.address
        if head.route.startswith(METADATA_PREFIX):
            raise ServedError(self._resource_metadata(head))
        route = self._snapshot.routes.get(head.route)
        if route is None:
            raise RefusedError(Refusal(Reason.UNKNOWN_ROUTE, "no such route"))
        self.route = route
        self._record.route, self._record.backend = route.name, route.backend
        self._record.protocol = route.protocol.name if route.protocol else "unjudged"
        # Envoy keeps this header where a request is to leave HTTP, and other Envoys may allow that.
        if route.protocol is not None and "upgrade" in head.headers:
            text = "what follows an upgrade cannot be judged"
            raise RefusedError(Refusal(Reason.INVALID_REQUEST, text))
        return route

    def _protocol_of(self, route: RouteStage) -> Protocol:
        """How this request is read: of a share the answers are read as well."""
        if self._protocol is None:
            samples = self._wiring.reads and self._sampler.reads(route)
            sampled = route.sampled if samples else None
            self._protocol = sampled or route.protocol
        if self._protocol is None:
            raise RefusedError(Refusal(Reason.OWN_FAULT, "a protocol that nobody speaks"))
        return self._protocol

    def _rules(self) -> ListenerRules:
        rules = self._snapshot.listeners.get(self._listener)
        if rules is None:
            raise RefusedError(Refusal(Reason.WIRING, "this listener is not configured"))
        return rules

    def _deframe(self, opening: Opening, body: bytes) -> Deframed:
        message = opening.deframe(body)
        if isinstance(message, Refusal):
            raise RefusedError(message)
        self._ids = tuple(call.id for call in message.calls if call.id is not None)
        self._batch = message.batch
        self._notes.message(message)
        self._notes.begin_span(message, self.route, self.head)
        return message

    def _identify(self, head: RequestHead, rules: ListenerRules, now: float) -> Principal:
        principal = identify(head, rules, self._snapshot.keys, now)
        if isinstance(principal, Refusal):
            raise self._refused(principal)
        self._record.principal = principal.id
        self._record.principal_kind = principal.kind.value
        self._record.actors = principal.actors
        return principal

    def _authorise(
        self,
        message: Deframed,
        principal: Principal,
        context: RequestContext,
        rules: ListenerRules,
        selection: Selection,
    ) -> Permit:
        found = authorise(self._snapshot.policies, message, principal, context)
        if isinstance(found, Denied):
            self._notes.decision(found.decision)
            if self._snapshot.opaque:
                selection.hide_model(message)
            raise self._denied(found, context.head, rules)
        self._notes.decision(found.decisions[0])
        self._record.shadow = every_shadow(found.decisions)
        return found

    def _bound_session(
        self, permit: Permit, message: Deframed, route: RouteStage, now: float
    ) -> BoundSession | None:
        """The replica and the upstream's own id behind the session id that the client sent."""
        if message.session is None:
            return None
        opened = open_session(
            self._snapshot.sealer, permit.principal, route.backend, message.session, now
        )
        if isinstance(opened, Refusal):
            raise self._refused(opened)
        return opened

    def _check_delivery(self, size: int, route: RouteStage, gap: Gap | None) -> None:
        """A judged route needs the body that the client sent, whole."""
        if gap is Gap.OVERFLOW or size > route.body_limit:
            raise RefusedError(Refusal(Reason.TOO_LARGE, "the request body is too large"))
        if gap is Gap.CROWDED:
            raise RefusedError(CROWDED)
        if gap is not None:
            raise RefusedError(Refusal(Reason.WIRING, "this route is wired without its body"))

    def _check_response_wiring(self, plan: ResponsePlan) -> None:
        """What the response needs must be deliverable: by mode_override, which Envoy obeys only in
        the answer to the head, or by a mode that sends everything."""
        if plan.reads and not self._wiring.reads:
            raise self._refused(Refusal(Reason.WIRING, "this proxy does not send the response"))
        if not plan.needs_head or self._wiring.mode == "duplex":
            return
        if not self._wiring.override or self._previewed is False:
            raise self._refused(Refusal(Reason.WIRING, "this route cannot deliver the response"))

    def _without_response(
        self, plan: ResponsePlan, message: Deframed, opening: Opening
    ) -> ResponsePlan:
        """The plan where access control is all there is, if it is enough. What the head alone
        could not rule out does not count any more: the body has told."""
        if message.body is not None:
            raise self._refused(Refusal(Reason.WIRING, "this route cannot change a body"))
        watched = opening.has_sessions or opening.lasts or self._snapshot.record_endpoint
        return replace(plan, needs_head=watched or plan.reads)

    def _upstream(self, plan: ResponsePlan, now: float) -> Propagated | None:
        """The trace context that goes upstream: of a span of its own, if its end will be seen."""
        span = self._notes.span
        if span is None:
            return None
        if plan.needs_head or self._wiring.mode == "duplex":
            span.forward(now + sum(self._record.stages.values()) / 1e6)
        return span.propagated

    def take_span(self) -> RequestSpan | None:
        """The span of the request, which whoever takes it ends; None once it was taken."""
        span, self._notes.span = self._notes.span, None
        return span

    # --- around the stages --------------------------------------------------------------------

    def _pass_unjudged(self, head: RequestHead) -> Judged:
        self._record.decision, self._record.method = "unjudged", head.method
        return Judged(Forward(metadata=told(self._record, None)), ResponsePlan())

    def _resource_metadata(self, head: RequestHead) -> Answer:
        rules = self._rules()
        origin = origin_of(head, rules.resource_base)
        route = self._snapshot.routes.get(head.route.removeprefix(METADATA_PREFIX))
        if route is None or origin is None:
            raise RefusedError(Refusal(Reason.UNKNOWN_ROUTE, "no such resource"))
        document = metadata_document(
            origin, route.path, route.scopes, self._snapshot.authorization_servers
        )
        headers = (
            ("content-type", "application/json"),
            ("cache-control", "max-age=300"),
        )
        return Answer(200, headers, json.dumps(document).encode())

    def _refused(self, refusal: Refusal) -> RefusedError:
        """A refusal of a later stage answers every id of the message."""
        return RefusedError(with_ids(refusal, self._ids, batch=self._batch))

    def _denied(self, found: Denied, head: RequestHead, rules: ListenerRules) -> RefusedError:
        """One refused element refuses its whole batch; those that are not guilty are told that
        they were not the reason."""
        decision, method = found.decision, found.method
        if decision.needed_scopes:
            refusal = missing_scope(head, rules, decision.needed_scopes)
        else:
            text = decision.reason or f"{method} is not allowed"
            refusal = Refusal(
                Reason.DENIED,
                "not available" if self._snapshot.opaque else text,
                method=method,
                policy=decision.policy,
                rule=decision.rule,
            )
        innocent = tuple(one for one in self._ids if self._batch and one not in found.guilty)
        return self._refused(replace(refusal, innocent=innocent))

    def rescued(self, refusal: Refusal) -> Refusal:
        """A refusal that a failure became, with the ids that are known by now. Of a request that
        could not be read the span begins here: its route is all that is known."""
        self._notes.begin_span(None, self.route, self.head)
        return refusal if refusal.ids else with_ids(refusal, self._ids, batch=self._batch)


def with_ids(refusal: Refusal, ids: tuple[int | str, ...], *, batch: bool) -> Refusal:
    """`refusal` as the answer to these requests."""
    return replace(refusal, ids=ids, batch=batch)
