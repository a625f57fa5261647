"""CEL on cel-expr-python, the C++ runtime. Pure: no I/O, no clock.

What it does that a reader would not expect, all of it seen on 0.1.3: an evaluation error is a
value of type ERROR whose Python value is a non-empty, hence true, string; an exhausted iteration
budget (10,000 an evaluation) and nothing else raises; a message nested deeper than protobuf's
parser allows (about 32 levels of JSON) makes every read of its variable an ERROR.
"""

import re
from dataclasses import dataclass
from typing import Final

# The wheel has stubs but no py.typed.
from cel_expr_python import cel  # pyright: ignore[reportMissingTypeStubs]
from cel_expr_python.ext import (  # pyright: ignore[reportMissingTypeStubs]
    ext_math,
    ext_strings,
)

from gateway.policy.cel import Activation, Bindings, CelError, CelFailure, Expression, Outcome, Use
from gateway.policy.celerror import not_bool, unknown_field, unknown_name
from gateway.policy.usage import scan
from gateway.policy.vocabulary import NOW, VARIABLES

_LOCATED: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_STATUS: Final = re.compile(r"^[A-Z_]+: |\s*\[[A-Z_]+\]\s*$")
_UNPLACED: Final = "ERROR: <input>:-1:-1: "
_UNKNOWN_FIELD: Final = re.compile(r"undefined field '(\w+)' not found in struct '([\w.]+)'")
_UNKNOWN_NAME: Final = re.compile(r"undeclared reference to '([\w.]+)'")
_VARIABLE_OF: Final = {
    declared.DESCRIPTOR.full_name: variable for variable, declared in VARIABLES.items()
}


@dataclass(frozen=True, slots=True)
class _Expression:
    """A compiled expression of type bool."""

    program: cel.Expression
    uses: frozenset[Use]

    def evaluate(self, activation: Activation) -> Outcome:
        if not isinstance(activation, cel.Activation):
            return CelFailure("the attributes could not be bound")
        try:
            value: object = self.program.eval(activation).value()
        except RuntimeError as error:  # the iteration budget
            return CelFailure(_STATUS.sub("", str(error)))
        return value if isinstance(value, bool) else CelFailure(str(value))


class CelExprRuntime:
    """The default runtime."""

    name = "cel-expr-python"

    def __init__(self) -> None:
        types = {
            name: cel.Type(message.DESCRIPTOR.full_name) for name, message in VARIABLES.items()
        }
        self._env = cel.NewEnv(
            variables={**types, NOW: cel.Type.TIMESTAMP},
            extensions=[ext_strings.ExtStrings(), ext_math.ExtMath()],
        )

    def compile(self, text: str) -> Expression | CelError:
        """Parse, check types and bounds; only expressions of type bool compile."""
        try:
            program = self._env.compile(text)
        except RuntimeError as error:
            return _compile_error(str(error))
        if program.return_type() != cel.Type.BOOL:
            return not_bool(program.return_type().name().lower())
        usage = scan(program.serialize())
        for pattern in sorted(usage.patterns):
            problem = self._check_pattern(pattern, text)
            if problem:
                return problem
        return usage.error or _Expression(program, frozenset(usage.uses))

    def bind(self, values: Bindings) -> Activation:
        """Make the values readable for any number of this runtime's expressions."""
        return self._env.Activation(values)

    def _check_pattern(self, pattern: str, text: str) -> CelError | None:
        """A literal that RE2 refuses would fail in every evaluation."""
        literal = '"' + "".join(f"\\U{ord(char):08x}" for char in pattern) + '"'
        value = self._env.compile(f'"".matches({literal})').eval().value()
        if isinstance(value, bool):
            return None
        before = text[: max(text.find("matches"), 0)]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return CelError(_STATUS.sub("", str(value)), line, column, "RE2 syntax")


def _compile_error(text: str) -> CelError:
    """The first error of the compiler's report; the later ones mostly follow from it."""
    found = _LOCATED.search(text)
    if found is None:
        return CelError(_STATUS.sub("", text.split("\n", 1)[0]).removeprefix(_UNPLACED))
    line, column, message = int(found[1]), int(found[2]), _STATUS.sub("", found[3])
    field = _UNKNOWN_FIELD.search(message)
    if field and field[2] in _VARIABLE_OF:
        return unknown_field(_VARIABLE_OF[field[2]], field[1], line, column)
    name = _UNKNOWN_NAME.search(message)
    if name:  # a qualified name is reported at its last dot
        return unknown_name(name[1], line, column - max(name[1].rfind("."), 0))
    return CelError(message, line, column)
