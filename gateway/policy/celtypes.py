"""The types of a CEL expression's parts, for the runtime that has no type checker of its own.

Pure: no I/O, no clock. Accepts less than the C++ runtime's checker, never more; what both refuse
is refused in the same words, at the same place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from google.protobuf.descriptor import FieldDescriptor

from gateway.policy.cel import CelError
from gateway.policy.cel_syntax_pb2 import Expr
from gateway.policy.celerror import unknown_field, unknown_name
from gateway.policy.celextensions import reads
from gateway.policy.celparse import RefusedError, differs
from gateway.policy.celsyntax import Syntax
from gateway.policy.vocabulary import NOW, VARIABLES


@dataclass(frozen=True, slots=True)
class CelType:
    """A type by its CEL name, with what it holds: list(T), map(K, V)."""

    name: str
    parameters: tuple["CelType", ...] = ()

    def __str__(self) -> str:
        inner = ", ".join(str(one) for one in self.parameters)
        return f"{self.name}({inner})" if inner else self.name


DYN: Final = CelType("dyn")
BOOL: Final = CelType("bool")
INT: Final = CelType("int")
DOUBLE: Final = CelType("double")
STRING: Final = CelType("string")
TIMESTAMP: Final = CelType("google.protobuf.Timestamp")
DURATION: Final = CelType("google.protobuf.Duration")
STRUCT: Final = CelType("map", (STRING, DYN))
LISTS: Final = CelType("list", (DYN,))
MAPS: Final = CelType("map", (DYN, DYN))

_ORDERED: Final = (BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION)
_Overloads: TypeAlias = tuple[tuple[tuple[CelType, ...], CelType], ...]
_ORDER: Final[_Overloads] = tuple(((one, one), BOOL) for one in _ORDERED)


def _numeric(count: int, *kinds: CelType) -> _Overloads:
    return tuple(((kind,) * count, kind) for kind in kinds)


OVERLOADS: Final[Mapping[str, _Overloads]] = {
    "_<_": _ORDER,
    "_<=_": _ORDER,
    "_>_": _ORDER,
    "_>=_": _ORDER,
    "_&&_": (((BOOL, BOOL), BOOL),),
    "_||_": (((BOOL, BOOL), BOOL),),
    "!_": (((BOOL,), BOOL),),
    "@not_strictly_false": (((BOOL,), BOOL),),
    "-_": _numeric(1, INT, DOUBLE),
    "_+_": (
        *_numeric(2, INT, DOUBLE, STRING, DURATION),
        ((TIMESTAMP, DURATION), TIMESTAMP),
        ((DURATION, TIMESTAMP), TIMESTAMP),
    ),
    "_-_": (
        *_numeric(2, INT, DOUBLE, DURATION),
        ((TIMESTAMP, DURATION), TIMESTAMP),
        ((TIMESTAMP, TIMESTAMP), DURATION),
    ),
    "_*_": _numeric(2, INT, DOUBLE),
    "_/_": _numeric(2, INT, DOUBLE),
    "_%_": _numeric(2, INT),
    "size": (((STRING,), INT), ((LISTS,), INT), ((MAPS,), INT)),
    "matches": (((STRING, STRING), BOOL),),
    "math.abs": _numeric(1, INT, DOUBLE),
    "math.sign": _numeric(1, INT, DOUBLE),
    **{f"math.{name}": _numeric(1, DOUBLE) for name in ("ceil", "floor", "round", "trunc")},
}
"""Operators and functions of the form f(x)."""

_TEXT: Final = CelType("list", (STRING,))
_TO_STRING: Final[_Overloads] = (((STRING,), STRING),)
_TEST: Final[_Overloads] = (((STRING, STRING), BOOL),)
_FIND: Final[_Overloads] = (((STRING, STRING), INT), ((STRING, STRING, INT), INT))
_CLOCK: Final[_Overloads] = (((TIMESTAMP,), INT),)

METHODS: Final[Mapping[str, _Overloads]] = {
    "size": OVERLOADS["size"],
    **dict.fromkeys(("contains", "startsWith", "endsWith", "matches"), _TEST),
    **dict.fromkeys(("lowerAscii", "upperAscii", "trim", "reverse"), _TO_STRING),
    **dict.fromkeys(("indexOf", "lastIndexOf"), _FIND),
    "charAt": (((STRING, INT), STRING),),
    "substring": (((STRING, INT), STRING), ((STRING, INT, INT), STRING)),
    "replace": (((STRING, STRING, STRING), STRING), ((STRING, STRING, STRING, INT), STRING)),
    "split": (((STRING, STRING), _TEXT), ((STRING, STRING, INT), _TEXT)),
    "join": (((_TEXT,), STRING), ((_TEXT, STRING), STRING)),
    **dict.fromkeys(("getFullYear", "getMonth", "getDate", "getDayOfMonth"), _CLOCK),
    **dict.fromkeys(("getDayOfWeek", "getDayOfYear", "getHours", "getMinutes"), _CLOCK),
    **dict.fromkeys(("getSeconds", "getMilliseconds"), _CLOCK),
}
"""Functions of the form x.f(y); the first type is that of x."""

_ELSEWHERE: Final = frozenset(
    {"type", "string", "int", "uint", "double", "bool", "bytes", "format", "strings.quote"}
    | {f"math.{name}" for name in ("isNaN", "isInf", "isFinite", "sqrt")}
    | {f"math.bit{name}" for name in ("And", "Or", "Xor", "Not", "ShiftLeft", "ShiftRight")}
)
"""Functions that the C++ runtime has and this one refuses."""

_SCALARS: Final = {
    FieldDescriptor.TYPE_STRING: STRING,
    FieldDescriptor.TYPE_BOOL: BOOL,
    FieldDescriptor.TYPE_DOUBLE: DOUBLE,
    FieldDescriptor.TYPE_INT64: INT,
}


def fits(one: CelType, other: CelType) -> bool:
    """Whether a value may have both types; dyn is anything."""
    if DYN in {one, other}:
        return True
    return one.name == other.name and all(map(fits, one.parameters, other.parameters))


def declared(field: Any) -> CelType:
    """The type of a field of an attribute message, given the field's descriptor (protobuf has two
    classes of them)."""
    message = field.message_type
    if message is None:
        scalar = _SCALARS[field.type]
        return CelType("list", (scalar,)) if field.is_repeated else scalar
    if message.GetOptions().map_entry:
        return CelType("map", (STRING, declared(message.fields_by_name["value"])))
    return STRUCT


def check(syntax: Syntax) -> CelType:
    """The type of the whole. Raises RefusedError."""
    return _Checker(syntax).check(syntax.expr, {})


def _narrower(one: CelType, other: CelType) -> CelType:
    """Of two types that fit, the one that says more: refuses more than the C++ runtime does."""
    if one == DYN:
        return other
    if other == DYN or not one.parameters:
        return one
    return CelType(one.name, tuple(map(_narrower, one.parameters, other.parameters)))


_Scope: TypeAlias = Mapping[str, CelType]


class _Checker:
    def __init__(self, syntax: Syntax) -> None:
        self._syntax = syntax

    def check(self, node: Expr, scope: _Scope) -> CelType:
        """The type of a node, whose loop variables have the types of `scope`."""
        match node.WhichOneof("kind"):
            case "const_expr":
                return CelType(self._syntax.literals[node.id])
            case "ident_expr":
                return self._name(node, scope)
            case "select_expr":
                return self._select(node, scope)
            case "list_expr":
                return self._list(node, scope)
            case "comprehension_expr":
                return self._loop(node, scope)
            case _:
                return self._call(node, scope)

    def _place(self, node: Expr) -> tuple[int, int]:
        return self._syntax.places[node.id]

    def _refused(self, node: Expr, message: str) -> RefusedError:
        return RefusedError(CelError(message, *self._place(node)))

    def _name(self, node: Expr, scope: _Scope) -> CelType:
        name = node.ident_expr.name
        if name in scope:
            return scope[name]
        if name == NOW:
            return TIMESTAMP
        if name in VARIABLES:
            return CelType(name)
        raise RefusedError(unknown_name(name, *self._place(node)))

    def _select(self, node: Expr, scope: _Scope) -> CelType:
        select = node.select_expr
        operand = self._operand(select, scope)
        if operand.name in VARIABLES:
            found = VARIABLES[operand.name].DESCRIPTOR.fields_by_name.get(select.field)
            if found is None:
                raise RefusedError(unknown_field(operand.name, select.field, *self._place(node)))
            return BOOL if select.test_only else declared(found)
        if operand.name not in {"map", "dyn"}:
            raise self._refused(
                node, f"expression of type '{operand}' cannot be the operand of a select operation"
            )
        if select.test_only:
            return BOOL
        return operand.parameters[1] if operand.parameters else DYN

    def _operand(self, select: Expr.Select, scope: _Scope) -> CelType:
        """An unknown name before a dot is told with what follows it."""
        name = select.operand.ident_expr.name
        if name and name not in {*scope, NOW, *VARIABLES}:
            place = self._place(select.operand)
            raise RefusedError(unknown_name(f"{name}.{select.field}", *place))
        return self.check(select.operand, scope)

    def _list(self, node: Expr, scope: _Scope) -> CelType:
        kinds = [self.check(one, scope) for one in node.list_expr.elements]
        if len(set(kinds)) == 1:
            return CelType("list", (kinds[0],))
        self._json_only(node, kinds)
        return LISTS

    def _json_only(self, node: Expr, kinds: list[CelType]) -> None:
        """Times whose type is forgotten would reach functions that mean both kinds of them."""
        if any(str(one).find("google.protobuf") >= 0 for one in kinds):
            raise differs("times of unknown type", *self._place(node))

    def _loop(self, node: Expr, scope: _Scope) -> CelType:
        loop = node.comprehension_expr
        source = self.check(loop.iter_range, scope)
        if source.name not in {"list", "map", "dyn"}:
            text = "cannot be the range of a comprehension (must be list, map, or dynamic)"
            raise self._refused(node, f"expression of type '{source}' {text}")
        element = source.parameters[0] if source.parameters else DYN
        start = self.check(loop.accu_init, scope)
        inner = {**scope, loop.iter_var: element, loop.accu_var: start}
        step = self.check(loop.loop_step, inner)
        return self.check(loop.result, {**scope, loop.accu_var: step})

    def _call(self, node: Expr, scope: _Scope) -> CelType:
        call = node.call_expr
        method = call.HasField("target")
        operands = [call.target, *call.args] if method else [*call.args]
        special = None if method else _SPECIAL.get(call.function)
        known = METHODS if method else OVERLOADS
        if special is None and call.function not in known:
            raise self._unknown(node)
        kinds = [self.check(one, scope) for one in operands]
        if special is not None:
            result = special(kinds)
        else:
            overloads = known[call.function]
            if call.function not in _OPERATORS and len(kinds) not in {len(o) for o, _ in overloads}:
                raise self._unknown(node)
            result = _resolved(overloads, kinds)
        if result is None:
            given = ", ".join(str(one) for one in kinds)
            name = call.function
            raise self._refused(
                node, f"found no matching overload for '{name}' applied to '({given})'"
            )
        self._agrees(node, kinds)
        return result

    def _unknown(self, node: Expr) -> RefusedError:
        call = node.call_expr
        name = call.function
        if call.HasField("target") and name == "quote":
            name = f"{call.target.ident_expr.name}.{name}"
        if name in _ELSEWHERE or (name in METHODS and name.startswith("get")):
            return differs(f"{name}() with these arguments", *self._place(node))
        return RefusedError(unknown_name(name, *self._place(node)))

    def _agrees(self, node: Expr, kinds: list[CelType]) -> None:
        """Functions of which only some uses are the same on both runtimes."""
        call = node.call_expr
        if call.function == "dyn":
            self._json_only(node, kinds)
        only = call.args[0] if len(call.args) == 1 else Expr()
        if call.function.startswith("math.") and kinds == [LISTS] and not only.list_expr.elements:
            raise differs(f"{call.function}() of such a list", *self._place(node))
        literal = bool(call.args) and call.args[-1].id in self._syntax.literals
        if call.function in {"matches", "timestamp", "duration"} and not literal:
            raise differs(f"{call.function}() of anything but a literal", *self._place(node))
        text = call.args[-1].const_expr.string_value if call.args else ""
        if call.function in {"timestamp", "duration"} and text and not reads(call.function, text):
            raise differs(f"{call.function}() of this text", *self._place(node))


_OPERATORS: Final = frozenset(name for name in OVERLOADS if name[0] in "_!-@")


def _resolved(overloads: _Overloads, kinds: list[CelType]) -> CelType | None:
    """The result of the overloads that fit; dyn if they have several."""
    results = {
        result
        for wanted, result in overloads
        if len(wanted) == len(kinds) and all(map(fits, wanted, kinds))
    }
    return None if not results else results.pop() if len(results) == 1 else DYN


def _equality(kinds: list[CelType]) -> CelType | None:
    return BOOL if fits(*kinds) else None


def _membership(kinds: list[CelType]) -> CelType | None:
    item, container = kinds
    if container == DYN:
        return BOOL
    held = container.parameters[0] if container.name in {"list", "map"} else None
    return BOOL if held is not None and fits(item, held) else None


def _subscript(kinds: list[CelType]) -> CelType | None:
    container, key = kinds
    if container == DYN:
        return DYN if key in {DYN, INT, DOUBLE, STRING} else None
    if container.name == "list":
        return container.parameters[0] if fits(key, INT) else None
    if container.name == "map":
        return container.parameters[1] if fits(key, container.parameters[0]) else None
    return None


def _choice(kinds: list[CelType]) -> CelType | None:
    condition, one, other = kinds
    if not fits(condition, BOOL) or not fits(one, other):
        return None
    return DYN if DYN in {one, other} else _narrower(one, other)


def _addition(kinds: list[CelType]) -> CelType | None:
    one, other = kinds
    if one.name == other.name == "list" and fits(one, other):
        return _narrower(one, other)
    if {one.name, other.name} == {"list", "dyn"}:
        return LISTS
    return _resolved(OVERLOADS["_+_"], kinds)


def _extreme(kinds: list[CelType]) -> CelType | None:
    """math.greatest and math.least: of several numbers, or of one list."""
    if len(kinds) == 1 and kinds[0].name == "list":
        kinds = list(kinds[0].parameters)
    if not kinds or any(one not in {INT, DOUBLE, DYN} for one in kinds):
        return None
    return kinds[0] if len(set(kinds)) == 1 else DYN


def _dynamic(kinds: list[CelType]) -> CelType | None:
    return DYN if len(kinds) == 1 else None


def _timestamp(kinds: list[CelType]) -> CelType | None:
    return TIMESTAMP if kinds in ([STRING], [INT]) else None


def _duration(kinds: list[CelType]) -> CelType | None:
    return DURATION if kinds == [STRING] else None


_SPECIAL: Final[Mapping[str, Callable[[list[CelType]], CelType | None]]] = {
    "_==_": _equality,
    "_!=_": _equality,
    "@in": _membership,
    "_[_]": _subscript,
    "_?_:_": _choice,
    "_+_": _addition,
    "math.greatest": _extreme,
    "math.least": _extreme,
    "dyn": _dynamic,
    "timestamp": _timestamp,
    "duration": _duration,
}
