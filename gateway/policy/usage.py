"""Which attributes a checked CEL expression reads, and how big it is. Pure: no I/O, no clock."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from gateway.policy.cel import MAX_NESTING, MAX_NODES, CelError, Use
from gateway.policy.cel_syntax_pb2 import CheckedExpr, Expr
from gateway.policy.vocabulary import NOW, VARIABLES

_NAMES: Final = frozenset({*VARIABLES, NOW})


@dataclass(slots=True)
class Usage:
    """What `scan` found."""

    uses: set[Use] = field(default_factory=set[Use])
    patterns: set[str] = field(default_factory=set[str])
    nodes: int = 0
    error: CelError | None = None

    def refuse(self, message: str, fix: str = "") -> None:
        """Keep the first thing that is wrong."""
        self.error = self.error or CelError(message, fix=fix)


def scan(serialized: bytes) -> Usage:
    """Read a serialized cel.expr.CheckedExpr (in a google.protobuf.Any).

    `patterns` are the literal regular expressions given to matches().
    """
    usage = Usage()
    try:
        tree = CheckedExpr.FromString(AnyMessage.FromString(serialized).value)
    except DecodeError:  # protobuf's own bound on nesting
        usage.refuse("nested too deeply", "split it into several rules")
    else:
        _visit(tree.expr, usage, 0)
    return usage


def scan_syntax(tree: Expr) -> Usage:
    """The same for a syntax tree, macros expanded."""
    usage = Usage()
    _visit(tree, usage, 0)
    return usage


def _visit(node: Expr, usage: Usage, depth: int) -> None:
    usage.nodes += 1
    if usage.nodes > MAX_NODES:
        usage.refuse(f"more than {MAX_NODES} operations", "split it into several rules")
        return
    use = _use(node)
    if use is not None:
        _record(use, usage)
        return
    if node.WhichOneof("kind") == "comprehension_expr":
        depth += 1
        _check_loop(node.comprehension_expr, usage, depth)
    _collect_pattern(node, usage)
    for child in _children(node):
        _visit(child, usage, depth)


def _record(use: Use, usage: Usage) -> None:
    usage.uses.add(use)
    if use.field is None and use.variable != NOW:
        usage.refuse(f"{use.variable} as a whole has no use", f"name a field of {use.variable}")


def _check_loop(loop: Expr.Comprehension, usage: Usage, depth: int) -> None:
    if depth > MAX_NESTING:
        usage.refuse(f"more than {MAX_NESTING} loops inside one another")
    hidden = _NAMES & {loop.iter_var, loop.iter_var2}
    if hidden:
        usage.refuse(f"the loop variable hides {min(hidden)}", "give it another name")


def _use(node: Expr) -> Use | None:
    """The attribute that a node reads as a whole: a variable, a field of one, or a key of a
    field; None for anything else."""
    path = _path(node)
    if path is None:
        return None
    variable, *steps = path
    if variable == NOW:
        return Use(NOW) if not steps else None
    if len(steps) > 2:
        return None
    return Use(variable, *steps)


def _path(node: Expr) -> list[str] | None:
    """The variable and the constant steps that lead to a node."""
    match node.WhichOneof("kind"):
        case "ident_expr":
            name = node.ident_expr.name.removeprefix(".")
            return [name] if name in _NAMES else None
        case "select_expr":
            return _step(node.select_expr.operand, node.select_expr.field)
        case "call_expr":
            return _subscript(node.call_expr)
        case _:
            return None


def _subscript(call: Expr.Call) -> list[str] | None:
    """`mcp.arguments["owner"]` and `"owner" in mcp.arguments` read one key."""
    if len(call.args) != 2:
        return None
    match call.function:
        case "_[_]":
            container, key = call.args
        case "@in":
            key, container = call.args
        case _:
            return None
    if key.const_expr.WhichOneof("kind") != "string_value" or not _is_map(container):
        return None
    return _step(container, key.const_expr.string_value)


def _is_map(node: Expr) -> bool:
    """Whether the node is a field that is read by key; `in` a list reads the whole list."""
    path = _path(node)
    if path is None or len(path) != 2:
        return False
    declared = VARIABLES[path[0]].DESCRIPTOR.fields_by_name[path[1]].message_type
    return declared is not None


def _step(operand: Expr, key: str) -> list[str] | None:
    path = _path(operand)
    return None if path is None else [*path, key]


def _collect_pattern(node: Expr, usage: Usage) -> None:
    call = node.call_expr
    if call.function == "matches" and call.args:
        literal = call.args[-1].const_expr
        if literal.WhichOneof("kind") == "string_value":
            usage.patterns.add(literal.string_value)


def _children(node: Expr) -> Iterator[Expr]:
    match node.WhichOneof("kind"):
        case "select_expr":
            yield node.select_expr.operand
        case "call_expr":
            if node.call_expr.HasField("target"):
                yield node.call_expr.target
            yield from node.call_expr.args
        case "list_expr":
            yield from node.list_expr.elements
        case "struct_expr":
            for entry in node.struct_expr.entries:
                if entry.HasField("map_key"):
                    yield entry.map_key
                yield entry.value
        case "comprehension_expr":
            loop = node.comprehension_expr
            yield from (loop.iter_range, loop.accu_init, loop.loop_condition)
            yield from (loop.loop_step, loop.result)
        case _:
            return
