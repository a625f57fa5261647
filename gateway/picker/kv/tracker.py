"""What the engines of one pool say that they have, and what the prefix index makes of it. Pure.

The index goes on believing what it does of prompts that are not joined to blocks. Of those that
are, it is set right before each pick, and as soon as an engine says that its cache is empty.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from gateway.model.demand import Demand
from gateway.model.placement import Placement, Served
from gateway.picker.index import PrefixIndex
from gateway.picker.kv.batch import Cleared, Event, Removed, Stored, read_batch
from gateway.picker.kv.blocks import Blocks, Cache
from gateway.picker.kv.feed import Anew, Step
from gateway.picker.kv.flights import Flight
from gateway.picker.kv.joining import Joining
from gateway.picker.kv.joints import Joints, beginning
from gateway.picker.run import bits

_TEND_SECONDS: Final = 0.5


@dataclass(slots=True)
class Told:
    """What some messages came to: blocks `stored`, `removed` and left out as `orphans`, caches
    `cleared`, `malformed` events, and how often everything began `anew`. `at` is the newest
    engine's wall clock, in seconds, 0 if none was told."""

    stored: int = 0
    removed: int = 0
    orphans: int = 0
    cleared: int = 0
    malformed: int = 0
    anew: int = 0
    at: float = 0.0


class _Ear:
    """What is known of one endpoint. `flying` counts hashes of prompts that are under way there."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self.joining = Joining()
        self.flying: Counter[int] = Counter()


class Tracker:
    """Takes what endpoints say, and sets `index` right. Times are seconds on any clock."""

    def __init__(self, index: PrefixIndex) -> None:
        self._index = index
        self._blocks = Blocks(0)
        self._joints = Joints(self._blocks)
        self._ears: dict[str, _Ear] = {}
        self._addresses: dict[int, str] = {}
        self._all = 0
        self._due = -inf
        self._flights: dict[int, dict[str, Flight]] = {}

    def listen(self, addresses: Iterable[str]) -> None:
        """These are the endpoints from now on."""
        wanted = dict.fromkeys(addresses)
        for address in [each for each in self._ears if each not in wanted]:
            cache = self._ears.pop(address).cache
            self._blocks.clear(cache, whole=False)
            self._all &= ~cache.bit
            del self._addresses[cache.bit.bit_length() - 1]
        for address in wanted:
            if address not in self._ears:
                bit = ~self._all & (self._all + 1)
                self._all |= bit
                self._addresses[bit.bit_length() - 1] = address
                self._ears[address] = _Ear(Cache(bit))

    def heard(self, address: str, steps: Iterable[Step], now: float) -> Told:
        """An endpoint said something."""
        told = Told()
        ear = self._ears.get(address)
        if ear is None:
            return told
        for step in steps:
            if isinstance(step, Anew):
                told.anew += 1
                self._clear(address, ear, whole=step.whole, empty=step.restarted)
                continue
            batch = read_batch(step)
            told.malformed += batch.malformed
            told.at = max(told.at, batch.at)
            for event in batch.events:
                self._take(address, ear, event, told, now)
        ear.joining.settle(self._joints, self._blocks.block_tokens, now)
        return told

    def placed(self, placement: Placement, demand: Demand, now: float) -> None:
        """A request was sent to an endpoint, and to the one that prefills first, if there is."""
        flights: dict[str, Flight] = {}
        for address in (placement.endpoint, placement.prefiller):
            ear = None if address is None else self._ears.get(address)
            if ear is None or address is None or not demand.chain:
                continue
            flight = flights[address] = Flight(demand, placement.prompt_tokens, now)
            flight.believed = placement.cached_tokens if address == placement.endpoint else 0
            ear.flying.update(demand.chain)
            ear.joining.placed(flight)
        if flights:
            self._flights[placement.ticket] = flights

    def first_token(self, ticket: int, now: float) -> None:
        """Its first token came."""
        for flight in self._flights.get(ticket, {}).values():
            flight.first = now if flight.first is None else flight.first

    def finished(self, ticket: int, served: Served, now: float) -> None:
        """It is over."""
        flights = self._flights.pop(ticket, {})
        unread = served.status >= 400 or served.endpoint not in (None, *flights)
        for place, (address, flight) in enumerate(flights.items()):
            flight.end = now
            flight.prompt = served.prompt_tokens
            flight.cached = served.cached_tokens if place == 0 else None
            flight.output = served.output_tokens if place == 0 else 1  # who prefills gives one
            if flight.first is None and served.first_token is not None:
                flight.first = min(flight.at + served.first_token, now)
            if (ear := self._ears.get(address)) is None:
                continue
            _subtract(ear.flying, flight.demand.chain)
            if unread:
                ear.joining.dropped(flight)

    def tend(self, now: float) -> None:
        """Now and then: join what has waited, and forget what is too much. Called too often it does
        nothing."""
        if now < self._due:
            return
        self._due = now + _TEND_SECONDS
        for ear in self._ears.values():
            ear.joining.settle(self._joints, self._blocks.block_tokens, now)
        self._joints.tidy()

    def correct(self, chain: Sequence[int]) -> None:
        """Let the index believe of this prompt what its endpoints have said, as far as it is
        joined. What is being computed for a request under way is believed, too."""
        known = self._joints.known(chain)
        if not known:
            return
        first, last = self._joints.end(chain[0]), self._joints.end(chain[known - 1])
        if first is None or last is None:
            return
        believed = self._index.match(chain)
        for slot in bits(first.whole & self._all):
            bit = 1 << slot
            held = known if last.whole & bit else self._joints.held(chain, known, bit)
            address = self._addresses[slot]
            self._believe(address, chain, known, held, believed.get(address, 0))
        for address, blocks in believed.items():
            ear = self._ears.get(address)
            if ear is not None and not first.whole & ear.cache.bit:
                self._believe(address, chain, known, 0, blocks)

    def blocks(self, address: str) -> int:
        """How many blocks of an endpoint are known."""
        ear = self._ears.get(address)
        return 0 if ear is None else ear.cache.size

    def joined(self, address: str) -> tuple[int, int]:
        """How many requests there were joined, and how many were not."""
        ear = self._ears.get(address)
        return (0, 0) if ear is None else (ear.joining.joined, ear.joining.unjoined)

    def _take(self, address: str, ear: _Ear, event: Event, told: Told, now: float) -> None:
        if isinstance(event, Cleared):
            told.cleared += 1
            self._clear(address, ear, whole=True, empty=True)
        elif isinstance(event, Removed):
            told.removed += len(event.block_hashes)
            self._blocks.removed(ear.cache, event)
        else:
            self._store(ear, event, told, now)

    def _store(self, ear: _Ear, event: Stored, told: Told, now: float) -> None:
        if event.block_size != self._blocks.block_tokens and not self._blocks.held:
            self._blocks = Blocks(event.block_size)
            self._joints = Joints(self._blocks)
            for one in self._ears.values():
                one.joining.forget()
        before = self._blocks.orphans
        found = self._blocks.stored(ear.cache, event)
        told.orphans += self._blocks.orphans - before
        if found is not None:
            told.stored += len(event.block_hashes)
            ear.joining.stored(*found, event.lora_name, now)

    def _clear(self, address: str, ear: _Ear, *, whole: bool, empty: bool) -> None:
        self._blocks.clear(ear.cache, whole=whole)
        ear.joining.forget()
        if empty:
            self._index.clear(address)

    def _believe(
        self, address: str, chain: Sequence[int], known: int, held: int, believed: int
    ) -> None:
        """The endpoint has the first `held` of the `known` blocks of a chain."""
        if held > believed:
            self._index.stored(address, chain[:held])
            return
        if held == known or believed <= held:
            return
        ear, end = self._ears[address], self._joints.end(chain[held])
        lacks = ear.cache.whole or (
            end is not None and (end.gone | end.holders) & ear.cache.bit != 0
        )
        kept = max(held, beginning(chain, ear.flying))
        if lacks and kept < believed:
            self._index.truncate(address, chain, kept)


def _subtract(flying: Counter[int], chain: Sequence[int]) -> None:
    for part in chain:
        left = flying[part] - 1
        if left > 0:
            flying[part] = left
        else:  # the endpoint left meanwhile, and came back, or nobody else has it
            del flying[part]
