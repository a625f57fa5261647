"""What the supervisor says of tools of MCP servers, judged for the exchanges of this process.

Local detectors judge at once. Providers are asked beside that: no reload waits for them, and where
one does not answer it is asked again.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.tools.book import Observed
from gateway.model.jsonvalue import JsonObject
from gateway.pipeline.consultants import Consultants, NoConsultants
from gateway.pipeline.tool_messages import read_tools
from gateway.pipeline.tools_seen import (
    SeenTool,
    ToolsSeen,
    advised_out,
    leaving_out,
    list_guardrails,
    observed,
)

AGAIN_SECONDS: Final = 5.0
"""Until providers that said nothing are asked again."""


class ToolNews:
    """`seen` is what exchanges begin with; each change of it is another object. `again` is in
    seconds."""

    def __init__(
        self, consultants: Consultants | None = None, again: float = AGAIN_SECONDS
    ) -> None:
        self.seen = ToolsSeen()
        self._consultants = consultants or NoConsultants()
        self._again = again
        self._tools: dict[str, tuple[SeenTool, ...]] = {}
        self._book: GuardrailBook | None = None
        self._told: dict[str, frozenset[str]] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

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
        self._ask(server)

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
        for server in {*self._tools, *self._asking}:
            self._ask(server)

    def close(self) -> None:
        """Ask nobody any more."""
        for task in self._asking.values():
            task.cancel()
        self._asking.clear()

    def _ask(self, server: str) -> None:
        """Begin to ask providers about what a server offers, where any is to be asked."""
        former = self._asking.pop(server, None)
        if former is not None:
            former.cancel()
        book, tools = self._book, self._tools.get(server)
        if book is not None and tools and _has_providers(book):
            self._asking[server] = asyncio.ensure_future(self._advise(server, book, tools))

    async def _advise(self, server: str, book: GuardrailBook, tools: tuple[SeenTool, ...]) -> None:
        """Have what providers say, and ask again those who said nothing."""
        names, sure = list_guardrails(book), False
        while not sure:
            sure, found = True, dict[str, frozenset[str]]()
            for one in tools:
                out, knows = await advised_out(book, names, one.definition, self._consultants)
                sure = sure and knows
                if out:
                    found[one.name] = found.get(one.name, frozenset()) | out
            left_out = {**self.seen.left_out, server: found}
            self.seen = ToolsSeen(self._observed(), left_out, self.seen.noted)
            if not sure:
                await asyncio.sleep(self._again)

    def _observed(self) -> Mapping[str, Observed]:
        return {name: observed(tools) for name, tools in self._tools.items()}


def _has_providers(book: GuardrailBook) -> bool:
    """Whether a Guardrail that judges definitions of tools asks any."""
    return any(book.guards[name].providers for name in list_guardrails(book))


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
