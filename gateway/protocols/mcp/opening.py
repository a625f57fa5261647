"""An MCP request whose head has come, and what its body adds. Pure: no I/O, no clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from gateway.model.call import Call, Deframed, Kind
from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonValue, RequestId
from gateway.model.passage import Place
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.mcp import message as messages
from gateway.protocols.mcp.agreement import header_value, repeated_header
from gateway.protocols.mcp.client import Client, unacceptable
from gateway.protocols.mcp.era import BATCH_REVISION, Era
from gateway.protocols.mcp.lists import LISTS
from gateway.protocols.mcp.message import Context, call_of
from gateway.protocols.mcp.passages import passages_of
from gateway.protocols.mcp.reading import reader_of
from gateway.protocols.mcp.screening import screened_reader_of
from gateway.protocols.mcp.trace import carries_trace, retraced, trace_context
from gateway.wire.content import Plain
from gateway.wire.jsonedit import edited_body
from gateway.wire.jsonrpc import request_id
from gateway.wire.requestbody import document_of, outdated, without_coding
from gateway.wire.strictjson import Document

MAX_BATCH: Final = 100
"""Messages of one batch; each is judged."""

_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Settings:
    """Of a route: whether it takes the batches of 2025-03-26, from which browser origins (lower
    case), and how many bytes of body, as sent and as inflated."""

    batches: bool
    origins: frozenset[str]
    body_limit: int


class McpOpening:
    """One request. LEGACY answers may carry a session id; MODERN ones matter if the head names a
    list. What outlives its answer's head is the legacy stream of a session, and MODERN
    subscriptions. (A head that names something else than its body is refused.)"""

    __slots__ = (
        "_client",
        "_head",
        "_settings",
        "has_sessions",
        "lasts",
        "needs_response",
        "verdict",
    )

    def __init__(self, head: RequestHead, client: Client, settings: Settings) -> None:
        self._head = head
        self._client = client
        self._settings = settings
        named = header_value(head.headers, "mcp-method")
        self.has_sessions = client.era is Era.LEGACY
        self.needs_response = self.has_sessions or named in LISTS
        self.lasts = head.method == "GET" or named == messages.SUBSCRIBE_METHOD
        self.verdict = self._look()

    def _look(self) -> Deframed | Refusal | None:
        """GET and DELETE are whole, a POST that could pass waits for its body (header faults of
        which an answer should carry the request's id wait too)."""
        refusal = unacceptable(self._head, self._client, self._settings.origins)
        if refusal is not None or self._head.method == "POST":
            return refusal
        if (header := repeated_header(self._head.headers)) is not None:
            return _repeated(header, ())
        return _bodiless(self._head, self._client)

    @property
    def reads(self) -> bool:
        """Never: lists are all that is read."""
        return False

    def reader(self, content_type: str, reading: Reading) -> ResponseReader | None:
        """A reader for JSON and for server-sent events."""
        if reading.screen is not None:
            return screened_reader_of(content_type, reading, reading.screen)
        return reader_of(content_type, reading)

    def deframe(self, body: bytes) -> Deframed | Refusal:
        """The calls of the whole request."""
        if self.verdict is not None:
            bodiless = isinstance(self.verdict, Refusal) or not body
            return self.verdict if bodiless else Refusal(Reason.INVALID_REQUEST, "unexpected body")
        plain = without_coding(self._head.headers, body, self._settings.body_limit)
        if isinstance(plain, Refusal):
            return plain
        return self._read(plain)

    def _read(self, plain: Plain) -> Deframed | Refusal:
        document = document_of(plain.body, self._settings.body_limit)
        if isinstance(document, Refusal):
            return document
        calls = self._calls(document.value)
        if isinstance(calls, Refusal):
            return calls
        edited = partial(self._edited, document)
        return _deframed(calls, document, plain, self._head, self._client, edited)

    def _edited(self, document: Document, texts: Mapping[Place, str]) -> Deframed | Refusal:
        """The same request with other texts, read anew."""
        plain = edited_body(document, texts)
        return plain if isinstance(plain, Refusal) else self._read(plain)

    def _calls(self, value: JsonValue) -> tuple[Call, ...] | Refusal:
        headers = self._head.headers
        if (header := repeated_header(headers)) is not None:
            return _repeated(header, _ids(value if isinstance(value, list) else [value]))
        context = Context(self._client, headers)
        if isinstance(value, list):
            return self._batch(value, context)
        call = call_of(value, context)
        return call if isinstance(call, Refusal) else (call,)

    def _batch(self, elements: list[JsonValue], context: Context) -> tuple[Call, ...] | Refusal:
        """The calls of a batch; one bad element refuses all."""
        ids = _ids(elements[: MAX_BATCH + 1])
        if not self._settings.batches or context.client.version != BATCH_REVISION:
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


def _deframed(  # noqa: PLR0913, PLR0917  all that was read of one request
    calls: tuple[Call, ...],
    document: Document,
    plain: Plain,
    head: RequestHead,
    client: Client,
    edited: Callable[[Mapping[Place, str]], Deframed | Refusal],
) -> Deframed:
    replaced = plain.inflated or not document.canonical_safe
    metas = [call.attributes.get("meta") for call in calls]
    traces = [trace for trace in map(trace_context, metas) if trace]
    deframed = Deframed(
        calls,
        body=document.text.encode("utf-8") if replaced else None,
        batch=isinstance(document.value, list),
        drop_headers=(*client.drop, *outdated(head.headers, replaced=replaced)),
        set_headers=_plain_media_type(head),
        session=client.session,
        trace=traces[0] if traces else {},
        linked=tuple(trace["traceparent"] for trace in traces[1:]),
        passages=partial(passages_of, document.value),
        with_texts=edited,
    )
    carrying = sum(map(carries_trace, metas))
    if carrying == 0:
        return deframed

    def carry(traceparent: str) -> Deframed:
        """Digests of the client's body do not describe the other one."""
        body = retraced(document.text, traceparent, carrying).encode("utf-8")
        drop = (*client.drop, *outdated(head.headers, replaced=True))
        return replace(deframed, body=body, drop_headers=drop)

    return replace(deframed, retraced=carry)
