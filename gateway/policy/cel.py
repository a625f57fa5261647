"""What policy needs of a CEL implementation. Pure: no I/O, no clock.

`celexpr` (the C++ runtime) is the default implementation, `celpython` the fallback where that one
cannot be imported; `celengine` chooses.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias
from typing import Protocol as Interface

from google.protobuf.message import Message

MAX_NODES: Final = 1_000
"""Syntax nodes of one expression, macros expanded."""

MAX_NESTING: Final = 2
"""all, exists, exists_one, filter and map inside one another. The budget of iterations is what
bounds the time; this bounds how soon a list exhausts it."""

MAX_ITERATIONS: Final = 10_000
"""Iterations of all loops of one evaluation, at which it fails; what the C++ runtime has."""


class Use(NamedTuple):
    """One place of the attributes that an expression reads: `mcp.arguments.owner` is
    ("mcp", "arguments", "owner"). `key` is None where the whole field is read, both are None for
    `now`."""

    variable: str
    field: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class CelError:
    """Why an expression does not compile. Line and column count from 1 within the expression."""

    message: str
    line: int = 1
    column: int = 1
    fix: str = ""


@dataclass(frozen=True, slots=True)
class CelFailure:
    """An expression that had no value for this call. `detail` may quote the call: it is for
    `explain` only, never for a log or a record."""

    detail: str


Outcome: TypeAlias = bool | CelFailure
Bindings: TypeAlias = Mapping[str, Message | datetime]


class Activation(Interface):
    """Attribute values in the form that a runtime's expressions read; made by `Runtime.bind`."""


class Expression(Interface):
    """A compiled `when`."""

    @property
    def uses(self) -> frozenset[Use]:
        """Every attribute that it reads."""
        ...

    def evaluate(self, activation: Activation) -> Outcome:
        """The value for a call. Never raises: whatever goes wrong is a CelFailure."""
        ...


class Runtime(Interface):
    """A CEL implementation with the declared attributes, the strings and the math extensions."""

    @property
    def name(self) -> str:
        """The distribution that it runs on, as `check --engine` calls it."""
        ...

    def compile(self, text: str) -> Expression | CelError:
        """Parse, check types and bounds; only expressions of type bool compile."""
        ...

    def bind(self, values: Bindings) -> Activation:
        """Make the values readable for any number of this runtime's expressions."""
        ...
