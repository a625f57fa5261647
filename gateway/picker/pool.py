"""One pool's picker: matches, ranks, charges and remembers in one step. Pure: no I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.picker.answers import Answers
from gateway.picker.endpoint import Endpoint, EndpointState
from gateway.picker.fleet import Fleet
from gateway.picker.fleet_profile import FleetProfile
from gateway.picker.index import DEFAULT_TOKENS, Lease, PrefixIndex
from gateway.picker.learning import Began, Ended, Learner
from gateway.picker.ledger import Account, Ledger
from gateway.picker.limits import Limits
from gateway.picker.observed import Watch
from gateway.picker.profile import Profile, Ranked, Ranking
from gateway.picker.sight import Sight
from gateway.picker.tokens import TokenEstimate
from gateway.picker.trouble import Troubles, progress

FALLBACKS: Final = 2
_MOSTLY: Final = 0.5
"""Share of requests whose first token is seen, above which one that is not seen has not come."""

_SPEED: Final = 10_000.0
"""Prompt tokens per second, for a profile that learns none."""

_FAILURE: Final = 500
"""HTTP status from which on it is the server's fault."""


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
        self.fleet = Fleet(self.index, limits.stale)
        self.troubles = Troubles()
        self._sight = Sight(self.fleet, self.index, self.estimate)
        self._late: list[EndpointState] = []
        self.compared = 0
        self.agreed = 0
        self._states: dict[str, EndpointState] = {}
        self._open: dict[int, _Open] = {}
        self._block_bytes = 1024
        self._answers = Answers()
        self._seen = 0.0
        self._due: list[tuple[float, int]] = []
        self._watches: dict[str, Watch] = {}
        self._learners: list[Learner] = []
        self._pickers: dict[int, FleetProfile] = {}
        self.use(profile, shadow)

    def use(self, profile: Profile, shadow: Profile | None = None) -> None:
        """Rank by `profile` from now on. What is in flight, and in caches, stays known; what a
        profile has learnt goes with it."""
        self.profile = profile
        self.shadow = shadow
        self._learners = [each for each in (profile, shadow) if isinstance(each, Learner)]
        # asked once: to ask a protocol takes longer than to rank a few endpoints
        self._pickers = {
            id(each): each for each in (profile, shadow) if isinstance(each, FleetProfile)
        }
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
            self.troubles.left(address)
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
        self.fleet.begin(tuple(self._states.values()))

    def scraped(self, address: str, load: EngineLoad | None, now: float) -> None:
        """A scrape of an endpoint; None: it failed, and the last one is believed until it is
        stale."""
        state = self._states.get(address)
        if state is None:
            return
        if load is None:
            self.fleet.expire(now)
            return
        if state.load is not None and (moved := progress(state.load, load)) is not None:
            (self.troubles.lives if moved else self.troubles.looked)(address, load.at)
        state.load = load
        if isinstance(state.in_flight, Account):
            state.since_scrape = state.in_flight.unseen(load.at)
        self.fleet.scraped(address, load)
        self.index.resize(address, self._blocks(load.cache_tokens or DEFAULT_TOKENS))
        watch = self._watches[address]
        began = watch.began(address, load)
        step = watch.step(load)
        flight = state.in_flight
        for learner in self._learners:
            if began is not None and self._seen < _MOSTLY:
                learner.began(began)
            if step is not None and flight.requests and state.endpoint.role != "prefill":
                context = flight.context_tokens - flight.prefill_tokens
                learner.stepped(address, step, context, now)

    def place(self, demand: Demand, now: float, waited: float = 0.0) -> Placement | Dropped:
        """Pick an endpoint and charge it. Nothing can come between the two, so that each request
        of a burst sees those before it."""
        self._keep_up(now)
        self._block_bytes = demand.block_bytes
        ranking = self._rank(self.profile, demand, now)
        self._compare(demand, ranking, now)
        if not ranking.order:
            return Dropped(Drop.NO_ENDPOINTS, waited=waited)
        return self._charge(demand, ranking, now, waited)

    def first_token(self, ticket: int, now: float) -> None:
        """The first token of a placed request came."""
        open_ = self._open.get(ticket)
        if open_ is None or open_.first is not None:
            return
        self.ledger.first_token(ticket, now)
        self.fleet.touch(open_.state.address)
        self.troubles.began(ticket, now)
        self._end_prefill(open_, now)
        open_.first = now
        self._tell_began(open_, now - open_.at, now)

    def finish(self, ticket: int, served: Served, now: float) -> None:
        """A placed request is over. Only the first report of a ticket counts."""
        open_ = self._open.pop(ticket, None)
        self.ledger.finish(ticket, now)
        if open_ is None:
            return
        self.fleet.touch(open_.state.address)
        self._end_prefill(open_, now)
        self._judge(ticket, open_, served, now)
        self._learn(open_, served, now)
        self._settle(open_, served)

    def expire(self, now: float) -> None:
        """End requests whose end nobody reported."""
        for ticket in self.ledger.expire(now):
            self.finish(ticket, Served(), now)

    def saturation(self, now: float, capacity: int | None = None) -> float:
        """As `gateway.picker.saturation.saturation`."""
        self._keep_up(now)
        return self.fleet.saturation(capacity)

    def states(self) -> Sequence[EndpointState]:
        """As `Fleet.everyone`."""
        return self.fleet.everyone()

    def explain(self, demand: Demand, now: float) -> Sequence[Ranked]:
        """The candidates as they would be ranked, best first. Nothing is charged or learnt."""
        self.fleet.expire(now)
        self._suspect(now)
        return self.profile.rank(demand, self._sight.candidates(demand), now).order

    def _keep_up(self, now: float) -> None:
        """Let the time that has passed count."""
        self.expire(now)
        self._assume(now)
        self.fleet.expire(now)
        self._suspect(now)

    def _suspect(self, now: float) -> None:
        """Let endpoints be late whose requests are overdue or have failed."""
        late = self.troubles.current(now)
        if not late and not self._late:
            return
        for state in self._late:
            state.late = 0.0
            self.fleet.touch(state.address)
        self._late = [self._states[address] for address in late]
        for state in self._late:
            state.late = late[state.address]
            self.fleet.touch(state.address)

    def _judge(self, ticket: int, open_: _Open, served: Served, now: float) -> None:
        """What the end of a request says of the endpoint that it was sent to, and of the one that
        answered instead."""
        moved = served.endpoint not in (None, open_.state.address)
        well = None if served.status == 0 else served.status < _FAILURE and not moved
        self.troubles.ended(ticket, now, well=well)
        if moved and 0 < served.status < _FAILURE and served.endpoint in self._states:
            self.troubles.lives(served.endpoint, now)

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
                self.fleet.touch(open_.state.address)

    def _speed(self, address: str, now: float) -> float:
        for learner in self._learners:
            return learner.speed(address, now)
        return _SPEED

    def _rank(self, profile: Profile, demand: Demand, now: float) -> Ranking:
        picker = self._pickers.get(id(profile))
        if picker is None:
            return profile.rank(demand, self._sight.candidates(demand), now)
        return picker.pick(demand, self._sight.seen(demand), now)

    def _compare(self, demand: Demand, ranking: Ranking, now: float) -> None:
        if self.shadow is None or not ranking.order:
            return
        candidate = ranking.order[0].candidate
        other = self._rank(self.shadow, demand, now)
        self.compared += 1
        if other.order and other.order[0].candidate.address == candidate.address:
            self.agreed += 1
        if other.order:
            self.shadow.placed(demand, candidate, now)

    def _charge(self, demand: Demand, ranking: Ranking, now: float, waited: float) -> Placement:
        best = ranking.order[0]
        candidate, state = best.candidate, best.candidate.state
        account = state.in_flight
        assert isinstance(account, Account)  # every state is made by set_endpoints
        answer = self._answers.expected(demand.output_limit)
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
        self.fleet.touch(state.address)
        lease = self.index.enter(state.address, demand.chain, self._blocks(answer / 2))
        open_ = _Open(demand, state, lease, now, candidate.prompt_tokens, work, context)
        open_.expected = best.expected
        self._open[ticket] = open_
        first = None if best.expected is None else best.expected / 1000
        self.troubles.sent(ticket, state.address, now, first)
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
            scores=ranking.scores or {each.candidate.address: each.parts for each in ranking.order},
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
        state.since_scrape += 1
        self.fleet.touch(state.address)
        open_.prefill_lease = self.index.enter(state.address, open_.demand.chain)

    def _end_prefill(self, open_: _Open, now: float) -> None:
        if open_.prefill is not None:
            charge = self.ledger.finish(open_.prefill, now)
            open_.prefill = None
            if charge is not None:
                self.fleet.touch(charge.address)
        if open_.prefill_lease is not None:
            self.index.release(open_.prefill_lease)
            open_.prefill_lease = None

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
            self.index.reported(open_.lease, served.cached_tokens / per_block, open_.demand.flow)
        if served.output_tokens is not None:
            self._answers.learn(served.output_tokens)
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
        if answer is None:
            answer = self._answers.expected(open_.demand.output_limit)
        left = self._blocks(answer)
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

    def _blocks(self, tokens: float) -> float:
        return tokens * self.estimate.bytes_per_token() / self._block_bytes
