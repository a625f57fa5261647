"""`gatehouse pin`: write down which tools of an MCP server somebody has reviewed."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gateway.adapters.mcp_tools import ToolListError, list_tools
from gateway.cli.findings import counted, print_json, show_problems
from gateway.config.document import MAX_BYTES
from gateway.config.folder import lock_files
from gateway.config.loading import inspect_gateway
from gateway.config.schema import Gateway
from gateway.config.tool_lock import (
    FILE_NAME,
    LockedBackend,
    LockedTool,
    ToolLock,
    lock_text,
    read_tool_lock,
)
from gateway.guardrails.tools.definition import digest, visible
from gateway.guardrails.tools.pins import Pin, PinState, ToolPins, difference, pinned
from gateway.model.jsonvalue import JsonObject
from gateway.supervisor.resolve import Resolver
from gateway.supervisor.tool_servers import mcp_backends, servers

_LONGEST_NAME = 256


def pin(
    backend: Annotated[str, typer.Argument(help="A backend of gateway.yaml that MCP routes name.")],
    config: Annotated[Path, typer.Option("--config", "-c", help="The gateway.yaml.")] = Path(
        "gateway.yaml"
    ),
    tool: Annotated[
        list[str] | None,
        typer.Option(help="Take over only this tool; may be repeated. Others stay as they are."),
    ] = None,
    *,
    diff: Annotated[bool, typer.Option("--diff", help="Show what would change; write it not.")] = (
        False
    ),
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Write down which tools of an MCP server somebody has reviewed.

    It lists the tools of every replica, shows how they differ from what was
    reviewed before, and writes them into tools.lock.yaml beside the policies.
    Review that file as code, before the gateway that runs sees it: models do
    what tools say of themselves. From then on a tool that is not in it, or
    that has changed, is left out of lists, and calls to it are refused.

    With --diff exit code 1 if anything differs. Exit code 2 if the server
    cannot be listed, or its replicas differ.

    Examples:

      gatehouse pin github

      gatehouse pin github --diff

      gatehouse pin github --tool search_issues --tool get_issue

      gatehouse pin github --diff --json | jq '.changed[].name'
    """
    gateway = _gateway(config, backend)
    path, lock = _lock(Path(gateway.policies), backend)
    offered = _offered(gateway, backend)
    before = {one.name: _pin(one) for one in _tools(lock, backend)}
    change = _change(before, offered, frozenset(tool) if tool else None)
    written = not diff and (change.any or not _has(lock, backend))
    if written:
        _write(path, _with(lock, backend, change.after))
    if as_json:
        print_json(_json(backend, path, change, written=written))
    else:
        sys.stdout.write("\n".join(_lines(backend, path, change, written=written)) + "\n")
    raise typer.Exit(1 if diff and change.any else 0)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of pins. `changed` has the names of the members that differ; `lines` are a diff
    for people."""

    after: Mapping[str, Pin]
    added: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]
    removed: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether there is any."""
        return bool(self.added or self.changed or self.removed)


def _change(
    before: Mapping[str, Pin], offered: Mapping[str, JsonObject], only: frozenset[str] | None
) -> Change:
    unknown = sorted((only or frozenset()) - before.keys() - offered.keys())
    if unknown:
        known = ", ".join(sorted(offered)) or "none"
        raise typer.BadParameter(f"no {unknown[0]}; there is: {known}", param_hint="--tool")
    wanted = only if only is not None else before.keys() | offered.keys()
    judged = {one.name: one for one in ToolPins({"": before}).judge("", offered.values())}
    added = tuple(sorted(wanted & (offered.keys() - before.keys())))
    removed = tuple(sorted(wanted & (before.keys() - offered.keys())))
    changed = {
        name: judged[name].changed
        for name in sorted(wanted & offered.keys())
        if judged[name].state is PinState.CHANGED
    }
    after = {name: one for name, one in before.items() if name not in removed}
    after |= {name: pinned(offered[name]) for name in (*added, *changed)}
    lines = [
        visible(line)
        for name in sorted((*added, *changed, *removed))
        for line in difference(name, before.get(name), offered.get(name))
    ]
    return Change(after, added, changed, removed, tuple(lines))


def _gateway(config: Path, backend: str) -> Gateway:
    """Policies need not be right: a lock that somebody has broken is mended by this."""
    inspected = inspect_gateway(config, os.environ, demo=True)
    if inspected.gateway is None:
        show_problems(inspected.problems)
        raise typer.Exit(2)
    known = mcp_backends(inspected.gateway)
    if backend not in known:
        told = ", ".join(known) or "none"
        raise typer.BadParameter(f"{config} has the MCP backends: {told}", param_hint="BACKEND")
    return inspected.gateway


def _lock(folder: Path, backend: str) -> tuple[Path, ToolLock]:
    """The lock file that has the backend, or else the one of the usual name."""
    usual = folder / FILE_NAME
    found = {path: _read(path) for path in lock_files(folder)}
    for path, lock in found.items():
        if _has(lock, backend):
            return path, lock
    return usual, found.get(usual, ToolLock(kind="ToolLock"))


def _read(path: Path) -> ToolLock:
    lock, problems = read_tool_lock(path)
    if lock is None:
        show_problems(problems)
        typer.echo("mend the file, or remove it and pin every backend anew", err=True)
        raise typer.Exit(2)
    return lock


def _has(lock: ToolLock, backend: str) -> bool:
    return any(one.backend == backend for one in lock.backends)


def _tools(lock: ToolLock, backend: str) -> tuple[LockedTool, ...]:
    return next((one.tools for one in lock.backends if one.backend == backend), ())


def _pin(tool: LockedTool) -> Pin:
    return Pin(tool.sha256, dict(tool.members), tool.summary)


def _offered(gateway: Gateway, backend: str) -> dict[str, JsonObject]:
    """The tools of the backend by name, the same at every replica."""
    try:
        lists = asyncio.run(_listed(gateway, backend))
    except ToolListError as error:
        typer.echo(f"the tools of {backend} cannot be listed: {error}", err=True)
        raise typer.Exit(2) from error
    found = [_by_name(backend, tools) for tools in lists]
    hashes = [{name: digest(one) for name, one in tools.items()} for tools in found]
    differing = {
        name
        for other in hashes[1:]
        for name in hashes[0].keys() | other.keys()
        if hashes[0].get(name) != other.get(name)
    }
    if differing:
        told = ", ".join(visible(name) for name in sorted(differing))
        typer.echo(f"replicas of {backend} differ in: {told}", err=True)
        raise typer.Exit(2)
    return found[0]


async def _listed(gateway: Gateway, name: str) -> Sequence[list[JsonObject]]:
    backend = next(one for one in gateway.backends if one.name == name)
    found = await Resolver().resolve([backend])
    replicas = servers(gateway, name, dict.fromkeys(found, True))
    if not replicas:
        raise ToolListError(f"no address of {', '.join(backend.endpoints)} is known")
    return await asyncio.gather(*(list_tools(server) for server in replicas))


def _by_name(backend: str, tools: Sequence[JsonObject]) -> dict[str, JsonObject]:
    found: dict[str, JsonObject] = {}
    for one in tools:
        name = one.get("name")
        try:
            digest(one)
        except ValueError:
            name = None
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or name in found:
            typer.echo(f"{backend} offers a tool without a name of its own", err=True)
            raise typer.Exit(2)
        found[name] = one
    return found


def _with(lock: ToolLock, backend: str, pins: Mapping[str, Pin]) -> ToolLock:
    tools = tuple(
        LockedTool(
            name=name, sha256=one.sha256, members=dict(one.members), summary=tuple(one.summary)
        )
        for name, one in pins.items()
    )
    others = tuple(one for one in lock.backends if one.backend != backend)
    locked = LockedBackend(backend=backend, tools=tools)
    return ToolLock(kind="ToolLock", backends=(*others, locked))


def _write(path: Path, lock: ToolLock) -> None:
    """Whole or not at all: the gateway may be reading it."""
    text = lock_text(lock).encode("utf-8")
    if len(text) > MAX_BYTES:
        typer.echo(f"{path} would be larger than {MAX_BYTES} bytes", err=True)
        raise typer.Exit(2)
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(text)
        fresh.replace(path)
    except OSError as error:
        typer.echo(f"{path}: {error.strerror}", err=True)
        raise typer.Exit(2) from error


def _lines(backend: str, path: Path, change: Change, *, written: bool) -> list[str]:
    told = [
        f"{len(names)} {what}"
        for names, what in (
            (change.added, "new"),
            (change.changed, "changed"),
            (change.removed, "gone"),
        )
        if names
    ]
    tools = counted(len(change.after), "tool")
    if written:
        news = ", ".join(told) or "none"
        return [*change.lines, f"pinned {tools} of {backend} in {path} ({news})"]
    if change.any:
        return [*change.lines, f"tools of {backend} are not as {path} has them: {', '.join(told)}"]
    return [f"the {tools} of {backend} are as {path} has them"]


def _json(backend: str, path: Path, change: Change, *, written: bool) -> JsonObject:
    return {
        "backend": backend,
        "lock": str(path),
        "written": written,
        "tools": len(change.after),
        "added": [*change.added],
        "changed": [
            {"name": name, "members": [*members]} for name, members in change.changed.items()
        ],
        "removed": [*change.removed],
    }
