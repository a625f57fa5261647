"""What a span needs to know of its request, and of what became of it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Protocol

from gateway.model.call import Deframed
from gateway.model.head import RequestHead
from gateway.model.usage import Usage


class Names(Protocol):
    """Which names are finite by configuration; every other one becomes `_OTHER`."""

    def known(self, selector: Literal["tools", "prompts", "models"], name: str) -> str:
        """The name of a tool, prompt or model."""
        ...

    def method(self, name: str) -> str:
        """The name of a method."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its span begins. `message` is None where it could not be read; `protocol`,
    `path` and `backend` are those of its route, and so are `aliases`, names of models that
    configuration knows beside `names`."""

    head: RequestHead
    message: Deframed | None
    protocol: str
    path: str
    backend: str
    names: Names
    aliases: Collection[str] = ()


class Facts(Protocol):
    """What became of a request; the audit record has it all."""

    audit_id: str
    route: str
    backend: str
    protocol: str
    peer: str
    decision: str
    policy: str
    rule: str
    reason: str
    status: int
    endpoint: str
    snapshot: int
    usage: Usage | None
    first_chunk: float | None
