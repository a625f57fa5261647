"""The default profile: predicted milliseconds to the first token, and what they cost others. Pure.

The predicted time is the prefill work in front of the request, its own uncached tokens, the steps
that running answers slow down, the wait for memory, an adapter and the network. To it comes what
placing the request there costs other requests, all in the same milliseconds:

- `others`: by the first policy iteration for size-aware dispatching, with arrivals at rate l per
  endpoint and utilisation r, work x behind a backlog v delays later ones by
  l * x * (2v + x) / (2 (1 - r)) (Hyytia, Penttinen, Aalto: Size- and state-aware dispatching
  problem with queue-specific job sizes, EJOR 217, 2012);
- `crowding`: the share of the cache that it takes for as long as requests stay, with the price
  u / (1 - u) of a place in a system of utilisation u;
- `eviction`: what its blocks displace has to be computed again, as likely as prompts are cached;
- `answer`: its answer and the running ones slow each other down, each step by its context.

On an idle pool the soonest endpoint wins; the busier the pool, the more recomputing what another
endpoint has cached has to gain.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Final

from gateway.model.demand import Demand
from gateway.picker.affinity import Sessions, adapter_seconds
from gateway.picker.disaggregation import Disaggregation, Priced, split
from gateway.picker.index import PrefixIndex
from gateway.picker.learning import Began, Ended
from gateway.picker.ledger import Account
from gateway.picker.profile import Candidate, Ranked, Ranking
from gateway.picker.rates import Rates

_WINDOW: Final = 20.0
"""Seconds over which arrivals and their work are averaged."""

_BUSIEST: Final = 0.95
"""Utilisation above which a price does not rise any more: it would be without bound at 1."""

_ANSWER_WEIGHT: Final = 0.1
"""A second of an answer against one before its first token: readers are slower than servers."""

_RECENT: Final = 50
"""Observations over which means are taken."""

_NAMES: Final = (
    *("queue", "prefill", "decode", "memory", "adapter", "network", "elsewhere", "transfer"),
    *("others", "crowding", "eviction", "answer", "session"),
)


class Parts(Mapping[str, float]):
    """The parts of a cost, in milliseconds; `session` is taken off. A dict for each candidate would
    take longer than its cost."""

    __slots__ = ("_values",)

    def __init__(self, seconds: tuple[float, ...]) -> None:
        self._values = seconds

    def __getitem__(self, name: str) -> float:
        try:
            return self._values[_NAMES.index(name)] * 1000
        except ValueError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


@dataclass(frozen=True, slots=True)
class _Moment:
    """What is the same for all candidates of a request; `growth` is what each token of context
    among running answers costs in seconds of all of an answer's steps, weighted."""

    demand: Demand
    now: float
    pressure: float
    session: str | None
    block_tokens: float
    adapter: bool
    base: float
    per_token: float
    interference: float
    growth: float
    elsewhere: float = 0.0
    transfer: float = 0.0
    relieved: bool = False


class CostProfile:
    """Minimum cost wins; equal costs take turns. Endpoints that keep to the request's SLOs go
    before those that do not."""

    def __init__(self, name: str = "default") -> None:
        self.name = name
        self.rates = Rates()
        self.disaggregation = Disaggregation()
        self._sessions = Sessions()
        self._index: PrefixIndex | None = None
        self._turn = 0
        self._arrivals = 0.0
        self._work = 0.0
        self._at = 0.0
        self._output, self._answers = 256.0, 1
        self._stay, self._ends = 10.0, 1
        self._reuse = 0.5
        self._uncached = 0.0

    def watch(self, index: PrefixIndex) -> None:
        """As in `Learner`."""
        self._index = index

    def rank(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> Ranking:
        """All candidates that may answer, cheapest first."""
        answering, prefillers = split(candidates)
        if not answering:
            return Ranking(())
        moment = self._moment(demand, answering, now)
        order = self._order(answering, moment)
        if not prefillers:
            return Ranking(tuple(ranked for _, ranked in order))
        return self._disaggregated(order, answering, prefillers, moment)

    def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:
        """Count the arrival and its work."""
        if candidate.prompt_tokens:
            cached = min(candidate.cached_tokens / candidate.prompt_tokens, 1.0)
            self._reuse += (cached - self._reuse) * 0.01
        fade = exp(-max(now - self._at, 0.0) / _WINDOW)
        seconds = candidate.uncached_tokens * self.rates.per_token
        self._arrivals = self._arrivals * fade + 1
        self._work = self._work * fade + seconds * self.rates.pace(candidate.address, now)
        self._uncached += (candidate.uncached_tokens - self._uncached) / _RECENT
        self._at = now
        self._turn += 1
        self._sessions.placed(demand.session, candidate.address, now)

    def speed(self, address: str, now: float) -> float:
        """As in `Learner`."""
        return 1 / (self.rates.per_token * self.rates.pace(address, now))

    def began(self, event: Began) -> None:
        """Learn how fast the endpoint reads."""
        for _ in range(event.count):
            self.rates.learn_first(
                event.address, event.seconds, event.work_tokens, event.context_tokens, event.now
            )

    def ended(self, event: Ended) -> None:
        """Learn how long requests stay, and how long answers are."""
        self._ends += 1
        self._stay += (event.seconds - self._stay) / min(self._ends, _RECENT)
        if event.output_tokens is None:
            return
        self._answers += 1
        self._output += (event.output_tokens - self._output) / min(self._answers, _RECENT)
        if event.answering is not None and event.output_tokens > 1:
            step = event.answering / (event.output_tokens - 1)
            self.stepped(event.address, step, event.context_tokens, event.now)

    def stepped(self, address: str, seconds: float, context_tokens: float, now: float) -> None:
        """Learn how fast the endpoint writes."""
        self.rates.learn_step(address, seconds, context_tokens, now)

    def moved(self, seconds: float, tokens: int) -> None:
        """Learn how long keys and values take from one endpoint to another."""
        self.disaggregation.learn(seconds, tokens)

    def left(self, address: str) -> None:
        """Forget the endpoint."""
        self.rates.forget(address)

    def _moment(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> _Moment:
        fade = exp(-max(now - self._at, 0.0) / _WINDOW) / _WINDOW / len(candidates)
        busy = min(self._work * fade, _BUSIEST)
        tokens = candidates[0].prompt_tokens - demand.media_tokens
        per_byte = tokens / demand.prompt_bytes if demand.prompt_bytes and tokens > 0 else 0.25
        loads = [each.state.load for each in candidates]
        known = any(
            demand.model in load.running_adapters or demand.model in load.waiting_adapters
            for load in loads
            if load is not None and load.max_adapters is not None
        )
        return _Moment(
            demand,
            now,
            self._arrivals * fade / (2 * (1 - busy)),
            self._sessions.at(demand.session, now) if demand.session else None,
            demand.block_bytes * per_byte,
            known,
            self.rates.base,
            self.rates.per_token,
            self.rates.interference,
            self.rates.step_per_token * self._output * _ANSWER_WEIGHT,
        )

    def _order(
        self, candidates: Sequence[Candidate], moment: _Moment
    ) -> list[tuple[tuple[int, float], Ranked]]:
        priced = [self._price(candidate, moment) for candidate in candidates]
        turn = self._turn % len(priced)
        priced = priced[turn:] + priced[:turn]
        priced.sort(key=lambda each: each[0])
        return priced

    def _price(self, candidate: Candidate, moment: _Moment) -> tuple[tuple[int, float], Ranked]:
        """((SLOs missed, cost to a tenth of a millisecond), candidate with its parts)."""
        state = candidate.state
        flight, endpoint = state.in_flight, state.endpoint
        pace = self.rates.pace(endpoint.address, moment.now)
        per_token = moment.per_token * pace
        slowed = moment.interference * (flight.context_tokens - flight.prefill_tokens) * pace
        front = float(flight.prefill_tokens)
        if front and isinstance(flight, Account):
            front = flight.front(moment.now, 1 / (per_token + slowed))
        if state.load is not None and state.load.waiting:
            front += max(state.load.waiting - flight.prefilling, 0) * self._uncached
        own = 0 if moment.relieved else candidate.uncached_tokens
        demand = moment.demand
        memory, crowding, evicted = self._space(candidate, moment.block_tokens)
        adapter = adapter_seconds(demand.model, state.load, self._stay) if moment.adapter else 0.0
        prefill = moment.base * pace + own * per_token
        expected = (
            front * per_token
            + prefill
            + (front + own) * slowed
            + memory
            + adapter
            + endpoint.round_trip
            + moment.elsewhere
            + moment.transfer
        )
        work = own * (per_token + slowed)
        others = moment.pressure * work * (2 * front * (per_token + slowed) + work)
        size = candidate.prompt_tokens + self._output
        answer = moment.growth * pace * (flight.context_tokens + flight.requests * size)
        eviction = evicted * per_token * self._reuse
        session = self._output * per_token if endpoint.address == moment.session else 0.0
        cost = expected + others + crowding + eviction + answer - session
        parts = Parts(
            (
                *(front * per_token, prefill, (front + own) * slowed, memory, adapter),
                *(endpoint.round_trip, moment.elsewhere, moment.transfer),
                *(others, crowding, eviction, answer, session),
            )
        )
        slo = demand.ttft_slo is not None or demand.tpot_slo is not None
        late = self._late(candidate, demand, expected, pace) if slo else 0
        return (late, round(cost, 4)), Ranked(candidate, parts, expected * 1000)

    def _late(self, candidate: Candidate, demand: Demand, expected: float, pace: float) -> int:
        """0 if it would keep to the SLOs, 1 if only answers were too slow, 2 if the first token
        came too late, 3 for both; the order of llm-d's latency scorer."""
        late = 0
        if demand.ttft_slo is not None and expected > demand.ttft_slo:
            late = 2
        if demand.tpot_slo is not None:
            context = candidate.state.in_flight.context_tokens + candidate.prompt_tokens
            step = (self.rates.step + self.rates.step_per_token * context) * pace
            late += step > demand.tpot_slo
        return late

    def _space(self, candidate: Candidate, block_tokens: float) -> tuple[float, float, float]:
        """Seconds of waiting for memory, seconds that it makes scarce for others, and tokens that
        it evicts."""
        shelf = self._index.shelf(candidate.address) if self._index else None
        if shelf is None or not candidate.prompt_tokens or shelf.size <= 0:
            return 0.0, 0.0, 0.0
        new = (candidate.uncached_tokens + self._output / 2) / block_tokens
        held = shelf.pinned + shelf.reserved
        over = held + new - shelf.size
        wait = over / (held + new) * self._stay if over > 0 else 0.0
        full = min(held / shelf.size, _BUSIEST)
        crowding = new / shelf.size * self._stay * full / (1 - full)
        evicted = min(max(shelf.excess + new, 0.0), new) * block_tokens
        return wait, crowding, evicted

    def _disaggregated(
        self,
        order: list[tuple[tuple[int, float], Ranked]],
        answering: Sequence[Candidate],
        prefillers: Sequence[Candidate],
        moment: _Moment,
    ) -> Ranking:
        """Let another endpoint prefill if that, with the transfer, costs less."""
        alone = Ranking(tuple(ranked for _, ranked in order))
        tokens = answering[0].prompt_tokens
        relieved = self._order(answering, _relieved(moment, 0.0, 0.0))
        priced = [
            Priced(ranked.candidate, (ranked.expected or 0.0) / 1000, cost)
            for (_, cost), ranked in self._order(prefillers, moment)
        ]
        best = self.disaggregation.prefiller(order[0][0][1], relieved[0][0][1], priced, tokens)
        if best is None:
            return alone
        transfer = self.disaggregation.seconds(tokens)
        moved = self._order(answering, _relieved(moment, best.expected, transfer))
        return Ranking(tuple(ranked for _, ranked in moved), best.candidate.address)


def _relieved(moment: _Moment, elsewhere: float, transfer: float) -> _Moment:
    """The same moment for endpoints that get the prompt's keys and values: after so many seconds
    of prefill elsewhere, and so many of transfer."""
    return replace(moment, elsewhere=elsewhere, transfer=transfer, relieved=True)
