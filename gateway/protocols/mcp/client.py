"""What the head of an MCP request says of its client. Pure: no I/O, no clock."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from gateway.model.head import Headers, RequestHead
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.mcp.agreement import header_value
from gateway.protocols.mcp.era import ASSUMED_REVISION, Era, era_of
from gateway.wire.content import is_media_type
from gateway.wire.origin import origin_refusal
from gateway.wire.requestbody import METHOD_OVERRIDES

_ALLOWED: Final = {Era.LEGACY: ("POST", "GET", "DELETE"), Era.MODERN: ("POST",)}

_WAY_OUT: Final = (
    "the HTTP+SSE transport of 2024-11-05 is not served: use Streamable HTTP "
    "(revision 2025-03-26 or later) and POST initialize to this URL"
)

_SESSION_HEADERS: Final = ("mcp-session-id", "last-event-id")


@dataclass(frozen=True, slots=True)
class Client:
    """`version` is the revision spoken (assumed for LEGACY without header); `header` the
    MCP-Protocol-Version as sent; `drop` are headers that must not reach the server."""

    era: Era
    version: str
    header: str | None
    session: str | None
    drop: tuple[str, ...]


def client_of(head: RequestHead) -> Client:
    """Read the head; says nothing of whether it is acceptable."""
    headers = head.headers
    version = header_value(headers, "mcp-protocol-version")
    era = era_of(version)
    drop = headers.present(METHOD_OVERRIDES)
    if era is Era.MODERN:  # has no sessions and resumes nothing: ignored, so not forwarded
        drop += headers.present(_SESSION_HEADERS)
        return Client(era, version or "", version, None, drop)
    session = header_value(headers, "mcp-session-id")
    return Client(era, version or ASSUMED_REVISION, version, session, drop)


def unacceptable(head: RequestHead, client: Client, origins: frozenset[str]) -> Refusal | None:
    """Why the request ends whatever its body says, or None."""
    return (
        origin_refusal(head.headers, origins)
        or _method_refusal(head, client)
        or (_media_refusal(head.headers) if head.method == "POST" else _bodiless(head, client))
    )


def _method_refusal(head: RequestHead, client: Client) -> Refusal | None:
    allowed = _ALLOWED[client.era]
    if head.method not in allowed:
        return _not_allowed("this HTTP method is not served here", allowed)
    return _not_allowed(_WAY_OUT, ("POST",)) if _session_in_query(head.path) else None


def _bodiless(head: RequestHead, client: Client) -> Refusal | None:
    if head.headers.get("content-length") not in {None, "0"} or "transfer-encoding" in head.headers:
        return Refusal(Reason.INVALID_REQUEST, f"{head.method} has no body")
    if head.method == "GET":
        return _listen_refusal(head.headers, client)
    return (
        None if client.session else Refusal(Reason.INVALID_REQUEST, "DELETE needs Mcp-Session-Id")
    )


def _not_allowed(message: str, allowed: tuple[str, ...]) -> Refusal:
    """A 405 with its Allow header."""
    return Refusal(Reason.METHOD_NOT_ALLOWED, message, headers=(("allow", ", ".join(allowed)),))


def _session_in_query(path: str) -> bool:
    """The message URLs of HTTP+SSE carry the session in the query, past all sealing."""
    _, found, query = path.partition("?")
    if not found:
        return False
    keys = (key for key, _ in parse_qsl(query, keep_blank_values=True))
    return any(key.casefold().replace("_", "").replace("-", "") == "sessionid" for key in keys)


def _media_refusal(headers: Headers) -> Refusal | None:
    if is_media_type(headers.get("content-type") or "", "application/json"):
        return None
    return Refusal(
        Reason.UNSUPPORTED_MEDIA,
        "content-type must be application/json in UTF-8",
        headers=(("accept-post", "application/json"),),
    )


def _listen_refusal(headers: Headers, client: Client) -> Refusal | None:
    """A GET opens the server's stream.

    One with neither session nor version is how an HTTP+SSE client starts. A Streamable HTTP
    client of a server without sessions sends the version since 2025-06-18; one of 2025-03-26
    does not, takes the 405 that its revision provides for, and goes on without the stream.
    """
    if client.session is None and client.header is None:
        return _not_allowed(_WAY_OUT, ("POST", "DELETE"))
    accepts = ",".join(headers.all("accept")).lower().split(",")
    if not any(item.partition(";")[0].strip(" \t") == "text/event-stream" for item in accepts):
        return _not_allowed("GET needs Accept: text/event-stream", ("POST", "DELETE"))
    return None
