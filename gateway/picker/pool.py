"""One pool's picker: matches, ranks, charges and remembers in one step. Pure: no I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.picker.endpoint import Endpoint, EndpointState
from gateway.picker.index import DEFAULT_TOKENS, MAX_BLOCKS, MAX_RUNS, Lease, PrefixIndex
from gateway.picker.learning import Began, Ended, Learner
from gateway.picker.ledger import TTL, Account, Ledger
from gateway.picker.observed import Watch
from gateway.picker.profile import Candidate, Profile, Ranked, Ranking
from gateway.picker.saturation import saturation
from gateway.picker.tokens import TokenEstimate

STALE: Final = 10.0
"""Seconds after which a scrape says nothing any more."""

FALLBACKS: Final = 2
_MOSTLY: Final = 0.5
"""Share of requests whose first token is seen, above which one that is not seen has not come."""

_SPEED: Final = 10_000.0
"""Prompt tokens per second, for a profile that learns none."""

_ANSWER: Final = 256.0
"""Tokens that an answer is thought to have before any was seen."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a pool keeps at most: blocks and runs of the prefix index; seconds that a scrape is
    believed, and seconds after which a request whose end nobody reported is over."""

    max_blocks: int = MAX_BLOCKS
    max_runs: int = MAX_RUNS
    stale: float = STALE
    ttl: float = TTL


@dataclass(slots=True)
class _Open:
    """A request that is placed and not finished."""

    demand: Demand
    state: EndpointState
    lease: Lease | None
    at: float
    prompt_tokens: int
    work_tokens: float
    context_tokens: float
    first: float | None = None
    expected: float | None = None
    transfer: float = 0.0
    prefill: int | None = None
    prefill_lease: Lease | None = None


class PoolPicker:
    """Places requests on the endpoints of one pool. A shadow profile sees the same and is only
    counted: `agreed` of `compared` picks were the same."""

    def __init__(
        self,
        profile: Profile,
        *,
        name: str = "",
        shadow: Profile | None = None,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        self.name = name
        self.profile = profile
        self.shadow = shadow
        self.index = PrefixIndex(limits.max_blocks, limits.max_runs)
        self.estimate = TokenEstimate()
        self.ledger = Ledger(limits.ttl)
        self.compared = 0
        self.agreed = 0
        self._stale = limits.stale
        self._states: dict[str, EndpointState] = {}
        self._open: dict[int, _Open] = {}
        self._block_bytes = 1024
        self._answer = _ANSWER
        self._answers = 0
        self._seen = 0.0
        self._due: list[tuple[float, int]] = []
        self._watches: dict[str, Watch] = {}
        self._learners: list[Learner] = []
        self.use(profile, shadow)

    def use(self, profile: Profile, shadow: Profile | None = None) -> None:
        """Rank by `profile` from now on. What is in flight, and in caches, stays known; what a
        profile has learnt goes with it."""
        self.profile = profile
        self.shadow = shadow
        self._learners = [each for each in (profile, shadow) if isinstance(each, Learner)]
        for learner in self._learners:
            learner.watch(self.index)

    def set_endpoints(self, endpoints: Sequence[Endpoint], now: float) -> None:
        """The endpoints that the pool has from now on. One that is new, or comes back, starts with
        nothing in flight and an empty cache."""
        del now
        wanted = {endpoint.address: endpoint for endpoint in endpoints}
        for address in [each for each in self._states if each not in wanted]:
            del self._states[address], self._watches[address]
            self.index.leave(address)
            for learner in self._learners:
                learner.left(address)
        for address, endpoint in wanted.items():
            state = self._states.get(address)
            if state is None:
                self._states[address] = EndpointState(endpoint, Account())
                self._watches[address] = Watch()
                self.index.join(address, self._blocks(DEFAULT_TOKENS))
            else:
                state.endpoint = endpoint

    def scraped(self, address: str, load: EngineLoad | None, now: float) -> None:
        """A scrape of an endpoint; None: it failed, and the last one is believed until it is
        stale."""
        state = self._states.get(address)
        if state is None:
            return
        if load is None:
            self._refresh(state, now)
            return
        state.load = load
        state.since_scrape = (
            sum(1 for charge in state.in_flight.queue.values() if charge.at >= load.at)
            if isinstance(state.in_flight, Account)
            else 0
        )
        self.index.resize(address, self._blocks(load.cache_tokens or DEFAULT_TOKENS))
        watch = self._watches[address]
        began = watch.began(address, load)
        step = watch.step(load)
        flight = state.in_flight
        for learner in self._learners:
            if began is not None and self._seen < _MOSTLY:
                learner.began(began)
            if step is not None and flight.requests:
                context = flight.context_tokens - flight.prefill_tokens
                learner.stepped(address, step, context, now)

    def place(self, demand: Demand, now: float, waited: float = 0.0) -> Placement | Dropped:
        """Pick an endpoint and charge it. Nothing can come between the two, so that each request
        of a burst sees those before it."""
        self.expire(now)
        self._assume(now)
        candidates = self._candidates(demand, now)
        ranking = self.profile.rank(demand, candidates, now)
        self._compare(demand, candidates, ranking, now)
        if not ranking.order:
            return Dropped(Drop.NO_ENDPOINTS, waited=waited)
        return self._charge(demand, ranking, now, waited)

    def first_token(self, ticket: int, now: float) -> None:
        """The first token of a placed request came."""
        open_ = self._open.get(ticket)
        if open_ is None or open_.first is not None:
            return
        self.ledger.first_token(ticket, now)
        self._end_prefill(open_, now)
        open_.first = now
        self._tell_began(open_, now - open_.at, now)

    def finish(self, ticket: int, served: Served, now: float) -> None:
        """A placed request is over. Only the first report of a ticket counts."""
        open_ = self._open.pop(ticket, None)
        self.ledger.finish(ticket, now)
        if open_ is None:
            return
        self._end_prefill(open_, now)
        self._learn(open_, served, now)
        self._settle(open_, served)

    def expire(self, now: float) -> None:
        """End requests whose end nobody reported."""
        for ticket in self.ledger.expire(now):
            self.finish(ticket, Served(), now)

    def saturation(self, now: float) -> float:
        """How full the pool is, 0 to 1 and above; see `gateway.picker.saturation`."""
        for state in self._states.values():
            self._refresh(state, now)
        return saturation(list(self._states.values()))

    def states(self) -> Sequence[EndpointState]:
        """All endpoints, healthy or not."""
        return tuple(self._states.values())

    def explain(self, demand: Demand, now: float) -> Sequence[Ranked]:
        """The candidates as they would be ranked, best first. Nothing is charged or learnt."""
        return self.profile.rank(demand, self._candidates(demand, now), now).order

    def _assume(self, now: float) -> None:
        """Of answers that the gateway does not read, take the first token to have come when it was
        predicted: otherwise long answers would count as prefill to their end."""
        while self._due and self._due[0][0] <= now:
            at, ticket = heappop(self._due)
            open_ = self._open.get(ticket)
            if open_ is None:
                continue
            watch = self._watches.get(open_.state.address)
            if watch is not None and not open_.transfer:
                watch.expected(open_.work_tokens, open_.context_tokens)
            if self._seen < _MOSTLY:
                self.ledger.first_token(ticket, at)
                self._end_prefill(open_, at)

    def _speed(self, address: str, now: float) -> float:
        for learner in self._learners:
            return learner.speed(address, now)
        return _SPEED

    def _candidates(self, demand: Demand, now: float) -> list[Candidate]:
        self._block_bytes = demand.block_bytes
        tokens = self.estimate.tokens(demand.model, demand.prompt_bytes) + demand.media_tokens
        per_block = demand.block_bytes / self.estimate.bytes_per_token(demand.model)
        matched = self.index.match(demand.chain) if demand.chain else {}
        subset = None if demand.subset is None else frozenset(demand.subset)
        found: list[Candidate] = []
        for address, state in self._states.items():
            if not state.endpoint.healthy or (subset is not None and address not in subset):
                continue
            self._refresh(state, now)
            blocks = matched.get(address)
            cached = min(round(blocks * per_block), tokens) if blocks else 0
            found.append(Candidate(state, cached, tokens))
        return found

    def _compare(
        self, demand: Demand, candidates: Sequence[Candidate], ranking: Ranking, now: float
    ) -> None:
        if self.shadow is None or not ranking.order:
            return
        other = self.shadow.rank(demand, candidates, now)
        self.compared += 1
        if other.order and other.order[0].candidate is ranking.order[0].candidate:
            self.agreed += 1
        if other.order:
            self.shadow.placed(demand, ranking.order[0].candidate, now)

    def _charge(self, demand: Demand, ranking: Ranking, now: float, waited: float) -> Placement:
        best = ranking.order[0]
        candidate, state = best.candidate, best.candidate.state
        account = state.in_flight
        assert isinstance(account, Account)  # every state is made by set_endpoints
        answer = self._expected_answer(demand)
        uncached = 0 if ranking.prefiller else candidate.uncached_tokens
        work = uncached + account.front(now, self._speed(state.address, now))
        context = account.context_tokens - account.prefill_tokens
        ticket = self.ledger.charge(
            account,
            state.address,
            uncached,
            candidate.prompt_tokens + round(answer),
            now,
        )
        state.since_scrape += 1
        lease = self.index.enter(state.address, demand.chain, self._blocks(answer / 2))
        open_ = _Open(demand, state, lease, now, candidate.prompt_tokens, work, context)
        open_.expected = best.expected
        self._open[ticket] = open_
        self._charge_prefiller(open_, ranking, now)
        if best.expected is not None:
            heappush(self._due, (now + best.expected / 1000, ticket))
        self.profile.placed(demand, candidate, now)
        return Placement(
            ticket,
            state.address,
            pool=self.name,
            profile=self.profile.name,
            fallbacks=tuple(each.candidate.address for each in ranking.order[1 : FALLBACKS + 1]),
            prefiller=ranking.prefiller,
            expected=best.expected,
            cached_tokens=candidate.cached_tokens,
            prompt_tokens=candidate.prompt_tokens,
            waited=waited,
            scores={each.candidate.address: each.parts for each in ranking.order},
        )

    def _charge_prefiller(self, open_: _Open, ranking: Ranking, now: float) -> None:
        """The endpoint that prefills first has its own charge, until the first token."""
        state = self._states.get(ranking.prefiller or "")
        if state is None or not isinstance(state.in_flight, Account):
            return
        open_.transfer = ranking.order[0].parts.get("transfer", 0.0)
        matched = self.index.match(open_.demand.chain).get(state.address, 0)
        per_block = self._block_bytes / self.estimate.bytes_per_token(open_.demand.model)
        tokens = max(open_.prompt_tokens - round(matched * per_block), 0)
        open_.prefill = self.ledger.charge(
            state.in_flight, state.address, tokens, open_.prompt_tokens, now
        )
        open_.prefill_lease = self.index.enter(state.address, open_.demand.chain)

    def _end_prefill(self, open_: _Open, now: float) -> None:
        if open_.prefill is not None:
            self.ledger.finish(open_.prefill, now)
            open_.prefill = None
        if open_.prefill_lease is not None:
            self.index.release(open_.prefill_lease)
            open_.prefill_lease = None

    def _expected_answer(self, demand: Demand) -> float:
        limit = demand.output_limit
        return self._answer if limit is None else min(self._answer, limit)

    def _learn(self, open_: _Open, served: Served, now: float) -> None:
        demand = open_.demand
        if served.endpoint not in (None, open_.state.address) or served.status >= 400:
            return
        if open_.first is None and served.first_token is not None:
            open_.first = open_.at + served.first_token
            self._tell_began(open_, served.first_token, now)
        if served.prompt_tokens is not None and not demand.media_tokens:
            self.estimate.learn(demand.model, demand.prompt_bytes, served.prompt_tokens)
        if served.cached_tokens is not None and open_.lease is not None and demand.chain:
            per_block = demand.block_bytes / self.estimate.bytes_per_token(demand.model)
            self.index.reported(open_.lease, served.cached_tokens / per_block)
        if served.output_tokens is not None:
            self._answers += 1
            self._answer += (served.output_tokens - self._answer) / min(self._answers + 1, 50)
        self._seen += ((open_.first is not None) - self._seen) * 0.02
        answering = None if open_.first is None else now - open_.first
        for learner in self._learners:
            learner.ended(
                Ended(
                    open_.state.address,
                    now - open_.at,
                    answering,
                    served.output_tokens,
                    (open_.context_tokens + open_.state.in_flight.context_tokens) / 2
                    + open_.prompt_tokens,
                    now,
                )
            )

    def _settle(self, open_: _Open, served: Served) -> None:
        """Let the cache of the endpoint that served have what it read, and no other."""
        chain = open_.demand.chain
        answer = served.output_tokens
        left = self._blocks(self._expected_answer(open_.demand) if answer is None else answer)
        moved = served.endpoint not in (None, open_.state.address)
        unread = open_.first is None and (served.status >= 400 or served.status == 0)
        if open_.lease is not None:
            if moved or unread:
                self.index.withdraw(open_.lease, chain)
            else:
                self.index.release(open_.lease, left)
        if moved and served.endpoint is not None and not unread:
            lease = self.index.enter(served.endpoint, chain)
            if lease is not None:
                self.index.release(lease, left)

    def _tell_began(self, open_: _Open, seconds: float, now: float) -> None:
        for learner in self._learners:
            if open_.transfer:
                rest = ((open_.expected or 0.0) - open_.transfer) / 1000
                learner.moved(seconds - rest, open_.prompt_tokens)
                continue
            learner.began(
                Began(open_.state.address, seconds, open_.work_tokens, open_.context_tokens, now)
            )

    def _refresh(self, state: EndpointState, now: float) -> None:
        if state.load is not None and now - state.load.at > self._stale:
            state.load = None

    def _blocks(self, tokens: float) -> float:
        return tokens * self.estimate.bytes_per_token() / self._block_bytes
