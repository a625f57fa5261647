"""A place in a file of Envoy's: keys in snake_case or camelCase, as its JSON and YAML allow."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.config.yamltree import Path, Tree, path_text
from gateway.model.jsonvalue import JsonValue
from gateway.model.problem import Place

_DURATION: Final = re.compile(r"(-?\d{1,12}(?:\.\d{1,9})?)s")


@dataclass(frozen=True, slots=True)
class Node:
    """The value at `path` of a file; None also where there is nothing."""

    file: str
    tree: Tree
    value: JsonValue
    path: Path = ()

    def __getitem__(self, names: str) -> "Node":
        """What stands below under `names`, in snake_case and joined by dots."""
        node = self
        for name in names.split("."):
            node = node.entry(_spelt(node.value, name))
        return node

    def entry(self, key: str) -> "Node":
        """What a map of Envoy's has under `key`, exactly as it is written."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return Node(self.file, self.tree, value, (*self.path, key))

    @property
    def given(self) -> bool:
        """Whether there is a value other than null."""
        return self.value is not None

    @property
    def items(self) -> "list[Node]":
        """The elements of a list; none of anything else."""
        values = self.value if isinstance(self.value, list) else []
        return [
            Node(self.file, self.tree, value, (*self.path, index))
            for index, value in enumerate(values)
        ]

    @property
    def entries(self) -> "dict[str, Node]":
        """The values of a mapping by their keys; none of anything else."""
        keys = self.value if isinstance(self.value, dict) else {}
        return {key: self.entry(key) for key in keys}

    @property
    def text(self) -> str:
        """A string; "" for anything else."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def on(self) -> bool:
        """Whether it is true."""
        return self.value is True or self.value == "true"

    @property
    def number(self) -> float | None:
        """A number, also as the text that JSON has for large ones."""
        if isinstance(self.value, bool):
            return None
        if isinstance(self.value, int | float):
            return self.value
        return int(self.text) if re.fullmatch(r"\d{1,19}", self.text) else None

    @property
    def seconds(self) -> float | None:
        """A duration ("0.25s"); None for none or something else."""
        match = _DURATION.fullmatch(self.text)
        return float(match[1]) if match else None

    @property
    def type(self) -> str:
        """The last word of "@type": "Router"; "" without one."""
        return self.entry("@type").text.rpartition(".")[2]

    @property
    def place(self) -> Place:
        """Of the key, if there is one; of what encloses it if there is nothing."""
        tree = self.tree
        for length in range(len(self.path), -1, -1):
            path = self.path[:length]
            if found := tree.keys.get(path) or tree.places.get(path):
                return found
        return Place(self.file, 1, 1)

    def __str__(self) -> str:
        return path_text(self.path)

    def walk(self) -> "Iterator[Node]":
        """This and everything below it."""
        yield self
        for child in (*self.items, *self.entries.values()):
            yield from child.walk()


def _spelt(value: JsonValue, name: str) -> str:
    """`name` as the mapping spells it."""
    if not isinstance(value, dict) or name in value:
        return name
    first, *rest = name.split("_")
    camel = first + "".join(word.capitalize() for word in rest)
    return camel if camel in value else name
