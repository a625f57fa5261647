"""A CEL text to cel-python's parse tree, cleaned up. Pure: no I/O, no clock."""

from collections.abc import Sequence
from copy import copy
from typing import Any, Final, TypeAlias

from celpy.celparser import CELParseError, CELParser
from lark import Token, Tree
from lark.exceptions import UnexpectedToken
from lark.tree import Meta

from gateway.policy.cel import CelError

Node: TypeAlias = Tree[Token]

MACROS: Final = frozenset({"all", "exists", "exists_one", "filter", "map"})
_CHAIN: Final = frozenset(
    {"expr", "conditionalor", "conditionaland", "relation", "addition", "multiplication"}
    | {"unary", "member"}
)


class RefusedError(Exception):
    """The expression is wrong, or not one for cel-python."""

    def __init__(self, error: CelError) -> None:
        super().__init__(error.message)
        self.error = error


def differs(what: str, line: int, column: int) -> RefusedError:
    """What works on the C++ runtime only."""
    return RefusedError(
        CelError(f"cel-python cannot do {what} exactly as cel-expr-python", line, column)
    )


def parse_tree(text: str) -> Node:
    """Raises RefusedError, RecursionError for texts that nest too deep to be parsed."""
    try:
        tree: Node = CELParser().parse(text)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    except CELParseError as error:
        cause: Any = error.__context__
        ended = isinstance(cause, UnexpectedToken) and str(cause.token) == ""  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        line, column = _end(text) if ended else (error.line or 1, error.column or 1)
        raise RefusedError(CelError("Syntax error", line, column)) from error
    return _Collapser(text).collapsed(tree)


def _end(text: str) -> tuple[int, int]:
    return text.count("\n") + 1, len(text) - text.rfind("\n")


class _Collapser:
    """Takes out nodes that only pass their one child on: for every operand the grammar has one of
    each level of precedence. Gives positions to true and false, which the library forgets."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = 0

    def collapsed(self, tree: Node) -> Node:
        """The tree, read from left to right."""
        only = tree.children[0] if len(tree.children) == 1 else None
        if isinstance(only, Tree) and (
            tree.data in _CHAIN or "paren_expr" in {tree.data, only.data}
        ):
            return self.collapsed(only)
        children: list[Node | Token] = []
        for child in tree.children:
            if isinstance(child, Tree):
                children.append(self.collapsed(child))
            else:
                self._read(child)
                children.append(child)
        return Tree(str(tree.data), children, self._meta(tree, children))

    def _read(self, token: Token) -> None:
        if token.start_pos is None:
            token.start_pos = self._text.find(token, self._end)
            token.end_pos = token.start_pos + len(token)
        self._end = token.end_pos or 0

    def _meta(self, tree: Node, children: list[Node | Token]) -> Meta:
        meta = copy(tree.meta)
        for name, place in (("start_pos", 0), ("end_pos", -1)):
            if children and getattr(meta, name, None) is None:
                child = children[place]
                held = child.meta if isinstance(child, Tree) else child
                setattr(meta, name, getattr(held, name))
        return meta


def arguments(children: Sequence[Node | Token]) -> list[Node]:
    """The arguments of a call, which has none or a list of them as its last child."""
    last = children[-1]
    return subtrees(last) if isinstance(last, Tree) and last.data == "exprlist" else []


def subtrees(node: Node) -> list[Node]:
    """The children that are not tokens."""
    return [child for child in node.children if isinstance(child, Tree)]


def chain(tree: Node) -> list[Node]:
    """The operands of a chain of the same operator, first to last."""
    rights: list[Node] = []
    left = tree
    while left.data == tree.data:
        left, right = subtrees(left)
        rights.append(right)
    return [left, *reversed(rights)]


def identifier(node: Node) -> Token | None:
    """The name, where the node is nothing but one."""
    child = node.children[0] if node.data == "primary" else None
    if isinstance(child, Tree) and child.data == "ident" and isinstance(child.children[0], Token):
        return child.children[0]
    return None
