"""The snippet as YAML that people read: each place and what needs a word with a comment above."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeGuard

import yaml
from typing_extensions import override

from gateway.edge.snippet import Part

_WIDTH: Final = 96
_UNBROKEN: Final = 1_000_000
"""Strings stay on one line: many are expressions, and one would be read wrong if cut."""

_ITEMS_ON_ONE_LINE: Final = frozenset({"mappers"})
"""Lists of dozens of alike entries, which are copied and not edited."""


def snippet_text(parts: Mapping[str, Part], listener: str) -> str:
    """One YAML document whose keys are the places of `parts`, for the listener of that name."""
    return "".join(f"{line}\n" for line in _lines(parts, listener))


def _lines(parts: Mapping[str, Part], listener: str) -> Iterator[str]:
    yield from _comment(
        f'What an Envoy of your own needs for the listener "{listener}" of gateway.yaml. Each key '
        "names the place that its content goes to. Check the result: gatehouse envoy --lint FILE",
        0,
    )
    for place, part in parts.items():
        yield ""
        yield from _comment(part.where, 0)
        yield f"{place}:"
        yield from _list(part) if isinstance(part.value, list) else _mapping(part)


def _mapping(part: Part) -> Iterator[str]:
    for key, value in part.value.items():
        yield from _comment(part.notes.get(key, ""), 2)
        yield from _entry(key, value, 2)


def _list(part: Part) -> Iterator[str]:
    for item in part.value:
        yield from _comment(part.notes.get(item["name"], ""), 0)
        yield from _item(item, 0)


def _comment(text: str, indent: int) -> Iterator[str]:
    for line in textwrap.wrap(text, _WIDTH - indent):
        yield f"{' ' * indent}# {line}"


def _entry(key: str, value: Any, indent: int) -> Iterator[str]:
    head, short = f"{' ' * indent}{_flow(key)}:", _flow(value)
    if _scalar(value) or len(head) + len(short) < _WIDTH:
        yield f"{head} {short}"
        return
    yield head
    if _is_mapping(value):
        yield from _entries(value, indent + 2)
    else:
        for item in value:
            if key in _ITEMS_ON_ONE_LINE:
                yield f"{' ' * indent}- {_flow(item)}"
            else:
                yield from _item(item, indent)


def _entries(value: Mapping[str, Any], indent: int) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(key, item, indent)


def _item(value: Any, indent: int) -> Iterator[str]:
    """An element of a list: a mapping begins behind the hyphen."""
    short = _flow(value)
    if not _is_mapping(value) or indent + len(short) < _WIDTH:
        yield f"{' ' * indent}- {short}"
        return
    first, *rest = _entries(value, indent + 2)
    yield f"{' ' * indent}- {first.lstrip()}"
    yield from rest


def _scalar(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _is_mapping(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _flow(value: Any) -> str:
    """On one line. In a list, so that scalars are quoted where they need it in flow style."""
    text = yaml.dump(
        [value], Dumper=_Plain, default_flow_style=True, sort_keys=False, width=_UNBROKEN
    )
    return text.strip().removeprefix("[").removesuffix("]")


class _Plain(yaml.SafeDumper):
    """Writes everything out: an alias would not survive that its part is copied elsewhere."""

    @override
    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True

    @override
    def represent_str(self, data: str) -> yaml.ScalarNode:
        """In quotes with escapes where it would not stay on its line."""
        style = None if data.isprintable() else '"'
        tag = "tag:yaml.org,2002:str"
        return self.represent_scalar(tag, data, style)  # pyright: ignore[reportUnknownMemberType]


_Plain.add_representer(str, _Plain.represent_str)
