"""What a client asks for, in the terms that policy judges. Pure: no I/O, no clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from gateway.model.jsonvalue import JsonMapping, JsonValue, RequestId
from gateway.model.passage import Passage, Place
from gateway.model.prompt import Prompt
from gateway.model.refusal import Answer, Refusal


class Kind(Enum):
    """What sort of message a call is; only a REQUEST gets an answer with its id."""

    REQUEST = "request"
    NOTIFICATION = "notification"
    ANSWER = "answer"  # the client's response to a request that the server sent
    LISTEN = "listen"  # GET: the server-to-client stream
    END = "end"  # DELETE: end of the session


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that a client asks a backend to do.

    `attributes` are the fields of the protocol's message in protos/attributes.proto, by field
    name, already checked to have the declared types. `target` is what structured rules name: the
    tool, prompt or resource URI; None for a method without one.
    `implied` are further calls that the same message performs and that must be allowed too (the
    resource subscriptions of MCP subscriptions/listen are reads of those resources).
    """

    protocol: str
    method: str
    kind: Kind
    id: RequestId | None = None
    target: str | None = None
    version: str = ""
    attributes: JsonMapping = field(default_factory=dict[str, JsonValue])
    implied: tuple["Call", ...] = ()


@dataclass(frozen=True, slots=True)
class Deframed:
    """A whole request after deframing.

    `calls` has one element unless the revision allows batches. `body` replaces the received
    bytes when they were not canonical-safe (None: forward them untouched). `drop_headers` are
    request headers that no longer describe the body (content-encoding after inflating), and
    `set_headers` replace theirs (a media type in the one spelling that every server takes).
    `session` is the client's session id exactly as sent, `resume` the Last-Event-ID.
    `trace` is the W3C trace context of the first message that carries one, `linked` are the
    traceparents of the others. `retraced` makes of a traceparent the same request whose messages
    carry that one in place of their own; None where they carry none.
    `prompt` tells what a model server has to read; None for what no model answers. `with_model`
    makes of a model's name the same request to that model, whatever the client named; None where
    the message has no place for a name. `answered` is the answer of the gateway itself to a
    request about the models of the route, by the predicate (list method, name) -> visible; None
    where a backend answers. `passages` collects the strings of the message that guardrails judge,
    anew each time, since there may be many; None where it has none. `with_texts` makes the same
    request with other texts at the places of some passages, deframed anew; None where no text of
    it can be replaced.
    """

    calls: tuple[Call, ...]
    body: bytes | None = None
    batch: bool = False
    drop_headers: tuple[str, ...] = ()
    set_headers: tuple[tuple[str, str], ...] = ()
    session: str | None = None
    resume: str | None = None
    trace: Mapping[str, str] = field(default_factory=dict[str, str])
    linked: tuple[str, ...] = ()
    retraced: "Callable[[str], Deframed] | None" = field(default=None, compare=False, repr=False)
    prompt: Callable[[], Prompt] | None = field(default=None, compare=False, repr=False)
    with_model: "Callable[[str], Deframed] | None" = field(default=None, compare=False, repr=False)
    answered: "Callable[[Callable[[str, str], bool]], Answer | Refusal] | None" = field(
        default=None, compare=False, repr=False
    )
    passages: Callable[[], tuple[Passage, ...]] | None = field(
        default=None, compare=False, repr=False
    )
    with_texts: "Callable[[Mapping[Place, str]], Deframed | Refusal] | None" = field(
        default=None, compare=False, repr=False
    )
