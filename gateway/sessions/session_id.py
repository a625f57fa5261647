"""Session ids, sealed and bound to their principal and backend. Pure: no I/O, no clock.

Source: MCP Streamable HTTP, "Session Management": visible ASCII, echoed on every request; 404
makes the client initialize anew.
"""

import re
from dataclasses import dataclass
from typing import Final

from gateway.model.principal import Principal
from gateway.model.refusal import Reason, Refusal
from gateway.sessions.placement import is_endpoint
from gateway.sessions.seal import Sealer, SealFault

PURPOSE: Final = "mcp-session"
MAX_UPSTREAM_ID: Final = 1024
_VISIBLE: Final = re.compile(rf"[\x21-\x7e]{{1,{MAX_UPSTREAM_ID}}}")
# One text whatever was wrong: which of them it was would help only somebody who probes.
_UNKNOWN: Final = Refusal(
    Reason.SESSION_UNKNOWN, "the session is unknown or has ended; initialize a new one"
)


@dataclass(frozen=True, slots=True)
class BoundSession:
    """A session of an upstream: the backend, the "ip:port" that served it, and its id there."""

    backend: str
    endpoint: str
    upstream_id: str


def seal_session(sealer: Sealer, principal: Principal, session: BoundSession, now: float) -> str:
    """The id to give to the client in place of the upstream's.

    ValueError for an upstream id that is not 1 to `MAX_UPSTREAM_ID` visible ASCII characters, or
    an endpoint that is no "ip:port": a session that could not be placed again must not begin.
    """
    if _VISIBLE.fullmatch(session.upstream_id) is None or not is_endpoint(session.endpoint):
        raise ValueError("the upstream's session id or endpoint cannot be sealed")
    # Neither a backend's name nor an endpoint has a space, and the id comes last.
    payload = f"{session.backend} {session.endpoint} {session.upstream_id}".encode("ascii")
    return sealer.seal(PURPOSE, principal.seal_scope, payload, now)


def open_session(
    sealer: Sealer, principal: Principal, backend: str, token: str, now: float
) -> BoundSession | Refusal:
    """The session that `token` names, or SESSION_UNKNOWN when it is forged, truncated, expired, or
    another principal's or backend's; `policy` and `rule` stay empty, no policy refused it."""
    payload = sealer.open(PURPOSE, principal.seal_scope, token, now)
    if isinstance(payload, SealFault):
        return _UNKNOWN
    sealed_for, endpoint, upstream_id = payload.decode("ascii").split(" ", 2)
    if sealed_for != backend:
        return _UNKNOWN
    return BoundSession(backend, endpoint, upstream_id)
