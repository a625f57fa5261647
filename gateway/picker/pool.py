"""One pool's picker: matches, ranks, charges and remembers in one step. Pure: no I/O, no clock."""

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Final

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.picker.endpoint import Endpoint, EndpointState
from gateway.picker.fleet import Fleet
from gateway.picker.fleet_profile import FleetProfile
from gateway.picker.flow.choice import Choose, Full
from gateway.picker.index import DEFAULT_TOKENS, PrefixIndex
from gateway.picker.ledger import Account, Ledger, Placed
from gateway.picker.lessons import Lessons
from gateway.picker.limits import Limits
from gateway.picker.moving import Move
from gateway.picker.profile import Profile, Ranked, Ranking
from gateway.picker.saturation import QUEUE_DEPTH
from gateway.picker.sight import Sight
from gateway.picker.tokens import TokenEstimate
from gateway.picker.trouble import Troubles, progress

FALLBACKS: Final = 2


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
        self.lessons = Lessons(self.estimate, self.index)
        self.ledger = Ledger(limits.ttl)
        self.fleet = Fleet(self.index, limits.stale)
        self.troubles = Troubles()
        self._sight = Sight(self.fleet, self.index, self.estimate)
        self._late: list[EndpointState] = []
        self.compared = 0
        self.agreed = 0
        self._states: dict[str, EndpointState] = {}
        self._open: dict[int, Placed] = {}
        self._due: list[tuple[float, int]] = []
        self._pickers: dict[int, FleetProfile] = {}
        self.use(profile, shadow)

    def use(self, profile: Profile, shadow: Profile | None = None) -> None:
        """Rank by `profile` from now on. What is in flight, and in caches, stays known; what a
        profile has learnt goes with it."""
        self.profile = profile
        self.shadow = shadow
        # asked once: to ask a protocol takes longer than to rank a few endpoints
        self._pickers = {
            id(each): each for each in (profile, shadow) if isinstance(each, FleetProfile)
        }
        self.lessons.teach((profile, shadow))

    def set_endpoints(self, endpoints: Sequence[Endpoint], now: float) -> None:
        """The endpoints that the pool has from now on. One that is new, or comes back, starts with
        nothing in flight and an empty cache."""
        del now
        wanted = {endpoint.address: endpoint for endpoint in endpoints}
        for address in [each for each in self._states if each not in wanted]:
            del self._states[address]
            self.index.leave(address)
            self.troubles.left(address)
            self.lessons.left(address)
        for address, endpoint in wanted.items():
            state = self._states.get(address)
            if state is None:
                self._states[address] = EndpointState(endpoint, Account())
                self.lessons.joined(address)
                self.index.join(address, self.lessons.blocks(DEFAULT_TOKENS))
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
        self.index.resize(address, self.lessons.blocks(load.cache_tokens or DEFAULT_TOKENS))
        self.lessons.scraped(state, load, now)

    def place(self, demand: Demand, now: float, waited: float = 0.0) -> Placement | Dropped:
        """Pick an endpoint and charge it. Nothing can come between the two, so that each request
        of a burst sees those before it."""
        return self._place(demand, self._ranked(demand, now), now, waited)

    def place_if(
        self, demand: Demand, now: float, waited: float, choice: Choose
    ) -> Placement | Dropped | Full:
        """As `place`, if `choice` lets the request go; it may prefer another of those ranked."""
        found = choice(self._ranked(demand, now))
        return found if isinstance(found, Full) else self._place(demand, found, now, waited)

    def _ranked(self, demand: Demand, now: float) -> Ranking:
        self._keep_up(now)
        self.lessons.block_bytes = demand.block_bytes
        return self._rank(self.profile, demand, now)

    def _place(
        self, demand: Demand, ranking: Ranking, now: float, waited: float
    ) -> Placement | Dropped:
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
        self.fleet.touch(open_.charged.address)
        self.troubles.began(ticket, now)
        self._end_prefill(open_, now)
        open_.first = now
        self.lessons.began(open_, now - open_.at, now)

    def moved(self, ticket: int, address: str, now: float) -> bool:
        """Another endpoint answers a placed request: it has it from now on. Whether that was
        news."""
        open_, state = self._open.get(ticket), self._states.get(address)
        if open_ is None or state is None or open_.charged is state:
            return False
        changed = Move(ticket, open_, state).make(self.ledger, self.index, now)
        for each in changed:
            self._recount(each)
        return bool(changed)

    def finish(self, ticket: int, served: Served, now: float) -> None:
        """A placed request is over. Only the first report of a ticket counts."""
        if served.endpoint is not None:
            self.moved(ticket, served.endpoint, now)
        open_ = self._open.pop(ticket, None)
        self.ledger.finish(ticket, now)
        if open_ is None:
            return
        self._recount(open_.charged)
        self._end_prefill(open_, now)
        self.troubles.judge(ticket, open_.state.address, served, now)
        self.lessons.ended(open_, served, now)
        if open_.state.address not in self._states:
            self.lessons.left(open_.state.address)
        self.lessons.settle(open_, served)

    def _recount(self, state: EndpointState) -> None:
        """A request to this endpoint has ended: no scrape has to know of it any more."""
        if isinstance(state.in_flight, Account):
            state.since_scrape = len(state.in_flight.recent)
        self.fleet.touch(state.address)

    def expire(self, now: float) -> None:
        """End requests whose end nobody reported."""
        for ticket in self.ledger.expire(now):
            self.finish(ticket, Served(), now)

    def saturation(
        self, now: float, capacity: int | None = None, depth: int = QUEUE_DEPTH
    ) -> float:
        """As `gateway.picker.saturation.saturation`."""
        self._keep_up(now)
        return self.fleet.saturation(capacity, depth)

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

    def _assume(self, now: float) -> None:
        """Of answers that the gateway does not read, take the first token to have come when it was
        predicted: otherwise long answers would count as prefill to their end."""
        while self._due and self._due[0][0] <= now:
            at, ticket = heappop(self._due)
            open_ = self._open.get(ticket)
            if open_ is None:
                continue
            if not open_.transfer:
                work, context = open_.work_tokens, open_.context_tokens
                self.lessons.expected(open_.state.address, work, context)
            if self.lessons.blind:
                self.ledger.first_token(ticket, at)
                self._end_prefill(open_, at)
                self.fleet.touch(open_.charged.address)

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
        answer = self.lessons.answer(demand.output_limit)
        uncached = 0 if ranking.prefiller else candidate.uncached_tokens
        work = uncached + account.front(now, self.lessons.speed(state.address, now))
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
        lease = self.index.enter(state.address, demand.chain, self.lessons.blocks(answer / 2))
        open_ = Placed(demand, state, lease, now, candidate.prompt_tokens, work, context)
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

    def _charge_prefiller(self, open_: Placed, ranking: Ranking, now: float) -> None:
        """The endpoint that prefills first has its own charge, until the first token."""
        state = self._states.get(ranking.prefiller or "")
        if state is None or not isinstance(state.in_flight, Account):
            return
        open_.transfer = ranking.order[0].parts.get("transfer", 0.0)
        matched = self.index.match(open_.demand.chain).get(state.address, 0)
        per_block = self.lessons.block_bytes / self.estimate.bytes_per_token(open_.demand.model)
        tokens = max(open_.prompt_tokens - round(matched * per_block), 0)
        open_.prefill = self.ledger.charge(
            state.in_flight, state.address, tokens, open_.prompt_tokens, now
        )
        state.since_scrape += 1
        self.fleet.touch(state.address)
        open_.prefill_lease = self.index.enter(state.address, open_.demand.chain)

    def _end_prefill(self, open_: Placed, now: float) -> None:
        if open_.prefill is not None:
            charge = self.ledger.finish(open_.prefill, now)
            open_.prefill = None
            if charge is not None and (state := self._states.get(charge.address)) is not None:
                self._recount(state)
        if open_.prefill_lease is not None:
            self.index.release(open_.prefill_lease)
            open_.prefill_lease = None
