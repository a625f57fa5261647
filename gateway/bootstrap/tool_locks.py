"""Reviewed tools: from the lock files of a folder to pins by backend and name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.config.folder import lock_files
from gateway.config.schema import Gateway
from gateway.config.tool_lock import LockedBackend, read_tool_lock
from gateway.guardrails.tools.book import ToolBook
from gateway.guardrails.tools.pins import Pin
from gateway.guardrails.tools.shadowing import shadows
from gateway.model.jsonvalue import JsonMapping, JsonObject
from gateway.model.problem import Place, Problem


def read_tool_locks(folder: Path) -> tuple[tuple[LockedBackend, ...], tuple[Problem, ...]]:
    """What the lock files below `folder` say, and what is wrong with them. A backend has its tools
    in one of them."""
    locked: dict[str, tuple[LockedBackend, Path]] = {}
    problems: list[Problem] = []
    for path in lock_files(folder):
        lock, found = read_tool_lock(path)
        problems += found
        for one in lock.backends if lock is not None else ():
            earlier = locked.setdefault(one.backend, (one, path))[1]
            if earlier is not path:
                message = f"the tools of {one.backend} are pinned in {earlier.name} already"
                place = Place(str(path), 1, 1)
                problems.append(Problem(place, "backends", message, "remove one of the two"))
    return tuple(one for one, _ in locked.values()), tuple(problems)


def tool_pins(locked: Sequence[LockedBackend]) -> dict[str, Mapping[str, Pin]]:
    """The pins of each backend, by the names of its tools."""
    return {
        one.backend: {
            tool.name: Pin(tool.sha256, dict(tool.members), tool.summary) for tool in one.tools
        }
        for one in locked
    }


def hashes(pins: Mapping[str, Mapping[str, Pin]]) -> JsonObject:
    """What a worker needs of pins."""
    return {
        backend: {name: pin.sha256 for name, pin in tools.items()}
        for backend, tools in pins.items()
    }


def tool_book(gateway: Gateway, pins: JsonMapping) -> ToolBook:
    """What judges tools: `pins` as `hashes`."""
    return ToolBook(
        {
            backend: {name: str(sha256) for name, sha256 in tools.items()}
            for backend, tools in pins.items()
            if isinstance(tools, dict)
        },
        refuse_unobserved=gateway.tools.unobserved == "refuse",
        judge_names=gateway.tools.shadowed == "refuse",
    )


def lock_warnings(gateway: Gateway, locked: Sequence[LockedBackend]) -> tuple[Problem, ...]:
    """What may not be meant: pins of backends that are not there or are none of MCP, or that have
    a way around them, and reviewed tools whose names may be mistaken for each other."""
    spoken = {route.backend for route in gateway.routes if route.protocol == "mcp"}
    warnings: list[Problem] = []
    for one in locked:
        if one.backend not in spoken:
            message = f"no MCP route leads to the backend {one.backend}, whose tools are pinned"
            warnings.append(_warning(message, "remove it from tools.lock.yaml"))
    pinned = {one.backend for one in locked}
    for route in gateway.routes:
        if route.protocol == "unjudged" and route.backend in pinned:
            message = f"the route {route.name} leads unjudged to {route.backend}, which is pinned"
            warnings.append(_warning(message, "what passes there is compared with nothing"))
    tools = {one.backend: [tool.name for tool in one.tools] for one in locked}
    for shadow in shadows(tools, ()):
        here, there = (shadow.server, shadow.tool), (shadow.other_server, shadow.other_tool)
        if here < there:
            message = f"{here[1]} of {here[0]} may be mistaken for {there[1]} of {there[0]}"
            fix = "deny one of them to whoever uses both"
            warnings.append(_warning(message, fix))
    return tuple(warnings)


def _warning(message: str, fix: str) -> Problem:
    return Problem(Place("tools.lock.yaml", 1, 1), "backends", message, fix, "warning")
