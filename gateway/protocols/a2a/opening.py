"""An A2A request whose head has come, and what its body adds. Pure: no I/O, no clock."""

from collections.abc import Callable, Mapping
from functools import partial

from gateway.model.call import Call, Deframed
from gateway.model.head import RequestHead
from gateway.model.passage import Passage, Place
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a import grpc, jsonrpc, rest
from gateway.protocols.a2a.body import Body, edited_json, read_json
from gateway.protocols.a2a.card import rewritten
from gateway.protocols.a2a.client import Client, client_of
from gateway.protocols.a2a.operation import CARDS, STREAMS, Binding, Operation
from gateway.protocols.a2a.passages import passages_of, passages_of_call
from gateway.protocols.a2a.reading import reader_of
from gateway.protocols.a2a.screening import screened_reader_of
from gateway.protocols.base import Reading, ResponseReader, Settings


class A2aOpening:
    """One request. Cards are read, whose operation JSON-RPC names in the body only: there the
    answer's head is always asked for. What outlives it is the stream of a task, whose head has to
    come before the trailers that gRPC ends it with."""

    __slots__ = ("_client", "_head", "_method", "_settings", "lasts", "needs_response", "verdict")

    def __init__(self, head: RequestHead, settings: Settings) -> None:
        self._head = head
        self._settings = settings
        client = client_of(head, settings)
        self._client = client if isinstance(client, Client) else None
        operation = self._client.operation if self._client else None
        self._method = operation.method if operation else ""
        in_body = self._client is not None and operation is None
        self.lasts = self._method in STREAMS or (in_body and jsonrpc.accepts_events(head))
        self.needs_response = in_body or self.lasts or self._method in CARDS
        self.verdict = client if isinstance(client, Refusal) else self._look(client)

    def _look(self, client: Client) -> Deframed | Refusal | None:
        """GET and DELETE are whole; a POST that could pass waits for its body."""
        operation = client.operation
        if operation is None or self._head.method not in rest.BODILESS:
            return None
        headers = self._head.headers
        if headers.get("content-length") not in {None, "0"} or "transfer-encoding" in headers:
            return Refusal(Reason.INVALID_REQUEST, f"{self._head.method} has no body")
        call = rest.of_query(operation, client, self._settings.backend)
        return call if isinstance(call, Refusal) else Deframed((call,), drop_headers=client.drop)

    @property
    def has_sessions(self) -> bool:
        """A2A has none."""
        return False

    @property
    def reads(self) -> bool:
        """Whether the answer is a card."""
        return self._method in CARDS

    def reader(self, content_type: str, reading: Reading) -> ResponseReader | None:
        """A reader for a card as JSON; with a screen for every answer but gRPC's."""
        authority = self._head.authority
        url = f"{self._head.scheme}://{authority}{self._settings.path.rstrip('/')}"
        binding = self._client.binding if self._client is not None else None
        enveloped = binding is Binding.JSON_RPC
        rewrite = partial(
            rewritten, limit=reading.limit, url=url, authority=authority, enveloped=enveloped
        )
        if reading.screen is None:
            return reader_of(content_type, reading, rewrite)
        if binding is Binding.GRPC:
            return None
        card = rewrite if self.reads else None
        return screened_reader_of(content_type, reading, reading.screen, card)

    def deframe(self, body: bytes) -> Deframed | Refusal:
        """The call of the whole request."""
        if self.verdict is not None:
            bodiless = isinstance(self.verdict, Refusal) or not body
            return self.verdict if bodiless else Refusal(Reason.INVALID_REQUEST, "unexpected body")
        client = self._client
        if client is None:
            return Refusal(Reason.OWN_FAULT, "a head without a verdict")
        if client.operation is None:
            return self._json_rpc(client, body)
        if client.binding is Binding.GRPC:
            return self._grpc(client, client.operation, body)
        return self._rest(client, client.operation, body)

    def _json_rpc(self, client: Client, body: bytes) -> Deframed | Refusal:
        read = read_json(self._head, body, self._settings.body_limit, rest.MEDIA_TYPES[:1])
        return read if isinstance(read, Refusal) else self._called(client, read)

    def _called(self, client: Client, read: Body) -> Deframed | Refusal:
        call = jsonrpc.deframed(read.document.value, self._head, client, self._settings.backend)
        if isinstance(call, Refusal):
            return call
        self._method = call.method
        self.lasts = call.method in STREAMS
        said = partial(passages_of_call, read.document.value)
        return _forwarded(
            call, client, read, said, partial(self._edited, read, partial(self._called, client))
        )

    def _rest(self, client: Client, operation: Operation, body: bytes) -> Deframed | Refusal:
        """A POST may come without a body where the path says everything."""
        if not body:
            call = rest.of_body(operation, client, self._settings.backend, None)
            return (
                call if isinstance(call, Refusal) else Deframed((call,), drop_headers=client.drop)
            )
        read = read_json(self._head, body, self._settings.body_limit, rest.MEDIA_TYPES)
        if isinstance(read, Refusal):
            return read
        return self._posted(operation, client, read)

    def _posted(self, operation: Operation, client: Client, read: Body) -> Deframed | Refusal:
        call = rest.of_body(operation, client, self._settings.backend, read.document.value)
        if isinstance(call, Refusal):
            return call
        said = partial(passages_of, read.document.value)
        again = partial(self._posted, operation, client)
        return _forwarded(call, client, read, said, partial(self._edited, read, again))

    def _edited(
        self, read: Body, again: Callable[[Body], Deframed | Refusal], texts: Mapping[Place, str]
    ) -> Deframed | Refusal:
        """The same request with other texts, read anew."""
        changed = edited_json(self._head, read, texts, self._settings.body_limit)
        return changed if isinstance(changed, Refusal) else again(changed)

    def _grpc(self, client: Client, operation: Operation, body: bytes) -> Deframed | Refusal:
        if len(body) > self._settings.body_limit:
            return Refusal(Reason.TOO_LARGE, "too large")
        backend = self._settings.backend
        call = grpc.deframed(operation, self._head.headers, body, client, backend)
        if isinstance(call, Refusal):
            return call
        said = partial(grpc.passages, operation, body)
        return Deframed((call,), drop_headers=client.drop, passages=said)


def _forwarded(
    call: Call,
    client: Client,
    body: Body,
    said: Callable[[], tuple[Passage, ...]],
    edited: Callable[[Mapping[Place, str]], Deframed | Refusal],
) -> Deframed:
    return Deframed(
        (call,),
        body=body.replacement,
        drop_headers=(*client.drop, *body.drop),
        set_headers=body.set,
        passages=said,
        with_texts=edited,
    )
