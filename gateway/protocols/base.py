"""What a protocol plugin must offer. Pure: no I/O, no clock.

Plugin or builtin? It is a plugin when a route names it, it can be tested alone, it needs nothing
of another plugin, and leaving it out changes no other route.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from typing import Protocol as Interface

from gateway.model.call import Deframed
from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonMapping, RequestId
from gateway.model.refusal import Answer, Reason, Refusal
from gateway.model.screening import AnswerScreen
from gateway.model.usage import Usage


@dataclass(frozen=True, slots=True)
class Reading:
    """Why and how a response is read.

    `calls` tells which methods the requests have that the stream answers, by their ids. With
    `replay` it may hold results of other requests, too; these are judged by their shape. `error`
    makes the protocol's own error from a reason and a text. `shows` is the predicate (list method,
    item name) -> visible. `seal_event` turns an upstream's event id into the one that the client
    sees, None when it cannot be carried: the event then goes without. Without it ids are left
    alone. `limit` is in bytes, of a JSON body or of one event. `renames` is the model that the
    request was sent for and the one that the client named, where they differ: an answer that names
    the first is made to name the second. What is not read keeps the server's name. `screen` judges
    every text of the answer before the client gets it; None where no guardrail applies. With
    `blocks_by_finish` a blocked stream ends as a server's own filter would end it, where the
    protocol has such an end, and not with an error.
    """

    shows: Callable[[str, str], bool]
    limit: int
    calls: Mapping[RequestId, str] = field(default_factory=dict[RequestId, str])
    replay: bool = False
    error: Callable[[Reason, str], bytes] = field(default=lambda _, why: why.encode())
    seal_event: Callable[[str], str | None] | None = None
    renames: tuple[str, str] | None = None
    screen: AnswerScreen | None = None
    blocks_by_finish: bool = False
    offers: Callable[[JsonMapping], bool] | None = None


class ResponseReader(Interface):
    """Reads one response body, in any chunking."""

    @property
    def filtered(self) -> int:
        """Items that were dropped so far."""
        ...

    @property
    def broken(self) -> bool:
        """Whether the reader gave up."""
        ...

    @property
    def usage(self) -> Usage | None:
        """What the answer cost, once the reader knows."""
        ...

    def feed(self, data: bytes) -> bytes:
        """What the client gets for this piece; b"" while the reader waits for more."""
        ...

    def finish(self) -> bytes:
        """What the client gets at the end of the body."""
        ...

    def break_off(self, reason: Reason, why: str) -> bytes:
        """The protocol's own error in place of the rest; what still comes is swallowed."""
        ...


class Opening(Interface):
    """A request of which the head is here; its body may follow. The head is read once, for all."""

    @property
    def verdict(self) -> Deframed | Refusal | None:
        """What the head alone decides.

        A `Deframed` when the request has no body to wait for (GET, DELETE), a `Refusal` when the
        head is unacceptable whatever the body says, None when the body decides.
        """
        ...

    @property
    def needs_response(self) -> bool:
        """Whether the response's head must come back, as far as the request's head can tell.

        True where it might be needed: Envoy can be asked for it only before the body is known.
        """
        ...

    @property
    def has_sessions(self) -> bool:
        """Whether an answer may carry a session id; one that must not loses it."""
        ...

    @property
    def lasts(self) -> bool:
        """Whether the response goes on for as long as both sides like, as far as the request's
        head can tell: its permit is judged again while it does."""
        ...

    def deframe(self, body: bytes) -> Deframed | Refusal:
        """The calls of the whole request; `verdict` if the head has decided.

        Any bytes end as `Deframed` or `Refusal`; nothing is raised for what a client sends.
        """
        ...

    @property
    def reads(self) -> bool:
        """Whether the response has to be read although it is no list. Valid after `deframe`; where
        it may come true `needs_response` is true as well."""
        ...

    def reader(self, content_type: str, reading: Reading) -> ResponseReader | None:
        """A reader for a response body of this media type; None if it cannot be read."""
        ...


class Protocol(Interface):
    """One wire protocol. Implementations hold no state between requests."""

    name: str

    def open(self, head: RequestHead) -> Opening:
        """The request that `head` begins. Nothing is raised for what a client sends."""
        ...

    def render(self, refusal: Refusal, audit_id: str, head: RequestHead) -> Answer:
        """The refusal in the protocol's own error form, with `audit_id` as its reference; `head` is
        that of the request, for protocols with several bindings."""
        ...

    def list_method(self, method: str) -> bool:
        """Whether the result of `method` is a list that is filtered by policy."""
        ...


MAX_MODEL_NAME: Final = 256
"""Characters of the name of a model in a body; no server has a longer one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a route says of its protocol.

    `path` is the route's and `backend` its backend's name, `body_limit` is in bytes (of the body
    as sent and as inflated), `origins` are the browser origins that may call, `batches` accepts
    JSON-RPC batches, `aliases` maps models as clients name them to those that the backend has, and
    `usage` says which answers are read for what they cost. `models` are the names that the pools
    of the route serve, in order; where there are some the gateway lists them itself. `pooled` is
    whether the route leads to pools, whose servers are told nothing that only engines tell another.
    `blocked_as` is the form in which content is refused: the protocol's, or that of Model Armor.
    """

    path: str
    backend: str
    body_limit: int
    origins: frozenset[str] = frozenset()
    batches: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    usage: Literal["off", "json", "all"] = "off"
    models: tuple[str, ...] = ()
    pooled: bool = False
    blocked_as: Literal["error", "model_armor"] = "error"
