"""What the response of a permitted request will need, decided with the permit. No I/O, no clock.

Lists are judged item by item by the same snapshot and principal that the request had. A GET with
Last-Event-ID replays results of another request: its sealed event id tells of which.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from gateway.model.call import Call, Deframed, Kind
from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonMapping
from gateway.model.permit import Permit
from gateway.model.principal import Principal
from gateway.model.refusal import Reason, Refusal
from gateway.model.screening import AnswerScreen
from gateway.pipeline.response import ResponsePlan
from gateway.pipeline.snapshot import RouteStage, Snapshot
from gateway.policy.context import RequestContext
from gateway.protocols.base import Opening, Protocol, Reading
from gateway.sessions.event_id import StreamCall, StreamPosition, open_event_id, seal_event_id
from gateway.sessions.seal import SealFault
from gateway.sessions.session_id import BoundSession, seal_session

ANSWERED: Final = frozenset({Kind.REQUEST})


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes the response plan of one request."""

    snapshot: Snapshot
    route: RouteStage
    protocol: Protocol
    opening: Opening
    audit_id: str
    screen: AnswerScreen | None = None
    offers: Callable[[JsonMapping], bool] | None = None

    def plan(
        self,
        permit: Permit,
        message: Deframed,
        bound: BoundSession | None,
        context: RequestContext,
    ) -> ResponsePlan:
        """The plan; `bound` is the session that the client named, if any."""
        requests = [call for call in permit.calls if call.kind in ANSWERED and call.id is not None]
        position = self._resumed(permit.principal, message, context.now)
        reading = self._reading(permit, requests, message, position, context)
        needed = self.opening.needs_response or self.snapshot.record_endpoint
        needed = needed or self.route.name in self.snapshot.screened
        return ResponsePlan(
            needs_head=needed or reading is not None,
            opening=self.opening,
            reading=reading,
            ids=tuple(call.id for call in requests if call.id is not None),
            batch=message.batch,
            token=message.session,
            upstream_session=bound.upstream_id if bound else None,
            seal=self._session_sealer(permit.principal, context.now),
            resume=position.event if position else None,
            hides_session=not self.opening.has_sessions,
            lasts=self.opening.lasts,
            method=_method(_answered(requests)),
        )

    def _reading(
        self,
        permit: Permit,
        requests: list[Call],
        message: Deframed,
        position: StreamPosition | None,
        context: RequestContext,
    ) -> Reading | None:
        """How to read the response, None when nothing in it is for us."""
        calls = _answered(requests) if position is None else position.calls
        replay = message.resume is not None
        listed = any(self.protocol.list_method(call.method) for call in calls or permit.calls)
        if not (replay or listed or self.opening.reads or self.screen is not None):
            return None
        return Reading(
            shows=partial(self._shows, permit.principal, context),
            limit=self.snapshot.response_bytes,
            calls={call.id: call.method for call in calls},
            replay=replay,
            error=partial(self._error, calls, message.batch, context.head),
            seal_event=self._event_sealer(permit.principal, calls, context.now),
            renames=self._renames(message),
            screen=self.screen,
            offers=self.offers,
        )

    def _renames(self, message: Deframed) -> tuple[str, str] | None:
        """The model that a pool was asked for and the one that the client named, if not the same
        and the route reads all such answers: a client must not see now the one, now the other."""
        call = message.calls[0]
        read = {"all"} if call.attributes.get("stream") is True else {"all", "json"}
        if not self.route.pools or message.prompt is None or self.route.usage not in read:
            return None
        sent, named = message.prompt().model, call.target
        return None if named is None or named == sent else (sent, named)

    def _shows(self, principal: Principal, context: RequestContext, method: str, item: str) -> bool:
        return self.snapshot.policies.shows(method, item, principal, context)

    def _resumed(
        self, principal: Principal, message: Deframed, now: float
    ) -> StreamPosition | None:
        """Where a resumed stream stood; None without a sealed id (it is judged by shape then)."""
        if message.resume is None:
            return None
        opened = open_event_id(
            self.snapshot.sealer, principal, self.route.backend, message.resume, now
        )
        return None if isinstance(opened, SealFault) else opened

    def _error(
        self,
        calls: tuple[StreamCall, ...],
        batch: bool,
        head: RequestHead,
        reason: Reason,
        why: str,
    ) -> bytes:
        ids = tuple(call.id for call in calls)
        refusal = Refusal(reason, why, ids, batch, method=_method(calls))
        return self.protocol.render(refusal, self.audit_id, head).body

    def _event_sealer(
        self, principal: Principal, calls: tuple[StreamCall, ...], now: float
    ) -> Callable[[str], str | None]:
        def seal(event: str) -> str | None:
            place = StreamPosition(self.route.backend, event, calls)
            return seal_event_id(self.snapshot.sealer, principal, place, now)

        return seal

    def _session_sealer(self, principal: Principal, now: float) -> Callable[[str, str], str]:
        def seal(endpoint: str, upstream: str) -> str:
            session = BoundSession(self.route.backend, endpoint, upstream)
            return seal_session(self.snapshot.sealer, principal, session, now)

        return seal


def _method(calls: tuple[StreamCall, ...]) -> str:
    """What an error in place of the answer answers, where that is one request."""
    return calls[0].method if len(calls) == 1 else ""


def _answered(requests: list[Call]) -> tuple[StreamCall, ...]:
    return tuple(
        StreamCall(call.method, call.target, call.id) for call in requests if call.id is not None
    )
