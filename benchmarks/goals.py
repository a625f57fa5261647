"""What was aimed at, and what a run saw of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks import picking, protocols, through_envoy
from benchmarks.cells import Cell, Sample, p50, rate
from benchmarks.contenders import ALONE, CONTINUE, GATEHOUSE
from benchmarks.litellm_proxy import NAME as LITELLM
from benchmarks.messages import KILOBYTE
from benchmarks.micro import Figure
from benchmarks.protocols import ITSELF, USAGE_ALL, USAGE_JSON, USAGE_OFF
from benchmarks.soak import Soak
from benchmarks.spread import Spread

WORK_GOAL: Final = 150.0
LATENCY_GOAL: Final = 0.25
MANY_GOAL: Final = 1.5
RSS_GOAL: Final = 2.0
OPEN_GOAL: Final = 5.0
RATE_GOAL: Final = 50.0
SHARE_GOAL: Final = 0.1
UNREAD_GOAL: Final = 1.1
EVENT_GOAL: Final = 100.0
PICK_GOALS: Final = ((400_000, 2000.0), (100_000, None), (0, 700.0))
"""Least size of a request in bytes, and microseconds: 1 KB and 400 KB have a goal."""

WORK: Final = "own work, 1 KB, 100 policies, 1 can match"
WORK_ONE: Final = "own work, 1 KB, 1 policies, 1 can match"
WORK_MANY: Final = "own work, 1 KB, 1000 policies, 1 can match"
DECIDE_ONE: Final = "decide, 1 policies, 1 can match"
DECIDE_MANY: Final = "decide, 1000 policies, 1 can match"
OPEN: Final = "open a session id"


@dataclass(frozen=True, slots=True)
class Goal:
    """A promise, and what was seen of it. It is kept by what is at most `limit`, or with
    `at_least` by what is no less."""

    name: str
    limit: float
    spread: Spread
    unit: str
    at_least: bool = False

    @property
    def seen(self) -> float:
        """The median."""
        return self.spread.median

    @property
    def met(self) -> bool:
        """Whether what was seen is within the limit."""
        return self.seen >= self.limit if self.at_least else self.seen <= self.limit

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "name": self.name,
            "limit": self.limit,
            "at_least": self.at_least,
            "seen": self.seen,
            "low": self.spread.low,
            "high": self.spread.high,
            "unit": self.unit,
            "met": self.met,
        }

    def text(self, *, colour: bool) -> str:
        """As a line."""
        word = "met   " if self.met else "missed"
        if colour:
            word = f"\x1b[{32 if self.met else 31}m{word}\x1b[0m"
        bound = "at least" if self.at_least else "at most"
        return f"{word}  {self.name}: {self.spread.text(2)} {self.unit} ({bound} {self.limit:g})"


def goals(
    figures: Sequence[Figure], cells: Sequence[Cell], soaks: Sequence[Soak]
) -> Iterable[Goal]:
    """The goals of which something was measured."""
    yield from _of_this_process({figure.name: figure.spread for figure in figures})
    by_name = {(cell.bench, cell.connections, cell.contender.name): cell for cell in cells}
    yield from _added_latency(cells)
    yield from _rate_of_litellm(by_name)
    yield from _latency_of_litellm(by_name)
    yield from _unread_stream(by_name)
    yield from _events(by_name)
    yield from _picks(cells)
    for soak in soaks:
        name = f"RSS after {soak.late:,} requests against {soak.early:,}, {soak.name}: growth"
        yield Goal(name, RSS_GOAL, Spread.of([soak.growth * 100]), "%")


Cells = Mapping[tuple[str, int, str], Cell]


def _of_this_process(figures: Mapping[str, Spread]) -> Iterable[Goal]:
    if WORK in figures:
        yield Goal(f"{WORK}: CPU", WORK_GOAL, figures[WORK], "µs")
        many = _quotient(figures[WORK_MANY], figures[WORK_ONE])
        yield Goal("own work, 1,000 policies against one", MANY_GOAL, many, "x")
    if DECIDE_ONE in figures:
        many = _quotient(figures[DECIDE_MANY], figures[DECIDE_ONE])
        yield Goal("decide, 1,000 policies against one", MANY_GOAL, many, "x")
    if OPEN in figures:
        yield Goal(OPEN, OPEN_GOAL, figures[OPEN], "µs")


def _quotient(value: Spread, base: Spread) -> Spread:
    return Spread.of([value.median / base.median])


def _added_latency(cells: Sequence[Cell]) -> Iterable[Goal]:
    calls = [cell for cell in cells if cell.bench == through_envoy.BENCH]
    least = min((len(cell.call.body) for cell in calls), default=0)
    alone = [cell for cell in calls if cell.connections == 1 and len(cell.call.body) == least]
    idle = next((cell for cell in alone if cell.contender.name == CONTINUE), None)
    for cell in alone:
        if idle is not None and cell.contender.name == GATEHOUSE and cell.contender.width == 1:
            added = cell.against(idle, p50, ratio=False)
            name = f'p50 over "continue", 1 connection, {cell.contender.policies} policies'
            yield Goal(name, LATENCY_GOAL, added, "ms")


def _rate_of_litellm(cells: Cells) -> Iterable[Goal]:
    for bench, connections, name in cells:
        theirs = cells.get((bench, connections, LITELLM))
        if bench == protocols.CHAT and name == USAGE_JSON and theirs is not None:
            seen = cells[bench, connections, name].against(theirs, rate, ratio=True)
            label = f"chat, {_connections(connections)}: requests/s, of LiteLLM's"
            yield Goal(label, RATE_GOAL, seen, "x", at_least=True)


def _connections(count: int) -> str:
    return f"{count} connection{'s' * (count > 1)}"


def _latency_of_litellm(cells: Cells) -> Iterable[Goal]:
    """Of what each adds to the upstream itself: Envoy counts as ours."""
    names = (USAGE_JSON, LITELLM, ITSELF)
    ours, theirs, bare = (cells.get((protocols.CHAT, 1, name)) for name in names)
    if ours is not None and theirs is not None and bare is not None:
        seen = _shares(ours, theirs, bare, bare, p50)
        yield Goal("chat, 1 connection: p50 added, of LiteLLM's", SHARE_GOAL, seen, "x")


def _unread_stream(cells: Cells) -> Iterable[Goal]:
    """Only Envoy has to do with it, as the messages show, and judging costs the same before a
    stream as before an answer of JSON: what is compared is Envoy's CPU time beyond such a one."""
    for bench, connections, name in cells:
        if bench == protocols.PACED and name == USAGE_OFF:
            loads = [(kind, connections) for kind in (protocols.PACED, protocols.CHAT)]
            ours = [cells.get((*load, USAGE_OFF)) for load in loads]
            theirs = [cells.get((*load, ALONE)) for load in loads]
            match (*ours, *theirs):
                case Cell() as stream, Cell() as whole, Cell() as bare, Cell() as bare_whole:
                    seen = _shares(stream, bare, whole, bare_whole, lambda one: one.envoy_us)
                    label = (
                        "a stream that nothing reads: Envoy's CPU beyond JSON's, of Envoy alone's"
                    )
                    yield Goal(label, UNREAD_GOAL, seen, "x")
                case _:
                    return


def _shares(
    ours: Cell, theirs: Cell, our_base: Cell, their_base: Cell, figure: Callable[[Sample], float]
) -> Spread:
    """What ours has beyond its base, of what theirs has beyond its own, round by round."""
    rounds = zip(ours.samples, our_base.samples, theirs.samples, their_base.samples, strict=True)
    values = [[figure(one) for one in samples] for samples in rounds]
    over = [a - a_base for a, a_base, _, _ in values]
    base = [b - b_base for _, _, b, b_base in values]
    return Spread.of_pairs(over, base, ratio=True)


def _picks(cells: Sequence[Cell]) -> Iterable[Goal]:
    """CPU of the gateway, with as many requests at a time as the published tests have."""
    for cell in cells:
        size = len(cell.call.body)
        limit = next((most for least, most in PICK_GOALS if size >= least), None)
        if cell.bench == picking.BENCH and cell.contender.worker and cell.connections > 1 and limit:
            kilobytes = round(size / KILOBYTE)
            name = f"pick, {kilobytes} KB, {cell.contender.name}: worker CPU"
            yield Goal(name, limit, cell.spread(lambda one: one.worker_us), "µs")


def _events(cells: Cells) -> Iterable[Goal]:
    for (bench, connections, name), read in cells.items():
        unread = cells.get((bench, connections, USAGE_OFF))
        if name == USAGE_ALL and unread is not None:
            count = read.call.events
            added = read.against(unread, lambda one: one.worker_us, ratio=False)
            seen = Spread(added.median / count, added.low / count, added.high / count)
            label = f"usage: all, {bench}, {_connections(connections)}: worker CPU an event"
            yield Goal(label, EVENT_GOAL, seen, "µs")
