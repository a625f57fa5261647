"""YAML text to JSON values, with the place of every value and key.

Reads PyYAML's node graph, with the scalars of YAML 1.2's core schema (`no` and `12:30` are
text), and refuses what JSON has not: duplicate keys, keys that are no text,
merge keys, tags. Aliases are expanded under a bound. Pure: takes text, opens nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

import yaml

from gateway.model.jsonvalue import JsonValue
from gateway.model.problem import Place, Problem

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands in its document: keys and indexes from the root."""

MAX_NODES: Final = 1_000_000
"""Values of one file, aliases expanded: a bound on "billion laughs", far above real files."""
MAX_DEPTH: Final = 64

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,32}")
_FLOAT: Final = re.compile(
    r"[-+]?(?:(?:\.[0-9]{1,32}|[0-9]{1,32}\.[0-9]{0,32})(?:[eE][-+]?[0-9]{1,2})?"
    r"|[0-9]{1,32}[eE][-+]?[0-9]{1,2})"
)


@dataclass(slots=True)
class Tree:
    """One YAML document as a JSON value.

    `places` and `keys` map the path of each value to where the value and its key were written;
    `plain` holds the paths of scalars that were written without quotes.
    """

    value: JsonValue = None
    places: dict[Path, Place] = field(default_factory=dict[Path, Place])
    keys: dict[Path, Place] = field(default_factory=dict[Path, Place])
    plain: set[Path] = field(default_factory=set[Path])


class _Position(Protocol):
    """A mark of PyYAML's or of libyaml's; lines and columns count from 0."""

    line: int
    column: int


class _Refused(Exception):  # noqa: N818  carries a Problem; it never leaves this module
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def path_text(path: Path) -> str:
    """The YAML path as people write it: `spec.rules[0].when`; "(root)" for the whole document."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "(root)"


def plain_scalar(text: str) -> JsonValue:
    """What an unquoted YAML 1.2 scalar means: None, a bool, an int, a finite float or the text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def parse(text: str, file: str) -> tuple[Tree, ...] | tuple[Problem, ...]:
    """Every non-empty document of a YAML text, or what is wrong with it.

    `file` is only a name for places. Never both kinds: one broken document spoils the file.
    """
    try:
        return tuple(_Reader(file).read(node) for node in _compose(text, file) if not _empty(node))
    except _Refused as refused:
        return (refused.problem,)
    except yaml.MarkedYAMLError as error:
        return (_syntax_problem(error, file),)
    except yaml.YAMLError:
        problem = Problem(
            Place(file, 1, 1), "(root)", "the file holds characters that YAML forbids"
        )
        return (problem,)


def _compose(text: str, file: str) -> Iterator[yaml.Node]:
    _bound_depth(text, file)
    loader = _Loader(text)
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()


def _bound_depth(text: str, file: str) -> None:
    """Refuses deep nesting before libyaml's composer recurses into it and overflows the C stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            place = _place(file, event.start_mark)
            raise _Refused(Problem(place, "(root)", f"nested deeper than {MAX_DEPTH}"))


def _place(file: str, mark: "_Position | None") -> Place:
    return Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)


def _empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and _plain(node) and not node.value


def _plain(node: yaml.ScalarNode) -> bool:
    return not node.style  # None from the Python parser, "" from libyaml


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    return Problem(
        _place(file, mark), "(root)", f"not valid YAML: {error.problem or error.context}"
    )


class _Reader:
    """Walks one file's nodes; the count of values runs over all its documents."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._count = 0
        self._open: set[int] = set()
        self._tree = Tree()

    def read(self, node: yaml.Node) -> Tree:
        self._tree = Tree()
        self._tree.value = self._value(node, ())
        return self._tree

    def _value(self, node: yaml.Node, path: Path) -> JsonValue:
        self._bound(node, path)
        self._tree.places[path] = self._place(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self._value(item, (*path, i)) for i, item in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self._open.discard(id(node))

    def _bound(self, node: yaml.Node, path: Path) -> None:
        self._count += 1
        if self._count > MAX_NODES:
            raise self._refuse(node, path, f"more than {MAX_NODES} values", "use fewer aliases")
        if len(path) > MAX_DEPTH:  # by way of aliases
            raise self._refuse(node, path[:1], f"nested deeper than {MAX_DEPTH}")
        if id(node) in self._open:
            raise self._refuse(node, path, "an alias holds itself")
        if not node.tag.startswith("tag:yaml.org,2002:") or ":python/" in node.tag:
            raise self._refuse(node, path, "tags are not supported", "remove it")

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> JsonValue:
        text: str = node.value
        if not _plain(node):
            return text
        self._tree.plain.add(path)
        return plain_scalar(text)

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, JsonValue]:
        result: dict[str, JsonValue] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            child = (*path, key)
            if key in result:
                first = self._tree.keys[child]
                message = f'the key "{key}" was already given on line {first.line}'
                raise self._refuse(key_node, child, message, "remove one of the two")
            self._tree.keys[child] = self._place(key_node)
            result[key] = self._value(value_node, child)
        return result

    def _key(self, node: yaml.Node, path: Path) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._refuse(node, path, "a key must be text")
        if node.value == "<<" and _plain(node):
            raise self._refuse(node, path, "merge keys are not supported", "write the keys out")
        return str(node.value)

    def _place(self, node: yaml.Node) -> Place:
        return _place(self._file, node.start_mark)

    def _refuse(self, node: yaml.Node, path: Path, message: str, fix: str = "") -> _Refused:
        return _Refused(Problem(self._place(node), path_text(path), message, fix))
