"""What requests and scrapes teach a pool, and the profiles that learn from it. Pure: no I/O."""

from collections.abc import Iterable
from typing import Final

from gateway.model.engine import EngineLoad
from gateway.model.placement import Served
from gateway.picker.answers import Answers
from gateway.picker.endpoint import EndpointState
from gateway.picker.index import PrefixIndex
from gateway.picker.learning import Began, Ended, Learner
from gateway.picker.ledger import Placed
from gateway.picker.observed import Watch
from gateway.picker.tokens import TokenEstimate

_MOSTLY: Final = 0.5
"""Share of requests whose first token is seen, above which one that is not seen has not come."""

_SPEED: Final = 10_000.0
"""Prompt tokens per second, for a profile that learns none."""


class Lessons:
    """Of one pool: how long its prompts and answers are, how fast its endpoints are, and what is in
    their caches. `estimate` and `index` are those of the pool; `block_bytes` are those of the
    newest prompt's blocks."""

    def __init__(self, estimate: TokenEstimate, index: PrefixIndex) -> None:
        self.block_bytes = 1024
        self._estimate = estimate
        self._index = index
        self._answers = Answers()
        self._seen = 0.0
        self._watches: dict[str, Watch] = {}
        self._learners: list[Learner] = []

    @property
    def blind(self) -> bool:
        """Whether the first tokens of most requests are not seen."""
        return self._seen < _MOSTLY

    def teach(self, profiles: Iterable[object]) -> None:
        """Those of these that learn are told from now on, and no others."""
        self._learners = [each for each in profiles if isinstance(each, Learner)]
        for learner in self._learners:
            learner.watch(self._index)

    def joined(self, address: str) -> None:
        """An endpoint begins a life."""
        self._watches[address] = Watch()

    def left(self, address: str) -> None:
        """It is gone, and what was learnt of it; once more when a request ends that it had: that
        was the pool's to learn, not the next's at its address."""
        self._watches.pop(address, None)
        for learner in self._learners:
            learner.left(address)

    def speed(self, address: str, now: float) -> float:
        """Uncached prompt tokens per second that the endpoint is believed to compute."""
        for learner in self._learners:
            return learner.speed(address, now)
        return _SPEED

    def answer(self, limit: int | None) -> float:
        """As `Answers.expected`."""
        return self._answers.expected(limit)

    def blocks(self, tokens: float) -> float:
        """So many tokens in blocks of the index."""
        return tokens * self._estimate.bytes_per_token() / self.block_bytes

    def scraped(self, state: EndpointState, load: EngineLoad, now: float) -> None:
        """What the newest scrape of an endpoint says about the time since the one before."""
        address, flight = state.address, state.in_flight
        watch = self._watches[address]
        began = watch.began(address, load)
        step = watch.step(load)
        for learner in self._learners:
            if began is not None and self.blind:
                learner.began(began)
            if step is not None and flight.requests and state.endpoint.role != "prefill":
                context = flight.context_tokens - flight.prefill_tokens
                learner.stepped(address, step, context, now)

    def expected(self, address: str, work_tokens: float, context_tokens: float) -> None:
        """By now the first token of a request with these (as in `Began`) should have come."""
        watch = self._watches.get(address)
        if watch is not None:
            watch.expected(work_tokens, context_tokens)

    def began(self, open_: Placed, seconds: float, now: float) -> None:
        """Its first token came so many seconds after its placement."""
        for learner in self._learners:
            if open_.transfer:
                rest = ((open_.expected or 0.0) - open_.transfer) / 1000
                learner.moved(seconds - rest, open_.prompt_tokens)
                continue
            learner.began(
                Began(open_.state.address, seconds, open_.work_tokens, open_.context_tokens, now)
            )

    def ended(self, open_: Placed, served: Served, now: float) -> None:
        """A request is over."""
        demand = open_.demand
        if served.endpoint not in (None, open_.state.address) or served.status >= 400:
            return
        if open_.first is None and served.first_token is not None:
            open_.first = open_.at + served.first_token
            self.began(open_, served.first_token, now)
        if served.prompt_tokens is not None and not demand.media_tokens:
            self._estimate.learn(demand.model, demand.prompt_bytes, served.prompt_tokens)
        if served.cached_tokens is not None and open_.lease is not None and demand.chain:
            per_block = demand.block_bytes / self._estimate.bytes_per_token(demand.model)
            self._index.reported(open_.lease, served.cached_tokens / per_block, demand.flow)
        if served.output_tokens is not None:
            self._answers.learn(served.output_tokens)
        self._seen += ((open_.first is not None) - self._seen) * 0.02
        answering = None if open_.first is None else now - open_.first
        context = (open_.context_tokens + open_.state.in_flight.context_tokens) / 2
        context += open_.prompt_tokens
        address, output, lasted = open_.state.address, served.output_tokens, now - open_.at
        for learner in self._learners:
            learner.ended(Ended(address, lasted, answering, output, context, now))

    def settle(self, open_: Placed, served: Served) -> None:
        """Let the cache of the endpoint that served have what it read, and no other."""
        if open_.lease is None:
            return
        if read(open_, served):
            self._index.release(open_.lease, self.left_by(open_, served))
        else:
            self._index.withdraw(open_.lease, open_.demand.chain)

    def left_by(self, open_: Placed, served: Served) -> float:
        """Blocks of the answer that a request leaves behind."""
        answer = served.output_tokens
        if answer is None:
            answer = self._answers.expected(open_.demand.output_limit)
        return self.blocks(answer)


def read(open_: Placed, served: Served) -> bool:
    """Whether the endpoint that is charged for a request has read its prompt."""
    elsewhere = served.endpoint not in (None, open_.charged.address)
    failed = open_.first is None and (served.status >= 400 or served.status == 0)
    return not (elsewhere or failed)
