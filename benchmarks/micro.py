"""Figures of this process alone: no Envoy, no gRPC, no network."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from benchmarks.corpus import PROBES, api_key, corpus, principal
from benchmarks.inprocess import InProcess, best_served, in_process, request, snapshot_of
from benchmarks.messages import KILOBYTE, REVISION, ToolCall
from benchmarks.spread import Spread
from gateway.model.call import Call, Kind
from gateway.model.head import Headers, RequestHead
from gateway.model.principal import Principal, PrincipalKind
from gateway.policy.context import RequestContext
from gateway.protocols.base import Reading
from gateway.protocols.mcp import Mcp
from gateway.sessions.seal import Sealer
from gateway.sessions.session_id import BoundSession, open_session, seal_session
from gateway.wire import strictjson

CHUNK: Final = 5
"""Operations of one sample: short, so that some samples meet no interruption."""

CALLER: Final = Principal(PrincipalKind.KEY, "", principal(0))
LIST_SIZE: Final = 100
MANY: Final = 1000
NOW: Final = 1_800_000_000.0

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One exchange: so many policies, of which `width` can match."""

    policies: int
    width: int = 1
    kilobytes: int = 1

    def __str__(self) -> str:
        return f"{self.kilobytes} KB, {self.policies} policies, {self.width} can match"


CASES: Final = (Case(1), Case(100), Case(1000), Case(1000, 10), Case(1000, 100), Case(100, 1, 100))


@dataclass(frozen=True, slots=True)
class Figure:
    """A cost in microseconds of CPU time: the spread over rounds of the best sample of each.

    Other processes can only add to a sample, so the best is nearest to the truth."""

    name: str
    unit: str
    spread: Spread


def work(progress: Progress, *, rounds: int, seconds: float) -> list[Figure]:
    """The whole of an exchange, from Envoy's bytes to ours: codec, machine, pipeline, record."""
    progress("own work: compiling policies")
    with contextlib.ExitStack() as stack:
        workers = {
            policies: stack.enter_context(in_process(policies))
            for policies in {case.policies for case in CASES}
        }
        return asyncio.run(_work(workers, progress, rounds, seconds))


async def _work(
    workers: Mapping[int, InProcess], progress: Progress, rounds: int, seconds: float
) -> list[Figure]:
    bests: dict[Case, list[float]] = {case: [] for case in CASES}
    for number, case in itertools.product(range(rounds), CASES):
        progress(f"own work, round {number + 1}/{rounds}: {case}")
        call = ToolCall(case.kilobytes * KILOBYTE, case.width)
        messages = request(case.policies, call)
        bests[case].append(await best_served(workers[case.policies], messages, seconds, CHUNK))
    for worker in workers.values():
        await worker.close()
    return [Figure(f"own work, {case}", "µs", Spread.of(found)) for case, found in bests.items()]


def decide(progress: Progress, *, rounds: int, seconds: float) -> list[Figure]:
    """The policy decision alone."""
    cases = [case for case in CASES if case.kilobytes == 1]
    bests: dict[Case, list[float]] = {case: [] for case in cases}
    for number, case in itertools.product(range(rounds), cases):
        progress(f"decide, round {number + 1}/{rounds}: {case}")
        call, context = _call(case.width), _context(case.policies)
        judge = partial(snapshot_of(case.policies).policies.decide, call, CALLER, context)
        bests[case].append(best_of(judge, seconds))
    return [
        Figure(f"decide, {case.policies} policies, {case.width} can match", "µs", Spread.of(found))
        for case, found in bests.items()
    ]


def session(progress: Progress, *, rounds: int, seconds: float) -> list[Figure]:
    """Session ids: sealed when a session begins, opened with every request."""
    progress("session ids")
    sealer = Sealer([bytes(range(200, 232))], 86_400)
    bound = BoundSession("backend-0", "10.1.2.3:8080", "5d3f6f0e7c334f1c9f0a2d8e3a4b5c6d")
    token = seal_session(sealer, CALLER, bound, NOW)
    opening = timed(lambda: open_session(sealer, CALLER, "backend-0", token, NOW), rounds, seconds)
    sealing = timed(lambda: seal_session(sealer, CALLER, bound, NOW), rounds, seconds)
    return [Figure("open a session id", "µs", opening), Figure("seal a session id", "µs", sealing)]


def lists(progress: Progress, *, rounds: int, seconds: float) -> list[Figure]:
    """tools/list of 100 tools, each judged by 1,000 policies."""
    progress("list filtering")
    policies, context = snapshot_of(MANY).policies, _context(MANY)
    opening = Mcp(batches=False, origins=frozenset(), body_limit=2**20).open(context.head)
    tools = [_tool(f"probe-{i}" if i in PROBES else f"tool-{i}") for i in range(LIST_SIZE)]
    body = strictjson.dumps({"jsonrpc": "2.0", "id": 7, "result": {"tools": tools}})

    def filtered() -> bytes:
        reading = Reading(
            shows=lambda method, item: policies.shows(method, item, CALLER, context),
            limit=2**20,
            calls={7: "tools/list"},
        )
        reader = opening.reader("application/json", reading)
        if reader is None:
            raise RuntimeError("no reader for JSON")
        return reader.feed(body) + reader.finish()

    if b"probe-1" not in filtered() or b"tool-3" in filtered():
        raise RuntimeError("the list is not filtered")
    label = f"filter a list of {LIST_SIZE} tools by 1,000 policies"
    return [Figure(label, "µs", timed(filtered, rounds, seconds, chunk=1))]


def timed(
    operation: Callable[[], object], rounds: int, seconds: float, chunk: int = CHUNK
) -> Spread:
    """CPU time of one `operation` in microseconds."""
    return Spread.of([best_of(operation, seconds, chunk) for _ in range(rounds)])


def best_of(operation: Callable[[], object], seconds: float, chunk: int = CHUNK) -> float:
    """The same of one round."""
    ends, best = time.perf_counter() + seconds, float("inf")
    while time.perf_counter() < ends:
        started = time.process_time_ns()
        for _ in range(chunk):
            operation()
        best = min(best, time.process_time_ns() - started)
    return best / chunk / 1000


def _call(width: int) -> Call:
    arguments = {"owner": "acme", "limit": 20}
    attributes = {"method": "tools/call", "name": f"probe-{width}", "arguments": arguments}
    return Call(
        "mcp",
        "tools/call",
        Kind.REQUEST,
        7,
        f"probe-{width}",
        REVISION,
        dict(attributes),  # pyright: ignore[reportArgumentType]  nested literals are inferred too narrowly
    )


def _context(policies: int) -> RequestContext:
    headers = Headers([("x-api-key", api_key(0))])
    backend = corpus(policies).backends[0]
    head = RequestHead("POST", f"/{backend}", headers=headers, route=backend)
    return RequestContext(head, backend, NOW, "agents")


def _tool(name: str) -> strictjson.JsonValue:
    schema: strictjson.JsonValue = {"type": "object", "properties": {"owner": {"type": "string"}}}
    return {"name": name, "description": "Does what it says. " * 10, "inputSchema": schema}
