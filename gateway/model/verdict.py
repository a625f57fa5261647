"""What became of an exchange so far: the verdicts of the pipeline, the answers to the machine.

Pure: no I/O, no clock, no protobuf.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from gateway.model.jsonvalue import JsonObject
from gateway.model.refusal import Answer


@dataclass(frozen=True, slots=True)
class Mutation:
    """Header lines to overwrite or add, and names to remove (lower case).

    A name that is set twice overwrites what was there and then has both lines.
    """

    set: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()


UNCHANGED: Final = Mutation()


class Gap(Enum):
    """Why the body that a verdict is asked for is not what the client sent."""

    OVERFLOW = "larger than what may be held"
    CROWDED = "one too many to be held beside those of other requests"
    UNSENT = "not handed over by Envoy"


@dataclass(frozen=True, slots=True)
class Proceed:
    """The head is acceptable; `response_headers` asks Envoy to send the response's head too, and
    with `lasts` the stream stays open until the response ends, so that it can be cut off."""

    response_headers: bool = False
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class Forward:
    """The request may go on, changed by `mutation` and, if not None, with another `body`.

    `metadata` becomes Envoy's dynamic metadata: namespace -> object. `lasts` as in `Proceed`, for
    a request without a body. With `reroutes` Envoy chooses its route again, by what `mutation`
    wrote: only among the routes that were judged together.
    """

    mutation: Mutation = UNCHANGED
    body: bytes | None = None
    response_headers: bool = False
    metadata: "JsonObject | None" = None
    lasts: bool = False
    reroutes: bool = False


@dataclass(frozen=True, slots=True)
class Queued:
    """The request is allowed and waits for a model server, for `seconds` at most; the worker holds
    `size` bytes for it meanwhile."""

    seconds: float
    size: int = 0


@dataclass(frozen=True, slots=True)
class Refuse:
    """The exchange ends with this answer. `details` are a few words for Envoy's access log."""

    answer: Answer
    details: str


@dataclass(frozen=True, slots=True)
class PassResponse:
    """The response goes on, its body unread."""

    mutation: Mutation = UNCHANGED


@dataclass(frozen=True, slots=True)
class ReadResponse:
    """The response goes on and each piece of its body comes through the gateway.

    With `whole` its body comes in one piece and Envoy holds the head until that is answered, so
    that another answer can take its place; where a route is wired to stream, it comes in pieces.
    """

    mutation: Mutation = UNCHANGED
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Emit:
    """What the client gets for a piece that was read; b"" withholds it."""

    data: bytes


Conclusion: TypeAlias = Proceed | Forward | Refuse | PassResponse | ReadResponse | Emit
"""What the machine is told; a `Queued` is for the driver alone, which waits."""
