"""Looks at the tools of MCP servers, so that workers know what is offered without a list passing.

Each backend is looked at by a task of its own: one that hangs delays no other. What was seen last
stays while a server cannot be asked.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from gateway.adapters.mcp_tools import ToolListError, ToolServer, list_tools
from gateway.bootstrap.load import Loaded
from gateway.guardrails.tools.definition import digest, visible
from gateway.guardrails.tools.pins import Pin, PinState, ToolPins
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.pipeline.tool_messages import TOOLS, tools_message
from gateway.pipeline.tools_seen import SeenTool
from gateway.supervisor.metrics import SupervisorMetrics
from gateway.supervisor.tool_servers import servers, watched

LOG: Final = logging.getLogger("gatehouse.supervisor")
TICK_SECONDS: Final = 0.25
AGAIN_SECONDS: Final = 2.0
"""Until the next try after one that failed, unless `list_every` is shorter."""
MOST_TOLD: Final = 32
"""Faults of a backend that are told one by one."""
LONGEST_NAME: Final = 80

Look: TypeAlias = Callable[[ToolServer], Awaitable[list[JsonObject]]]
Health: TypeAlias = Mapping[tuple[str, str], bool]


@dataclass(frozen=True, slots=True)
class ToolFinding:
    """A tool that is not as it was pinned: `state` says how, `changed` which members."""

    name: str
    state: str
    changed: tuple[str, ...] = ()

    def __str__(self) -> str:
        which = f" ({', '.join(visible(one)[:LONGEST_NAME] for one in self.changed)})"
        return f"{visible(self.name)[:LONGEST_NAME]}: {self.state}{which if self.changed else ''}"


@dataclass(slots=True)
class _Backend:
    """What is known of one backend. `tried` are the servers of the last look."""

    replicas: dict[str, tuple[SeenTool, ...]] = field(
        default_factory=dict[str, tuple[SeenTool, ...]]
    )
    tried: frozenset[str] = frozenset()
    error: str = ""
    looked: float = 0.0
    seen: float | None = None
    due: float = 0.0
    hurried: bool = False
    findings: tuple[ToolFinding, ...] = ()
    told: tuple[SeenTool, ...] | None = None
    task: asyncio.Task[None] | None = None

    @property
    def tools(self) -> tuple[SeenTool, ...]:
        """What the replicas offer together: a definition that several share counts once."""
        found = {(one.name, one.sha256): one for some in self.replicas.values() for one in some}
        return tuple(found.values())


class ToolWatch:
    """Tells workers by `stand` (kind, message) what the backends offer."""

    def __init__(
        self,
        stand: Callable[[str, JsonObject], Awaitable[None]],
        metrics: SupervisorMetrics,
        look: Look = list_tools,
    ) -> None:
        self._stand = stand
        self._metrics = metrics
        self._look = look
        self._backends: dict[str, _Backend] = {}
        self._loaded: Loaded | None = None

    async def run(self, loaded: Callable[[], Loaded], health: Callable[[], Health]) -> None:
        """Look until cancelled: at once when a configuration comes into force or a replica appears,
        else as often as the configuration says."""
        try:
            while True:
                await self.tend(loaded(), health())
                await asyncio.sleep(TICK_SECONDS)
        finally:
            tasks = [one.task for one in self._backends.values() if one.task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def tend(self, loaded: Loaded, health: Health) -> None:
        """Begin the looks that are due."""
        wanted = watched(loaded.gateway, loaded.tool_pins)
        for name in self._backends.keys() - set(wanted):
            await self._forget(name)
        now = asyncio.get_running_loop().time()
        fresh, self._loaded = loaded is not self._loaded, loaded
        for name in wanted:
            backend = self._backends.setdefault(name, _Backend())
            if backend.task is not None and not backend.task.done():
                backend.hurried = backend.hurried or fresh  # by the new pins, too
                continue
            up = {address for (of, address), healthy in health.items() if of == name and healthy}
            if fresh or backend.hurried or now >= backend.due or up - backend.tried:
                work = self._look_at(name, backend, loaded, health)
                backend.task = asyncio.ensure_future(work)

    def hurry(self, names: Iterable[str]) -> None:
        """A list has shown that tools of these backends have changed: look at once, and tell all
        workers whatever is seen."""
        for name in names:
            backend = self._backends.get(name)
            if backend is not None:
                backend.hurried, backend.told = True, None

    async def _look_at(self, name: str, backend: _Backend, loaded: Loaded, health: Health) -> None:
        clock = asyncio.get_running_loop().time
        asked = servers(loaded.gateway, name, health)
        backend.hurried = False
        backend.tried = frozenset(
            address for (of, address), up in health.items() if of == name and up
        )
        answers = await asyncio.gather(*(self._tools_of(server) for server in asked))
        there = {address for of, address in health if of == name}
        errors: list[str] = []
        for server, answer in zip(asked, answers, strict=True):
            if isinstance(answer, str):
                errors.append(f"{server.address}: {answer}")
            else:
                backend.replicas[server.address] = answer
                backend.seen = clock()
        kept = {address: tools for address, tools in backend.replicas.items() if address in there}
        backend.replicas = kept or backend.replicas
        backend.looked = clock()
        error = "; ".join(errors) if asked else "no endpoint is healthy"
        every = loaded.gateway.tools.list_every
        backend.due = backend.looked + (min(AGAIN_SECONDS, every) if error else every)
        self._note_error(name, backend, error)
        answered = len(errors) < len(asked)
        await self._note_tools(name, backend, loaded.tool_pins.get(name), answered=answered)

    async def _tools_of(self, server: ToolServer) -> tuple[SeenTool, ...] | str:
        try:
            return await asyncio.to_thread(seen_tools, await self._look(server))
        except ToolListError as error:
            return str(error)
        except Exception as error:  # a fault here must not end what runs
            LOG.exception("tools of %s cannot be looked at", server.address)
            return type(error).__name__

    def _note_error(self, name: str, backend: _Backend, error: str) -> None:
        if error and error != backend.error:
            LOG.warning("the tools of %s cannot be listed: %s", name, error)
        backend.error = error

    async def _note_tools(
        self, name: str, backend: _Backend, pins: Mapping[str, Pin] | None, *, answered: bool
    ) -> None:
        tools = backend.tools
        found: tuple[ToolFinding, ...] = ()
        if pins is not None and backend.seen is not None:
            found = await asyncio.to_thread(findings, name, pins, tools)
        if found and found != backend.findings:
            told = "; ".join(map(str, found[:MOST_TOLD]))
            LOG.warning("tools of %s are not as they were reviewed: %s", name, told)
        if answered and tools != backend.told:
            backend.told = tools
            await self._stand(f"{TOOLS} {name}", tools_message(name, tools))
        backend.findings = found  # what is shown is in force
        self._metrics.tools.show(self._shown())

    async def _forget(self, name: str) -> None:
        backend = self._backends.pop(name)
        if backend.task is not None:
            backend.task.cancel()
            await asyncio.gather(backend.task, return_exceptions=True)
        self._metrics.tools.show(self._shown())
        if backend.told is not None:
            await self._stand(f"{TOOLS} {name}", tools_message(name, None))

    def _shown(self) -> dict[str, tuple[bool, Mapping[str, int]]]:
        return {
            name: (bool(one.error), Counter(finding.state for finding in one.findings))
            for name, one in self._backends.items()
        }

    def status(self, now: float) -> JsonObject:
        """For `gatehouse status`; `now` is in seconds on the monotonic clock. Nothing where no
        backend is looked at."""
        told: list[JsonValue] = [
            _status(name, backend, now) for name, backend in sorted(self._backends.items())
        ]
        return {"tools": told} if told else {}


def seen_tools(definitions: Sequence[JsonObject]) -> tuple[SeenTool, ...]:
    """Definitions with their hashes; one without a canonical form has none, and is like no pin."""
    return tuple(_seen(one) for one in definitions)


def _seen(definition: JsonObject) -> SeenTool:
    name = definition.get("name")
    try:
        sha256 = digest(definition)
    except ValueError:
        sha256 = ""
    return SeenTool(name if isinstance(name, str) else "", sha256, definition)


def findings(
    backend: str, pins: Mapping[str, Pin], tools: Collection[SeenTool]
) -> tuple[ToolFinding, ...]:
    """What is not as it was pinned, and what is pinned and not offered any more."""
    found = {
        ToolFinding(one.name, PinState.CHANGED.value)
        for one in tools
        if not one.sha256 and one.name in pins
    }
    book, sound = ToolPins({backend: pins}), [one.definition for one in tools if one.sha256]
    for judged in book.judge(backend, sound):
        if judged.state is not PinState.OK:
            found.add(ToolFinding(judged.name, judged.state.value, judged.changed))
    offered = {one.name for one in tools}
    found |= {ToolFinding(name, "missing") for name in pins.keys() - offered}
    return tuple(sorted(found, key=lambda one: (one.name, one.state, one.changed)))


def _status(name: str, backend: _Backend, now: float) -> JsonObject:
    told: list[JsonValue] = [str(one) for one in backend.findings[:MOST_TOLD]]
    return {
        "backend": name,
        "offered": len({one.name for one in backend.tools}),
        "servers": len(backend.replicas),
        "age": None if backend.seen is None else round(max(now - backend.seen, 0), 1),
        "unlike_pins": told,
        "error": backend.error,
    }
