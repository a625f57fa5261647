"""The errors of expressions that every CEL runtime words alike. Pure: no I/O, no clock."""

from collections.abc import Iterable
from difflib import get_close_matches

from gateway.policy.cel import CelError
from gateway.policy.vocabulary import NOW, VARIABLES


def unknown_field(variable: str, field: str, line: int, column: int) -> CelError:
    """`variable` has no such field; the place is that of the dot before it."""
    fix = _meant(field, VARIABLES[variable].DESCRIPTOR.fields_by_name, f"{variable}.")
    return CelError(f"{variable} has no field {field}", line, column, fix)


def unknown_name(name: str, line: int, column: int) -> CelError:
    """Neither a variable nor a function; `name` may be qualified (a.b)."""
    fix = _meant(name.partition(".")[0], [*VARIABLES, NOW])
    return CelError(f"unknown name {name}", line, column, fix)


def not_bool(type_name: str) -> CelError:
    """The whole expression has another type."""
    fix = "compare it, e.g. with == true" if type_name == "dyn" else "make it a comparison"
    return CelError(f"the expression is of type {type_name}, not bool", fix=fix)


def _meant(name: str, known: Iterable[str], prefix: str = "") -> str:
    names = [*known]
    close = get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {prefix}{close[0]}?"
    return f"known: {', '.join(prefix + field for field in names)}"
