"""Tools whose names are, or look like, those of other servers. Pure: no I/O, no clock.

A model picks a tool by its name: one that another server offers, too, or that only looks the same,
gets calls that were meant for the other ("shadowing", OWASP MCP03).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from gateway.guardrails.confusable import skeleton

_BUILT_IN_NAMES: Final = """
apply_patch bash code_execution code_interpreter computer computer_use edit_file exec
execute_command fetch file_search grep image_generation list_directory memory multi_edit
powershell python read_file run_command run_terminal_cmd shell str_replace_based_edit_tool
str_replace_editor terminal text_editor think todo_write view_file web_fetch web_search
write_file
"""
BUILT_IN: Final = frozenset(_BUILT_IN_NAMES.split())
"""Names that agents and model servers give to tools of their own."""


class Likeness(Enum):
    """What is the matter with two names."""

    SAME = "same"
    CONFUSABLE = "confusable"
    BUILT_IN = "built_in"


@dataclass(frozen=True, slots=True, order=True)
class Shadow:
    """`tool` of `server` is, or looks like, `other_tool` of `other_server` ("" for a built-in)."""

    server: str
    tool: str
    other_server: str
    other_tool: str
    likeness: Likeness


def shadows(
    tools: Mapping[str, Collection[str]], built_in: Collection[str] = BUILT_IN
) -> tuple[Shadow, ...]:
    """Every pair of tools of different servers with the same name or one that looks alike, each
    from both sides; pairs within one server that only look alike; and tools that look like a
    built-in one without being named exactly so. Sorted."""
    alike: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for server, names in tools.items():
        for name in set(names):
            alike[tool_skeleton(name)].append((server, name))
    found = [
        Shadow(server, name, other, other_name, _likeness(name, other_name))
        for group in alike.values()
        for server, name in group
        for other, other_name in group
        if (server, name) != (other, other_name)
    ]
    reserved = {tool_skeleton(name): name for name in built_in}
    found.extend(
        Shadow(server, name, "", reserved[look], Likeness.BUILT_IN)
        for look, group in alike.items()
        if look in reserved
        for server, name in group
        if name not in built_in
    )
    return tuple(sorted(found, key=_order))


def tool_skeleton(name: str) -> str:
    """What a tool's name looks like, whatever separates its words."""
    return "".join(one for one in skeleton(name) if one.isalnum())


def _likeness(name: str, other: str) -> Likeness:
    return Likeness.SAME if name == other else Likeness.CONFUSABLE


def _order(shadow: Shadow) -> tuple[str, str, str, str]:
    return (shadow.server, shadow.tool, shadow.other_server, shadow.other_tool)
