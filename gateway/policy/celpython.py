"""CEL on cel-python, for platforms that have no wheel of cel-expr-python. Pure: no I/O, no clock.

Slower, by a factor of a hundred or so, and never of another opinion: what cel-python would judge
otherwise than the C++ runtime has our own functions (`celfunctions`, `celextensions`) and loops, or
does not compile (`celsyntax`, `celtypes`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import celpy.celtypes
import celpy.evaluation
from celpy import celtypes as values
from celpy.evaluation import Activation as Names
from celpy.evaluation import CELEvalError, Evaluator, NameContainer
from google.protobuf.message import DecodeError, EncodeError, Message
from google.protobuf.struct_pb2 import ListValue, Struct
from google.protobuf.struct_pb2 import Value as JsonMessage

from gateway.policy.cel import (
    MAX_ITERATIONS,
    Activation,
    Bindings,
    CelError,
    CelFailure,
    Expression,
    Outcome,
    Use,
)
from gateway.policy.celerror import not_bool
from gateway.policy.celextensions import EXTENSIONS, matches
from gateway.policy.celfunctions import AND, OPERATORS, OR, Value, failure
from gateway.policy.celparse import MACROS, Node, RefusedError, arguments, chain, identifier
from gateway.policy.celparse import subtrees as operands
from gateway.policy.celsyntax import parse
from gateway.policy.celtypes import BOOL, check
from gateway.policy.usage import scan_syntax

_FUNCTIONS: Final = {**OPERATORS, **EXTENSIONS}

# They tell values at every level, and values are content.
_LOGGERS: Final = (celpy.celtypes.logger, celpy.evaluation.logger)
for _logger in (*_LOGGERS, Evaluator.logger, NameContainer.logger):
    _logger.disabled = True


class _Message(values.MessageType):
    """An attribute message with the names of the fields that are set."""

    present: frozenset[str] = frozenset()


class _BudgetError(Exception):
    """Too many iterations; unlike an error of CEL no operator hides it."""


@dataclass(slots=True)
class _Budget:
    left: int = MAX_ITERATIONS

    def spend(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise _BudgetError("Iteration budget exceeded")


class _Evaluator(Evaluator):
    """cel-python's evaluator with loops that count, operators that stop early, and a has() that
    tells absence from errors."""

    def __init__(self, ast: Node, names: Names, budget: _Budget) -> None:
        super().__init__(ast, names)  # pyright: ignore[reportUnknownMemberType]
        self.whole = ast
        self.budget = budget

    def value(self, node: Any = None) -> Any:
        """The value of a node (default: the whole) or the error that stands in its place."""
        start: Any = self.whole if node is None else node
        return self.visit(start)  # pyright: ignore[reportUnknownVariableType]

    def conditionalor(self, tree: Node) -> Any:
        """Left to right; what follows a true operand is not evaluated."""
        result: Value = values.BoolType(source=False)
        for operand in chain(tree):
            result = OR(result, self.value(operand))
            if isinstance(result, values.BoolType) and result:
                break
        return result

    def conditionaland(self, tree: Node) -> Any:
        """Left to right; what follows a false operand is not evaluated."""
        result: Value = values.BoolType(source=True)
        for operand in chain(tree):
            result = AND(result, self.value(operand))
            if isinstance(result, values.BoolType) and not result:
                break
        return result

    def macro_has_eval(self, exprlist: Node) -> Any:
        """Whether a message's field is set or a map has the key."""
        target, name = operands(exprlist)[0].children
        found = self.value(target)
        if isinstance(found, _Message):
            return values.BoolType(name in found.present)
        if isinstance(found, values.MapType):
            return values.BoolType(name in found)
        return found if isinstance(found, CELEvalError) else failure("no such field")

    def member_dot_arg(self, tree: Node) -> Any:
        """A loop, a function of math, or a method."""
        target = operands(tree)[0]
        name = str(tree.children[1])
        given = arguments(tree.children)
        if name in MACROS and len(given) >= 2:
            return self._loop(name, target, given)
        if identifier(target) == "math":
            return _FUNCTIONS[f"math.{name}"](*map(self.value, given))
        return _FUNCTIONS[name](*map(self.value, (target, *given)))

    def _loop(self, name: str, target: Node, given: list[Node]) -> Value:
        source = self.value(target)
        if isinstance(source, CELEvalError):
            return source
        if not isinstance(source, values.ListType | values.MapType):
            return failure("not a list or map")
        return _Loop(self, str(identifier(given[0])), given[1:]).result(name, source)


@dataclass(frozen=True, slots=True)
class _Loop:
    """A loop over elements or keys: its variable, and the conditions and values in it."""

    outer: _Evaluator
    variable: str
    bodies: list[Node]

    def result(self, name: str, source: Iterable[Value]) -> Value:
        """The value of the macro `name`."""
        match name:
            case "all":
                return self._quantified(source, AND, stop=False)
            case "exists":
                return self._quantified(source, OR, stop=True)
            case "exists_one":
                chosen: Any = self._collected(source, self.bodies[0], None)
                is_error = isinstance(chosen, CELEvalError)
                return chosen if is_error else values.BoolType(len(chosen) == 1)
            case "filter":
                return self._collected(source, self.bodies[0], None)
            case _:
                condition = self.bodies[0] if len(self.bodies) > 1 else None
                return self._collected(source, condition, self.bodies[-1])

    def _rounds(self, source: Iterable[Value]) -> Iterable[tuple[Value, Names]]:
        for item in source:
            self.outer.budget.spend()
            held: Any = {self.variable: item}
            yield item, self.outer.activation.nested_activation(vars=held)

    def _value(self, body: Node, names: Names) -> Value:
        return _Evaluator(body, names, self.outer.budget).value()

    def _quantified(self, source: Iterable[Value], combine: Any, *, stop: bool) -> Value:
        """All or exists: ends after the first element that decides; that there is a next one costs
        an iteration all the same."""
        result: Value = values.BoolType(not stop)
        for _, names in self._rounds(source):
            if isinstance(result, values.BoolType) and bool(result) is stop:
                break
            result = combine(result, self._value(self.bodies[0], names))
        return result

    def _collected(
        self, source: Iterable[Value], condition: Node | None, body: Node | None
    ) -> Value:
        """The values of `body` (none: the elements) where `condition` (none: always) holds, or the
        first error; elements after one cost iterations all the same."""
        result = values.ListType()
        error: Value = None
        for item, names in self._rounds(source):
            if error is not None:
                continue
            held: Any = True if condition is None else self._value(condition, names)
            if not isinstance(held, values.BoolType | bool):
                error = held if isinstance(held, CELEvalError) else failure("not a bool")
            elif held:
                value: Any = item if body is None else self._value(body, names)
                if isinstance(value, CELEvalError):
                    error = value
                else:
                    result.append(value)
        return result if error is None else error


@dataclass(frozen=True, slots=True)
class _Expression:
    """A compiled expression of type bool."""

    tree: Node
    uses: frozenset[Use]

    def evaluate(self, activation: Activation) -> Outcome:
        if not isinstance(activation, _Bound):
            return CelFailure("the attributes could not be bound")
        try:
            value = _Evaluator(self.tree, activation.names, _Budget()).value()
        except Exception as error:  # noqa: BLE001  whatever the library raises is no value
            return CelFailure(str(error))
        if isinstance(value, values.BoolType):
            return bool(value)
        return CelFailure(str(value))


@dataclass(frozen=True, slots=True)
class _Bound:
    """Attributes as cel-python reads them."""

    names: Names = field(repr=False)


class CelPythonRuntime:
    """The fallback."""

    name = "cel-python"

    def compile(self, text: str) -> Expression | CelError:
        """Parse, check types and bounds; only expressions of type bool compile, and of those only
        the ones whose value is the same on the C++ runtime."""
        try:
            syntax = parse(text)
            found = check(syntax)
            usage = scan_syntax(syntax.expr)
        except RefusedError as refused:
            return refused.error
        except (RecursionError, DecodeError):  # protobuf bounds the nesting of the syntax tree
            return CelError("nested too deeply", fix="split it into several rules")
        if found != BOOL:
            return not_bool(str(found))
        for pattern in sorted(usage.patterns):
            problem = _pattern_error(pattern, text)
            if problem:
                return problem
        return usage.error or _Expression(syntax.tree, frozenset(usage.uses))

    def bind(self, values: Bindings) -> Activation:
        """Make the values readable for any number of this runtime's expressions."""
        held: Any = {name: _variable(value) for name, value in values.items()}
        functions: Any = _FUNCTIONS
        return _Bound(Names(vars=held, functions=functions))


def _pattern_error(pattern: str, text: str) -> CelError | None:
    """A literal that RE2 refuses would fail in every evaluation."""
    try:
        matches("", pattern)
    except ValueError as error:
        before = text[: max(text.find("matches"), 0)]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return CelError(f"invalid regular expression: {error}", line, column, "RE2 syntax")
    return None


def _variable(value: Message | datetime) -> Value:
    if isinstance(value, datetime):
        return values.TimestampType(value)
    try:  # the C++ runtime reads serialized messages, which must not nest deeper than this allows
        type(value).FromString(value.SerializeToString())
    except (DecodeError, EncodeError):
        return failure("the attributes nest too deep to be read")
    return _message(value)


def _message(value: Message) -> _Message:
    result = _Message()
    set_fields = {declared.name: content for declared, content in value.ListFields()}
    for declared in value.DESCRIPTOR.fields:
        content: Any = set_fields.get(declared.name, getattr(value, declared.name))
        result[values.StringType(declared.name)] = _field(content)
    result.present = frozenset(set_fields)
    return result


def _field(content: Any) -> Any:
    match content:
        case bool():
            return values.BoolType(content)
        case str():
            return values.StringType(content)
        case float():
            return values.DoubleType(content)
        case Struct():
            return _map(content.fields)
        case _ if hasattr(content, "items"):
            return values.MapType(
                {values.StringType(key): _field(value) for key, value in content.items()}
            )
        case _:
            return values.ListType([_field(one) for one in content])


def _map(fields: Mapping[str, JsonMessage]) -> values.MapType:
    return values.MapType({values.StringType(key): _json(value) for key, value in fields.items()})


def _list(items: ListValue) -> values.ListType:
    return values.ListType([_json(value) for value in items.values])


def _json(value: JsonMessage) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return _map(value.struct_value.fields)
        case "list_value":
            return _list(value.list_value)
        case "string_value":
            return values.StringType(value.string_value)
        case "number_value":
            return values.DoubleType(value.number_value)
        case "bool_value":
            return values.BoolType(value.bool_value)
        case _:
            return None
