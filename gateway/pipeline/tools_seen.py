"""What MCP servers offer, as the gateway itself has seen it, judged. No I/O, no clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.provider import Direction
from gateway.guardrails.tools.book import Observed
from gateway.model.jsonvalue import JsonObject
from gateway.model.passage import Passage, Stage
from gateway.pipeline.consultants import Consultants, advised
from gateway.protocols.mcp.passages_of_answers import answer_passages

LIST_METHOD = "tools/list"


@dataclass(frozen=True, slots=True)
class SeenTool:
    """One definition of a list: `sha256` is that of its canonical form."""

    name: str
    sha256: str
    definition: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolsSeen:
    """What servers offer, by their names. `left_out` says which Guardrails leave a tool out of
    lists: server -> tool -> their names; most are in none. `noted` are pinned tools that a list has
    shown to be changed since the gateway looked itself: exchanges add to it, and a later look
    empties it."""

    servers: Mapping[str, Observed] = field(default_factory=dict[str, Observed])
    left_out: Mapping[str, Mapping[str, frozenset[str]]] = field(
        default_factory=dict[str, Mapping[str, frozenset[str]]]
    )
    noted: dict[str, set[str]] = field(default_factory=dict[str, set[str]], compare=False)

    def note(self, server: str, tool: str) -> None:
        """A list has shown that a pinned tool is changed."""
        self.noted.setdefault(server, set()).add(tool)


def observed(tools: Iterable[SeenTool]) -> Observed:
    """The definitions of a server by name. A name may have several: replicas differ."""
    found: dict[str, frozenset[str]] = {}
    for one in tools:
        found[one.name] = found.get(one.name, frozenset()) | {one.sha256}
    return Observed(found)


def list_guardrails(book: GuardrailBook) -> tuple[str, ...]:
    """The Guardrails that judge definitions of tools."""
    return tuple(name for name in book.guards if Stage.TOOL_LIST in book.stages((name,)))


def leaving_out(
    book: GuardrailBook, names: Sequence[str], definition: JsonObject
) -> frozenset[str]:
    """Those of the named Guardrails that would leave a tool out of a list."""
    passages = _passages(definition)
    return frozenset(name for name in names if book.judge((name,), passages)[0].dropped)


async def advised_out(
    book: GuardrailBook,
    names: Sequence[str],
    definition: JsonObject,
    consultants: Consultants,
) -> tuple[frozenset[str], bool]:
    """As `leaving_out`, with what providers say; and whether all of them have said something. What
    a Guardrail must not pass unjudged is left out."""
    passages, out, sure = _passages(definition), set[str](), True
    for name in names:
        verdict, _ = book.judge((name,), passages)
        advice = book.advice((name,), Direction.RESPONSE, "")
        if advice is not None:
            verdict = await advised(advice, passages, verdict, consultants, rewritable=True)
            sure = sure and not advice.outcome().missed
        if verdict.dropped or verdict.blocked is not None:
            out.add(name)
    return frozenset(out), sure


def _passages(definition: JsonObject) -> tuple[Passage, ...]:
    """Of a list of this one tool."""
    answer: JsonObject = {"jsonrpc": "2.0", "id": 0, "result": {"tools": [definition]}}
    return answer_passages(answer, lambda _: LIST_METHOD)
