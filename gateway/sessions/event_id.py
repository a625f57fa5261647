"""SSE event ids that carry what their stream was about. Pure: no I/O, no clock.

A client that lost a stream sends GET with Last-Event-ID, to any gateway. The results that the
upstream then replays must be filtered and screened as on the first stream, so the id carries the
requests that the stream answers. Source: MCP 2025-03-26 and later, "Resumability and Redelivery".
"""

import json
from dataclasses import dataclass
from typing import Final, TypeGuard

from gateway.model.jsonvalue import JsonValue, RequestId
from gateway.model.principal import Principal
from gateway.sessions.seal import Sealer, SealFault

PURPOSE: Final = "mcp-event"
MAX_CONTEXT: Final = 1024  # bytes; the token stays under 1,450 characters, fit for a header


@dataclass(frozen=True, slots=True)
class StreamCall:
    """A request whose answer may come on the stream: its method, target and id."""

    method: str
    target: str | None
    id: RequestId


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """An event of a stream: the backend, the upstream's own event id, and the requests that the
    stream answers: one for a POST, several for a batch, none for a listening stream."""

    backend: str
    event: str
    calls: tuple[StreamCall, ...] = ()

    def call(self, ident: RequestId) -> StreamCall | None:
        """The request with this id; 1 and "1" differ, and so do 1 and True."""
        for call in self.calls:
            if type(call.id) is type(ident) and call.id == ident:
                return call
        return None


def seal_event_id(
    sealer: Sealer, principal: Principal, position: StreamPosition, now: float
) -> str | None:
    """The id to put into the event in place of the upstream's.

    None when the position is too large to carry (`MAX_CONTEXT`) or not valid Unicode: the event
    then goes without an id and cannot be resumed from, rather than be resumed without its context.
    """
    calls = [[call.method, call.target, call.id] for call in position.calls]
    try:
        payload = json.dumps(
            [position.backend, position.event, calls], ensure_ascii=False, separators=(",", ":")
        ).encode("utf-8")
    except UnicodeEncodeError:
        return None
    if len(payload) > MAX_CONTEXT:
        return None
    return sealer.seal(PURPOSE, principal.seal_scope, payload, now)


def open_event_id(
    sealer: Sealer, principal: Principal, backend: str, token: str, now: float
) -> StreamPosition | SealFault:
    """The position that a Last-Event-ID names; FORGED also for another backend's."""
    payload = sealer.open(PURPOSE, principal.seal_scope, token, now)
    if isinstance(payload, SealFault):
        return payload
    document: JsonValue = json.loads(payload)
    position = _position(document)
    return position if position.backend == backend else SealFault.FORGED


def _position(document: JsonValue) -> StreamPosition:
    """What `seal_event_id` wrote; only this gateway's keys can have sealed it."""
    match document:
        case [str(backend), str(event), list(calls)]:
            return StreamPosition(backend, event, tuple(_call(entry) for entry in calls))
        case _:
            raise TypeError("a sealed event id does not hold a position")


def _call(entry: JsonValue) -> StreamCall:
    match entry:
        case [str(method), (str() | None) as target, ident] if _is_id(ident):
            return StreamCall(method, target, ident)
        case _:
            raise TypeError("a sealed event id does not hold a request")


def _is_id(value: JsonValue) -> TypeGuard[RequestId]:
    return isinstance(value, int | str) and not isinstance(value, bool)
