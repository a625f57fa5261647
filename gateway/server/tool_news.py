"""What the supervisor says of tools of MCP servers, judged for the exchanges of this process."""

import asyncio
from collections.abc import Mapping

from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.tools.book import Observed
from gateway.model.jsonvalue import JsonObject
from gateway.pipeline.tool_messages import read_tools
from gateway.pipeline.tools_seen import (
    SeenTool,
    ToolsSeen,
    leaving_out,
    list_guardrails,
    observed,
)


class ToolNews:
    """`seen` is what exchanges begin with; each change of it is another object."""

    def __init__(self) -> None:
        self.seen = ToolsSeen()
        self._tools: dict[str, tuple[SeenTool, ...]] = {}
        self._book: GuardrailBook | None = None
        self._told: dict[str, frozenset[str]] = {}

    async def take(self, message: JsonObject) -> None:
        """A server offers something else now. Raises ValueError for a message that this version did
        not write."""
        server, tools = read_tools(message)
        if tools is None:
            self._tools.pop(server, None)
        else:
            self._tools[server] = tools
        known = {name: out for name, out in self.seen.left_out.items() if name in self._tools}
        if tools is not None and self._book is not None:
            known[server] = await _left_out(self._book, tools)
        self._forget_notes(server)
        self.seen = ToolsSeen(self._observed(), known, self.seen.noted)

    def noted(self) -> list[str]:
        """The servers of which lists have shown changed tools that were not told yet."""
        now = {server: frozenset(tools) for server, tools in self.seen.noted.items()}
        fresh = [server for server, tools in now.items() if tools != self._told.get(server)]
        self._told = now
        return fresh

    def _forget_notes(self, server: str) -> None:
        self.seen.noted.pop(server, None)
        self._told.pop(server, None)

    async def judged(self, book: GuardrailBook) -> ToolsSeen:
        """What was seen, by the Guardrails of another snapshot. It is not `seen` before `use`."""
        left_out = {name: await _left_out(book, tools) for name, tools in self._tools.items()}
        return ToolsSeen(self._observed(), left_out)

    def use(self, book: GuardrailBook, seen: ToolsSeen) -> None:
        """From now on. What lists have shown was judged by other pins."""
        self._book, self.seen, self._told = book, seen, {}

    def _observed(self) -> Mapping[str, Observed]:
        return {name: observed(tools) for name, tools in self._tools.items()}


async def _left_out(
    book: GuardrailBook, tools: tuple[SeenTool, ...]
) -> Mapping[str, frozenset[str]]:
    """The tools that some Guardrail leaves out of lists. One tool at a time: requests go on
    meanwhile."""
    names = list_guardrails(book)
    found: dict[str, frozenset[str]] = {}
    for one in tools if names else ():
        out = leaving_out(book, names, one.definition)
        if out:
            found[one.name] = found.get(one.name, frozenset()) | out
        await asyncio.sleep(0)
    return found
