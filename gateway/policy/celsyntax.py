"""cel-python's parse tree to the syntax tree that `usage` and `celtypes` read.

Pure: no I/O, no clock. What cel-python reads otherwise than the C++ runtime does, or has no
counterpart, is refused here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lark import Token, Tree

from gateway.policy.cel import CelError
from gateway.policy.cel_syntax_pb2 import Constant, Expr
from gateway.policy.celparse import (
    MACROS,
    Node,
    RefusedError,
    arguments,
    chain,
    differs,
    identifier,
    parse_tree,
    subtrees,
)

MAX_DEPTH: Final = 32
"""Operations inside one another, as in the C++ runtime; chains of && and || count once."""

_BINARY: Final[Mapping[str, tuple[str, str]]] = {  # node: (token, function)
    "conditionalor": ("||", "_||_"),
    "conditionaland": ("&&", "_&&_"),
    "relation_lt": ("<", "_<_"),
    "relation_le": ("<=", "_<=_"),
    "relation_gt": (">", "_>_"),
    "relation_ge": (">=", "_>=_"),
    "relation_eq": ("==", "_==_"),
    "relation_ne": ("!=", "_!=_"),
    "relation_in": ("in", "@in"),
    "addition_add": ("+", "_+_"),
    "addition_sub": ("-", "_-_"),
    "multiplication_mul": ("*", "_*_"),
    "multiplication_div": ("/", "_/_"),
    "multiplication_mod": ("%", "_%_"),
}
_LITERALS: Final = {
    "INT_LIT": "int",
    "FLOAT_LIT": "double",
    "STRING_LIT": "string",
    "BOOL_LIT": "bool",
    "NULL_LIT": "null_type",
}
_OTHER: Final = {  # what the C++ runtime knows and cel-python reads or does otherwise
    "UINT_LIT": "unsigned integers",
    "BYTES_LIT": "bytes",
    "MLSTRING_LIT": "texts in triple quotes",
    "map_lit": "map literals",
    "member_object": "message literals",
    "dot_ident": "names with a leading dot",
    "dot_ident_arg": "names with a leading dot",
}
_RESERVED: Final = frozenset(
    {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop"}
    | {"package", "namespace", "return", "var", "void", "while", "__result__"}
)
_NO_FIELDS: Final = frozenset({"true", "false", "null", "in"})
_INT64: Final = 2**63
_COOKED: Final = re.compile(r"""(?:[^\\]|\\[abfnrtv"'\\]|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4})*""")
_ESCAPE: Final = re.compile(r"""\\(?:x(..)|u(....)|(.))""")
_ESCAPED: Final = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))


@dataclass(slots=True)
class Syntax:
    """A parsed expression: `tree` is cel-python's, without the nodes that say nothing, `expr` the
    same with macros expanded; by the id of a node of `expr`: where it is, and a literal's type."""

    text: str
    tree: Node
    expr: Expr = field(default_factory=Expr)
    places: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    literals: dict[int, str] = field(default_factory=dict[int, str])


def parse(text: str) -> Syntax:
    """Raises RefusedError, RecursionError for texts that nest too deep to be parsed."""
    syntax = Syntax(text, parse_tree(text))
    syntax.expr = _Converter(syntax).convert(syntax.tree, 0)
    return syntax


class _Converter:
    """Builds `Syntax.expr` from `Syntax.tree`."""

    def __init__(self, syntax: Syntax) -> None:
        self._syntax = syntax

    def convert(self, node: Node, depth: int) -> Expr:
        """The node and everything below it."""
        if depth > MAX_DEPTH:
            raise RefusedError(CelError("nested too deeply", fix="split it into several rules"))
        if node.data in _OTHER:
            raise differs(_OTHER[str(node.data)], *self._place(node.meta.start_pos))
        kind = str(node.data)
        children = subtrees(node)
        match kind:
            case "primary":
                made = self._primary(node, depth)
            case "member_dot":
                made = self._select(node, depth)
            case "member_dot_arg":
                made = self._method(node, depth)
            case "member_index":
                made = self._call("_[_]", self._after(children[0], "["), children, depth)
            case "expr":
                made = self._call("_?_:_", self._after(children[0], "?"), children, depth)
            case "unary":
                function = "!_" if children[0].data == "unary_not" else "-_"
                made = self._call(function, node.meta.start_pos, children[1:], depth)
            case "conditionalor" | "conditionaland":
                made = self._chain(node, depth)
            case _:
                operation, right = children
                made = self._binary(operation, subtrees(operation)[0], right, depth)
        return made

    def _binary(self, operation: Node, left: Node, right: Node, depth: int) -> Expr:
        token, function = _BINARY[str(operation.data)]
        place = self._after(left, token)
        return self._call(function, place, [left, right], depth)

    def _chain(self, node: Node, depth: int) -> Expr:
        """A chain of && or || as a balanced tree, like the C++ runtime's."""
        token, function = _BINARY[str(node.data)]
        terms = chain(node)
        places = [self._after(term, token) for term in terms[:-1]]
        made = [self.convert(term, depth + 1) for term in terms]

        def balanced(first: int, last: int) -> Expr:
            middle = (first + last + 1) // 2
            left = made[middle] if middle == first else balanced(first, middle - 1)
            right = made[middle + 1] if middle == last else balanced(middle + 1, last)
            return self._made(function, places[middle], [left, right])

        return balanced(0, len(places) - 1)

    def _primary(self, node: Node, depth: int) -> Expr:
        child = node.children[0]
        if not isinstance(child, Tree):
            raise differs("this", *self._place(node.meta.start_pos))
        if child.data in _OTHER:
            raise differs(_OTHER[str(child.data)], *self._place(node.meta.start_pos))
        match child.data:
            case "literal":
                return self._literal(child)
            case "list_lit":
                elements = arguments(child.children) if child.children else []
                return self._node(
                    child.meta.start_pos,
                    list_expr=Expr.CreateList(
                        elements=[self.convert(one, depth + 1) for one in elements]
                    ),
                )
            case "ident":
                name = self._unreserved(str(child.children[0]), child.meta.start_pos)
                return self._node(child.meta.start_pos, ident_expr=Expr.Ident(name=name))
            case _:
                return self._function(child, depth)

    def _function(self, node: Node, depth: int) -> Expr:
        name = node.children[0]
        given = arguments(node.children)
        place = node.meta.start_pos + len(str(name))
        if name != "has":
            return self._call(str(name), place, given, depth)
        if len(given) != 1 or given[0].data != "member_dot":
            message = "has() argument must be a field selection"
            raise RefusedError(CelError(message, *self._place(place + 1)))
        return self._select(given[0], depth, test_only=True)

    def _select(self, node: Node, depth: int, *, test_only: bool = False) -> Expr:
        operand, name = node.children
        if not isinstance(operand, Tree):
            raise differs("this", *self._place(node.meta.start_pos))
        if name in _NO_FIELDS:
            raise RefusedError(CelError("Syntax error", *self._place(self._after(operand, "."))))
        select = Expr.Select(
            operand=self.convert(operand, depth + 1), field=str(name), test_only=test_only
        )
        return self._node(self._after(operand, "."), select_expr=select)

    def _method(self, node: Node, depth: int) -> Expr:
        target, name = node.children[:2]
        if not isinstance(target, Tree):
            raise differs("this", *self._place(node.meta.start_pos))
        place = self._after(target, "(")
        given = arguments(node.children)
        if name in MACROS and len(given) >= 2:
            return self._macro(str(name), target, given, depth)
        if identifier(target) == "math":
            return self._call(f"math.{name}", place, given, depth)
        call = Expr.Call(
            target=self.convert(target, depth + 1),
            function=str(name),
            args=[self.convert(one, depth + 1) for one in given],
        )
        return self._node(place, call_expr=call)

    def _macro(self, name: str, target: Node, given: list[Node], depth: int) -> Expr:
        place = self._after(target, "(")
        variable = identifier(given[0])
        if variable is None:
            message = f"{name}() variable name must be a simple identifier"
            raise RefusedError(CelError(message, *self._place(given[0].meta.start_pos)))
        if len(given) > (3 if name == "map" else 2):
            raise differs(f"{name}() with two variables", *self._place(place))
        self._unreserved(str(variable), given[0].meta.start_pos)
        bodies = [self.convert(one, depth + 1) for one in given[1:]]
        loop = _Loop(self, place, str(variable)).expanded(name, bodies)
        loop.iter_range.CopyFrom(self.convert(target, depth + 1))
        return self._node(self._after(target, "."), comprehension_expr=loop)

    def _literal(self, node: Node) -> Expr:
        token = node.children[0]
        if not isinstance(token, Token) or token.type not in _LITERALS:
            kind = token.type if isinstance(token, Token) else ""
            raise differs(_OTHER.get(kind, "this"), *self._place(node.meta.start_pos))
        base = 16 if "x" in token else 10
        if token.type == "INT_LIT" and not -_INT64 <= int(token, base) < _INT64:
            raise RefusedError(CelError("invalid int literal", *self._place(node.meta.start_pos)))
        if token.type == "FLOAT_LIT" and re.search(r"\.(?!\d)", token):
            raise RefusedError(CelError("Syntax error", *self._place(node.meta.end_pos)))
        value = Constant()
        if token.type == "STRING_LIT":
            value.string_value = self._string(token)
        expr = self._node(node.meta.start_pos, const_expr=value)
        self._syntax.literals[expr.id] = _LITERALS[token.type]
        return expr

    def _unreserved(self, name: str, place: int) -> str:
        if name in _RESERVED:
            raise RefusedError(CelError(f"reserved identifier: {name}", *self._place(place)))
        return name

    def _string(self, token: Token) -> str:
        text = str(token)
        place = self._place(token.start_pos or 0)
        if text[0] in "rR":
            if text[1] in text[2:-1]:
                raise differs("quotes in a raw text", *place)
            return text[2:-1]
        if not _COOKED.fullmatch(text[1:-1]):
            raise differs("this escape sequence", *place)
        return _ESCAPE.sub(_unescaped, text[1:-1])

    def _call(self, function: str, place: int, operands: list[Node], depth: int) -> Expr:
        return self._made(function, place, [self.convert(one, depth + 1) for one in operands])

    def _made(self, function: str, place: int, operands: list[Expr]) -> Expr:
        return self._node(place, call_expr=Expr.Call(function=function, args=operands))

    def _node(self, place: int, **kind: Any) -> Expr:
        number = len(self._syntax.places) + 1
        self._syntax.places[number] = self._place(place)
        return Expr(id=number, **kind)

    def _after(self, operand: Node, token: str) -> int:
        """Where the first `token` behind an operand is."""
        return max(self._syntax.text.find(token, operand.meta.end_pos), operand.meta.start_pos)

    def _place(self, offset: int) -> tuple[int, int]:
        before = self._syntax.text[:offset]
        return before.count("\n") + 1, len(before) - before.rfind("\n")

    def literal(self, place: int, kind: str) -> Expr:
        """A constant of a macro's expansion."""
        expr = self._node(place, const_expr=Constant())
        self._syntax.literals[expr.id] = kind
        return expr

    def name(self, place: int, name: str) -> Expr:
        """A variable of a macro's expansion."""
        return self._node(place, ident_expr=Expr.Ident(name=name))

    def made(self, place: int, function: str, *operands: Expr) -> Expr:
        """A call of a macro's expansion."""
        return self._made(function, place, list(operands))

    def elements(self, place: int, *elements: Expr) -> Expr:
        """A list of a macro's expansion."""
        return self._node(place, list_expr=Expr.CreateList(elements=elements))


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(match[3], match[3])


ACCUMULATOR: Final = "@result"


@dataclass(frozen=True, slots=True)
class _Loop:
    """What a macro stands for, as in the CEL specification; so the count of nodes and the types
    are those of the C++ runtime."""

    make: _Converter
    place: int
    variable: str

    def expanded(self, name: str, bodies: list[Expr]) -> Expr.Comprehension:
        """The loop without its range."""
        make, at, body = self.make, self.place, bodies[-1]
        start, condition, result = self._list(), make.literal(at, "bool"), self._sum()
        match name:
            case "all":
                start = make.literal(at, "bool")
                condition = make.made(at, "@not_strictly_false", self._sum())
                step = make.made(at, "_&&_", self._sum(), body)
            case "exists":
                start = make.literal(at, "bool")
                negated = make.made(at, "!_", self._sum())
                condition = make.made(at, "@not_strictly_false", negated)
                step = make.made(at, "_||_", self._sum(), body)
            case "exists_one":
                start = make.literal(at, "int")
                counted = make.made(at, "_+_", self._sum(), make.literal(at, "int"))
                step = make.made(at, "_?_:_", body, counted, self._sum())
                result = make.made(at, "_==_", result, make.literal(at, "int"))
            case _:
                element = make.name(at, self.variable) if name == "filter" else body
                step = make.made(at, "_+_", self._sum(), make.elements(at, element))
                if name == "filter" or len(bodies) > 1:
                    step = make.made(at, "_?_:_", bodies[0], step, self._sum())
        return Expr.Comprehension(
            iter_var=self.variable,
            accu_var=ACCUMULATOR,
            accu_init=start,
            loop_condition=condition,
            loop_step=step,
            result=result,
        )

    def _sum(self) -> Expr:
        return self.make.name(self.place, ACCUMULATOR)

    def _list(self) -> Expr:
        return self.make.elements(self.place)
