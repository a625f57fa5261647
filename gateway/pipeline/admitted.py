"""What one half of judging a request hands to the next. No I/O, no clock."""

from dataclasses import dataclass

from gateway.model.call import Deframed
from gateway.model.permit import Permit
from gateway.pipeline.picking import Pick
from gateway.pipeline.response import ResponsePlan
from gateway.pipeline.selection import Selection
from gateway.policy.context import RequestContext
from gateway.protocols.base import Opening, Protocol
from gateway.sessions.session_id import BoundSession


@dataclass(frozen=True, slots=True)
class Admitted:
    """A message that may go on, as it may."""

    protocol: Protocol
    opening: Opening
    message: Deframed
    permit: Permit
    context: RequestContext
    selection: Selection


@dataclass(frozen=True, slots=True)
class Placed:
    """A message that goes somewhere, and the plan for its answer."""

    opening: Opening
    message: Deframed
    permit: Permit
    context: RequestContext
    plan: ResponsePlan
    bound: BoundSession | None
    pick: Pick | None
