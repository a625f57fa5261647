"""Knows every cache and every queue, this instant, and predicts with the engine's own step model.

Greedy: the endpoint whose first token comes soonest, whatever it costs the requests after this
one. It is a yardstick, no bound: who thinks of later requests may beat it.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from math import ceil

from gateway.simulation.engine import Engine
from gateway.simulation.hardware import ADMISSION
from gateway.simulation.job import Job
from gateway.simulation.policy import Observer, Seen
from gateway.simulation.prompt import BLOCK, Run
from gateway.simulation.request import Request

EXACT = 32
"""Of so many waiting requests it knows what they find cached; the rest are taken to be alike."""

FREED_BY = 64
"""Of so many requests that end next it looks at when blocks are short."""


class Oracle(Observer):
    """Argmin of the true model's time to first token; ties at random."""

    name = "oracle"
    interval = 0.0
    estimates = False

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._coming: dict[int, list[tuple[float, Request]]] = {}

    def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
        """As in `Policy`."""
        costs = [round(self._cost(request, one, now), 6) for one in seen]
        low = min(costs)
        place = self.random.choice([at for at, cost in enumerate(costs) if cost == low])
        index = seen[place].index
        self._coming.setdefault(index, []).append((now, request))
        return index

    def _cost(self, request: Request, one: Seen, now: float) -> float:
        """Of an endpoint; requests on their way to it count as if they were waiting."""
        coming = [pair for pair in self._coming.get(one.index, ()) if pair[0] + ADMISSION > now]
        self._coming[one.index] = coming
        return first_token_in(one.engine, request, [pair[1] for pair in coming], now)

    def left(self, index: int, now: float) -> None:
        """As in `Policy`."""
        del now
        self._coming.pop(index, None)


def first_token_in(
    engine: Engine, request: Request, coming: Sequence[Request], now: float
) -> float:
    """Seconds until the first token of `request` if it joined the queue after `coming`."""
    count = len(engine.waiting) + len(coming)
    queue = chain((job.runs for job in engine.waiting), (each.prompt.runs for each in coming))
    known = {run.key for job in engine.prefilling for run in job.runs}
    ahead, ahead_pairs = _work(engine, islice(queue, EXACT), known)
    more = max(count / EXACT, 1.0)
    own, own_pairs = _work(engine, (request.prompt.runs,), known)
    blocks = (ahead * more + own) / BLOCK
    tokens = sum(job.target - job.computed for job in engine.prefilling) + ahead * more + own
    pairs = sum(_pairs(job.computed, job.target) for job in engine.prefilling)
    pairs += ahead_pairs * more + own_pairs
    rest = 0.0 if engine.wake is None else _rest(engine, now)
    budget = max(engine.server.batched_tokens - engine.decoding, 1)
    steps = max(ceil(tokens / budget), 1)
    each = engine.time.step(
        ceil(tokens / steps),
        pairs / steps,
        len(engine.prefilling) + count + 1,
        engine.decoding,
        engine.context,
    )
    return rest + steps * each + _shortage(engine, ceil(blocks))


def _work(engine: Engine, prompts: Iterable[Sequence[Run]], known: set[int]) -> tuple[int, float]:
    """Tokens and pairs of tokens that `prompts` have to compute, one after the other."""
    tokens, pairs = 0, 0.0
    for runs in prompts:
        total = sum(run.tokens for run in runs)
        have = min(matched(engine, runs, known), (total - 1) // BLOCK * BLOCK)
        tokens += total - have
        pairs += _pairs(have, total)
        known.update(run.key for run in runs)
    return tokens, pairs


def matched(engine: Engine, runs: Iterable[Run], known: set[int]) -> int:
    """Tokens that are cached, or will be by what is in front."""
    found = 0
    for key, tokens in runs:
        if key in known:
            found += tokens
            continue
        node = engine.cache.nodes.get(key)
        if node is None:
            break
        have = min(node.blocks * BLOCK, tokens)
        found += have
        if have < tokens:
            break
    return found


def _rest(engine: Engine, now: float) -> float:
    """Until the step under way ends: decode steps taken at once can be cut."""
    assert engine.wake is not None
    if engine.stepping:
        return max(engine.wake - now, 0.0)
    return engine.time.step(0, 0.0, 0, engine.decoding, engine.context) / 2


def _shortage(engine: Engine, blocks: int) -> float:
    """Until requests have ended whose blocks are needed."""
    short = blocks - engine.cache.available
    if short <= 0 or not engine.decoding:
        return 0.0
    steps = 0
    for steps, job in engine.ends_soonest(FREED_BY):  # noqa: B007 the last one is meant
        short -= _freed(job)
        if short <= 0:
            break
    return steps * engine.time.step(0, 0.0, 0, engine.decoding, engine.context)


def _freed(job: Job) -> int:
    holding = job.holding
    if holding is None:
        return 0
    alone = sum(node.blocks for node in holding.nodes if node.pins == 1)
    return alone + holding.total - holding.shared + job.output // BLOCK


def _pairs(begin: int, end: int) -> float:
    return (end * end - begin * begin) / 2
