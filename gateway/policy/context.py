"""What a decision knows besides the call and the principal. Pure: no I/O, no clock."""

from dataclasses import dataclass

from gateway.model.head import RequestHead


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The HTTP request around a call. `head.route` and `backend` select the policies; `now` is
    the time of the decision in seconds since the epoch, `protocol` the route's; `taints` are the
    labels of what the conversation has read."""

    head: RequestHead
    backend: str
    now: float
    listener: str = ""
    protocol: str = "mcp"
    taints: frozenset[str] = frozenset()
