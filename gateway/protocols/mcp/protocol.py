"""The MCP deframer: Streamable HTTP of all revisions on one URL. Pure: no I/O, no clock."""

from dataclasses import replace
from typing import Final

from gateway.model.call import Call, Deframed, Kind
from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonValue, RequestId
from gateway.model.refusal import Answer, Reason, Refusal
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.mcp import message as messages
from gateway.protocols.mcp.agreement import header_value, repeated_header
from gateway.protocols.mcp.client import Client, client_of, unacceptable
from gateway.protocols.mcp.era import BATCH_REVISION, Era
from gateway.protocols.mcp.lists import LISTS
from gateway.protocols.mcp.message import Context, call_of
from gateway.protocols.mcp.reading import reader_of
from gateway.protocols.mcp.render import render
from gateway.protocols.mcp.trace import trace_context
from gateway.wire import strictjson
from gateway.wire.content import ACCEPTED_CODINGS, CodingFault, Plain, plain_body
from gateway.wire.jsonrpc import request_id
from gateway.wire.strictjson import Document, Fault, Malformed

MAX_BATCH: Final = 100
"""Messages of one batch; each is judged."""

_FAULT_REASONS: Final = {
    Fault.TOO_LARGE: Reason.TOO_LARGE,
    Fault.TOO_MANY: Reason.TOO_LARGE,
    Fault.ENCODING: Reason.PARSE_ERROR,
    Fault.SYNTAX: Reason.PARSE_ERROR,
    Fault.SURROGATE: Reason.PARSE_ERROR,
    Fault.DUPLICATE_KEY: Reason.INVALID_REQUEST,
    Fault.DEPTH: Reason.INVALID_REQUEST,
    Fault.NUMBER: Reason.INVALID_REQUEST,
}

_JSON: Final = "application/json"
_DIGESTS: Final = ("content-digest", "repr-digest", "digest", "content-md5")


class Mcp:
    """`origins` are the browser origins that may call (lower case), `body_limit` is in bytes, of
    the body as sent and as inflated; `batches` accepts those of 2025-03-26."""

    name = "mcp"

    def __init__(self, *, batches: bool, origins: frozenset[str], body_limit: int) -> None:
        self._batches = batches
        self._origins = frozenset(origin.lower() for origin in origins)
        self._limit = body_limit

    def look(self, head: RequestHead) -> Deframed | Refusal | None:
        """Judge a head alone: GET and DELETE are whole, a POST that could pass waits for its body
        (header faults of which an answer should carry the request's id wait too)."""
        return self._look(head, client_of(head))

    def deframe(self, head: RequestHead, body: bytes) -> Deframed | Refusal:
        """The calls of a whole request. Does all that `look` does; nothing is raised."""
        client = client_of(head)
        looked = self._look(head, client)
        if looked is not None:
            bodiless = isinstance(looked, Refusal) or not body
            return looked if bodiless else Refusal(Reason.INVALID_REQUEST, "unexpected body")
        plain = self._plain(head, body)
        if isinstance(plain, Refusal):
            return plain
        document = strictjson.decode(plain.body, self._limit)
        if isinstance(document, Malformed):
            return Refusal(_FAULT_REASONS[document.fault], document.fault.value)
        calls = self._calls(document.value, head, client)
        return (
            calls if isinstance(calls, Refusal) else _deframed(calls, document, plain, head, client)
        )

    def render(self, refusal: Refusal, audit_id: str) -> Answer:
        """The refusal as a JSON-RPC error over HTTP."""
        return render(refusal, audit_id)

    def needs_response(self, head: RequestHead) -> bool:
        """LEGACY answers may carry a session id; MODERN ones matter if the head names a list (a
        head that names something else than its body is refused)."""
        listed = header_value(head.headers, "mcp-method") or ""
        return self.has_sessions(head) or self.list_method(listed)

    def has_sessions(self, head: RequestHead) -> bool:
        """LEGACY has; MODERN neither mints nor echoes an id."""
        return client_of(head).era is Era.LEGACY

    def lasts(self, head: RequestHead) -> bool:
        """The legacy stream of a session, and MODERN subscriptions (a head that names something
        else than its body is refused)."""
        if head.method == "GET":
            return True
        return header_value(head.headers, "mcp-method") == messages.SUBSCRIBE_METHOD

    def list_method(self, method: str) -> bool:
        """Whether the result of `method` is a list that is filtered by policy."""
        return method in LISTS

    def reader(self, content_type: str, reading: Reading) -> ResponseReader | None:
        """A reader for JSON and for server-sent events."""
        return reader_of(content_type, reading)

    def _look(self, head: RequestHead, client: Client) -> Deframed | Refusal | None:
        refusal = unacceptable(head, client, self._origins)
        if refusal is not None or head.method == "POST":
            return refusal
        if (header := repeated_header(head.headers)) is not None:
            return _repeated(header, ())
        return _bodiless(head, client)

    def _plain(self, head: RequestHead, body: bytes) -> Plain | Refusal:
        encoding = ",".join(head.headers.all("content-encoding")) or None
        plain = plain_body(body, encoding, self._limit)
        match plain:
            case CodingFault.UNKNOWN:
                accepted = (("accept-encoding", ACCEPTED_CODINGS),)
                return Refusal(Reason.UNSUPPORTED_MEDIA, plain.value, headers=accepted)
            case CodingFault.BROKEN:
                return Refusal(Reason.PARSE_ERROR, plain.value)
            case CodingFault.TOO_LARGE:
                return Refusal(Reason.TOO_LARGE, plain.value)
            case Plain():
                return plain

    def _calls(
        self, value: JsonValue, head: RequestHead, client: Client
    ) -> tuple[Call, ...] | Refusal:
        context = Context(client, head.headers)
        if (header := repeated_header(head.headers)) is not None:
            return _repeated(header, _ids(value if isinstance(value, list) else [value]))
        if isinstance(value, list):
            return self._batch(value, context)
        call = call_of(value, context)
        return call if isinstance(call, Refusal) else (call,)

    def _batch(self, elements: list[JsonValue], context: Context) -> tuple[Call, ...] | Refusal:
        """The calls of a batch; one bad element refuses all."""
        ids = _ids(elements[: MAX_BATCH + 1])
        if not self._batches or context.client.version != BATCH_REVISION:
            return Refusal(Reason.INVALID_REQUEST, "batches are not accepted")
        if not 0 < len(elements) <= MAX_BATCH or len(set(ids)) != len(ids):
            text = f"a batch has 1 to {MAX_BATCH} messages with different ids"
            return Refusal(Reason.INVALID_REQUEST, text)
        calls: list[Call] = []
        for element in elements:
            call = call_of(element, context)
            if isinstance(call, Call) and call.method == "initialize":
                call = Refusal(Reason.INVALID_REQUEST, "initialize is never in a batch", _own(call))
            if isinstance(call, Refusal):
                innocent = tuple(ident for ident in ids if ident not in call.ids)
                return replace(call, ids=ids, batch=True, innocent=innocent)
            calls.append(call)
        if len({call.kind is Kind.ANSWER for call in calls}) > 1:
            return Refusal(Reason.INVALID_REQUEST, "a batch has answers or calls", ids, batch=True)
        return tuple(calls)


def _own(call: Call) -> tuple[RequestId, ...]:
    return () if call.id is None else (call.id,)


def _ids(elements: list[JsonValue]) -> tuple[RequestId, ...]:
    """The ids of the elements that a client waits for."""
    found = (
        request_id(element.get("id"))
        for element in elements
        if isinstance(element, dict) and "method" in element
    )
    return tuple(ident for ident in found if ident is not None)


def _repeated(header: str, ids: tuple[RequestId, ...]) -> Refusal:
    return Refusal(Reason.HEADER_MISMATCH, f"{header} occurs more than once", ids)


def _bodiless(head: RequestHead, client: Client) -> Deframed:
    listens = head.method == "GET"
    method = messages.LISTEN_METHOD if listens else messages.END_METHOD
    call = Call(
        messages.PROTOCOL,
        method,
        Kind.LISTEN if listens else Kind.END,
        version=client.version,
        attributes={"method": method},
    )
    resume = header_value(head.headers, "last-event-id") if listens else None
    return Deframed((call,), drop_headers=client.drop, session=client.session, resume=resume)


def _plain_media_type(head: RequestHead) -> tuple[tuple[str, str], ...]:
    """Servers differ on upper case and on parameters, so they see neither."""
    return () if head.headers.get("content-type") == _JSON else (("content-type", _JSON),)


def _deframed(
    calls: tuple[Call, ...], document: Document, plain: Plain, head: RequestHead, client: Client
) -> Deframed:
    replaced = plain.inflated or not document.canonical_safe
    gone = ("content-encoding", *(_DIGESTS if replaced else ()))
    return Deframed(
        calls,
        body=document.text.encode("utf-8") if replaced else None,
        batch=isinstance(document.value, list),
        drop_headers=(*client.drop, *(name for name in gone if name in head.headers)),
        set_headers=_plain_media_type(head),
        session=client.session,
        trace=trace_context(calls[0].attributes.get("meta")),
    )
