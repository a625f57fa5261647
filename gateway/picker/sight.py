"""What a request finds at the endpoints of a pool: where how much of it is cached. Pure."""

from collections.abc import Iterator

from gateway.model.demand import Demand
from gateway.picker.fleet import Fleet, Seen
from gateway.picker.index import PrefixIndex
from gateway.picker.profile import Candidate
from gateway.picker.tokens import TokenEstimate


class Sight:
    """Matches prompts against the caches of a fleet, in estimated tokens."""

    def __init__(self, fleet: Fleet, index: PrefixIndex, estimate: TokenEstimate) -> None:
        self._fleet = fleet
        self._index = index
        self._estimate = estimate

    def seen(self, demand: Demand) -> Seen:
        """The fleet as this request sees it."""
        places, tokens = self._fleet.places, self._tokens(demand)
        cached = {
            places[address]: known
            for address, known in self._cached(demand, tokens)
            if address in places
        }
        among = None
        if demand.subset is not None:
            among = sorted({places[each] for each in demand.subset if each in places})
        return Seen(self._fleet, tokens, cached, among)

    def candidates(self, demand: Demand) -> list[Candidate]:
        """The same, as a candidate for each healthy endpoint that may be picked."""
        tokens = self._tokens(demand)
        cached = dict(self._cached(demand, tokens))
        subset = None if demand.subset is None else frozenset(demand.subset)
        return [
            Candidate(state, cached.get(state.address, 0), tokens)
            for state in self._fleet.states
            if subset is None or state.address in subset
        ]

    def _tokens(self, demand: Demand) -> int:
        return self._estimate.tokens(demand.model, demand.prompt_bytes) + demand.media_tokens

    def _cached(self, demand: Demand, tokens: int) -> Iterator[tuple[str, int]]:
        """Who has how many of the `tokens`."""
        if not demand.chain:
            return
        per_block = demand.block_bytes / self._estimate.bytes_per_token(demand.model)
        address = self._index.address
        for blocks, slots in self._index.groups(demand.chain):
            known = min(round(blocks * per_block), tokens)
            for slot in slots:
                yield address(slot), known
