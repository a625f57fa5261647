"""What the head of a request asks for, and why it may end there. Pure: no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.openai.paths import Body, Endpoint, endpoints
from gateway.protocols.openai.typed import KEYS, NAMES
from gateway.wire.content import is_media_type
from gateway.wire.keyfold import fold
from gateway.wire.multipart import boundary_of
from gateway.wire.origin import origin_refusal
from gateway.wire.urlpath import parameters, segments

_SINGLE: Final = frozenset(("content-type", "content-encoding", "authorization", "origin"))


@dataclass(frozen=True, slots=True)
class Asked:
    """An acceptable head. `attributes` are those of path and query, `boundary` that of a form."""

    endpoint: Endpoint
    attributes: JsonObject = field(default_factory=dict[str, JsonValue])
    boundary: str | None = None


def asked(head: RequestHead, base: str, origins: frozenset[str]) -> Asked | Refusal:
    """What a request below the path `base`, of no page or one of `origins` (lower case), is
    about."""
    foreign = origin_refusal(head.headers, origins)
    if foreign is not None:
        return foreign
    parts = segments(head.path, base)
    if parts is None:
        return Refusal(Reason.INVALID_REQUEST, "the path cannot be read in one way only")
    found = endpoints(parts)
    if found is None:
        return Refusal(Reason.UNKNOWN_METHOD, "there is nothing at this URL")
    methods, ident = found
    endpoint = methods.get(head.method)
    if endpoint is None:
        return _not_allowed(methods)
    return _body_of(head, endpoint) or _asked(head, endpoint, ident)


def _asked(head: RequestHead, endpoint: Endpoint, ident: str) -> Asked | Refusal:
    for name in head.headers.repeated():
        if name in _SINGLE:
            return Refusal(Reason.HEADER_MISMATCH, f"{name} occurs more than once")
    query = parameters(head.path)
    if query is None:
        return Refusal(Reason.INVALID_REQUEST, "the query cannot be read in one way only")
    found: JsonObject = {endpoint.id: ident} if endpoint.id else {}
    if endpoint.method == "files/list":
        purpose = query.pop("purpose", ())
        if len(purpose) > 1:
            return Refusal(Reason.INVALID_PARAMS, "purpose occurs more than once")
        if purpose:
            found["purpose"] = purpose[0]
        if any(fold(_base(name)) == "purpose" for name in query):
            return Refusal(Reason.INVALID_PARAMS, "a parameter can be mistaken for purpose")
    if endpoint.body is not Body.NONE and any(_is_known(name) for name in query):
        return Refusal(Reason.INVALID_PARAMS, "a member of the body is in the query")
    boundary = boundary_of(head.headers.get("content-type") or "")
    return Asked(endpoint, found, None if endpoint.body is Body.NONE else boundary)


def _is_known(name: str) -> bool:
    """Whether some server could take a parameter of the query for a member of the body."""
    base = _base(name)
    return base in NAMES or KEYS.mimicked([base]) is not None


def _base(name: str) -> str:
    """The name of a parameter that some servers read as a list or a member ("x[]", "x[y]")."""
    return name.partition("[")[0].strip()


def _not_allowed(methods: Mapping[str, Endpoint]) -> Refusal:
    allowed = (("allow", ", ".join(methods)),)
    return Refusal(
        Reason.METHOD_NOT_ALLOWED, "this HTTP method is not served here", headers=allowed
    )


def _body_of(head: RequestHead, endpoint: Endpoint) -> Refusal | None:
    """Why the head announces a body that the method does not take, or None."""
    headers = head.headers
    sent = headers.get("content-type")
    is_json = sent is not None and is_media_type(sent, Body.JSON.value)
    is_form = sent is not None and boundary_of(sent) is not None
    match endpoint.body:
        case Body.NONE:
            empty = headers.get("content-length") in {None, "0"}
            if empty and "transfer-encoding" not in headers:
                return None
            return Refusal(Reason.INVALID_REQUEST, f"{head.method} has no body")
        case Body.JSON:
            accepted = is_json
        case Body.FORM:
            accepted = is_form
        case Body.EITHER:
            accepted = is_json or is_form
        case Body.OPTIONAL:
            accepted = is_json or sent is None
    if accepted:
        return None
    return Refusal(Reason.UNSUPPORTED_MEDIA, f"content-type must be {endpoint.body.value}")
