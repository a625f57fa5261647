"""Continuous batching as vLLM does it, in steps: what a step computes and how long it takes.

Every running request gets the tokens that it lacks, decoding ones first come first served with one
token each, within a budget; waiting ones join while there is budget, place and memory. A prompt
longer than the budget is computed in chunks. Who finds no memory for its next token preempts the
newest running request, which waits again at the head of the queue. No clock: the caller tells the
time and does the waiting.
"""

from collections import deque
from dataclasses import dataclass, field

from tests.engine.cache import PrefixCache
from tests.engine.sequence import Sequence
from tests.engine.settings import Settings


@dataclass(slots=True)
class Step:
    """What is computed at once: tokens of each request; `milliseconds` is how long it takes."""

    shares: dict[Sequence, int] = field(default_factory=dict[Sequence, int])
    budget: int = 0
    begun: int = 0
    milliseconds: float = 0.0


class Scheduler:
    """The queues of one engine and its cache."""

    def __init__(self, settings: Settings) -> None:
        """Empty queues and an empty cache."""
        self.settings = settings
        self.cache = PrefixCache(settings.num_gpu_blocks, keeps=settings.prefix_caching)
        self.waiting: deque[Sequence] = deque()
        self.running: list[Sequence] = []
        self.preemptions = 0

    def add(self, sequence: Sequence) -> None:
        """Puts a new request at the end of the queue."""
        self.waiting.append(sequence)

    def remove(self, sequence: Sequence) -> None:
        """Takes out a request, ended or not, and frees what it has."""
        if sequence in self.running:
            self.running.remove(sequence)
        elif sequence in self.waiting:
            self.waiting.remove(sequence)
        self.cache.release(sequence.holding)

    def schedule(self, now: float) -> Step:
        """The next step; one without shares if there is nothing to do."""
        step = Step(budget=self.settings.max_num_batched_tokens)
        preempted = self.preemptions
        for sequence in list(self.running):
            if sequence in self.running and step.budget > 0:
                self._continue(sequence, step)
        if self.preemptions == preempted:
            self._admit(step, now)
        step.milliseconds = self._duration(step)
        return step

    def complete(self, step: Step) -> list[Sequence]:
        """Ends a step; the requests that have one token more, without those removed meanwhile."""
        grown: list[Sequence] = []
        for sequence, share in step.shares.items():
            if sequence not in self.running:
                continue
            sequence.computed += share
            if sequence.computed == sequence.tokens:
                sequence.generated += 1
                grown.append(sequence)
        return grown

    def _continue(self, sequence: Sequence, step: Step) -> None:
        share = min(sequence.tokens - sequence.computed, step.budget)
        while not self._reserve(sequence, share):
            last = self.running[-1]
            self._preempt(last, step)
            if last is sequence:
                return
        self._give(sequence, share, step)

    def _admit(self, step: Step, now: float) -> None:
        skipped: list[Sequence] = []
        while self.waiting and step.budget > 0 and len(self.running) < self.settings.max_num_seqs:
            sequence = self.waiting.popleft()
            if not self._adapter_fits(sequence):
                skipped.append(sequence)
            elif not self._begin(sequence, step, now):
                skipped.append(sequence)
                break
        self.waiting.extendleft(reversed(skipped))

    def _adapter_fits(self, sequence: Sequence) -> bool:
        active = {one.adapter for one in self.running} - {""}
        fits = len(active) < max(self.settings.max_loras, 1)
        return not sequence.adapter or sequence.adapter in active or fits

    def _begin(self, sequence: Sequence, step: Step, now: float) -> bool:
        size = self.settings.block_size
        sequence.chain = sequence.text.hashes(sequence.chain, sequence.tokens, size)
        # The last token is always computed: there is nothing to sample from otherwise.
        usable = sequence.chain[: (sequence.tokens - 1) // size]
        found = usable[: self.cache.match(usable)]
        self.cache.take(sequence.holding, found)
        sequence.computed = len(found) * size
        share = min(sequence.tokens - sequence.computed, step.budget)
        if not self._reserve(sequence, share):
            self.cache.release(sequence.holding)
            sequence.computed = 0
            return False
        if sequence.cached is None:
            sequence.cached, sequence.scheduled_at = sequence.computed, now
        self.running.append(sequence)
        step.begun += 1
        self._give(sequence, share, step)
        return True

    def _reserve(self, sequence: Sequence, share: int) -> bool:
        blocks = -(-(sequence.computed + share) // self.settings.block_size)
        return self.cache.grow(sequence.holding, blocks)

    def _give(self, sequence: Sequence, share: int, step: Step) -> None:
        """Blocks that this step fills are known at once, so that the same step can reuse them."""
        size = self.settings.block_size
        after = sequence.computed + share
        if after // size > len(sequence.chain):
            sequence.chain = sequence.text.hashes(sequence.chain, after, size)
        self.cache.seal(sequence.holding, sequence.chain[: after // size], sequence.text)
        step.shares[sequence] = share
        step.budget -= share

    def _preempt(self, sequence: Sequence, step: Step) -> None:
        self.running.remove(sequence)
        self.cache.release(sequence.holding)
        step.budget += step.shares.pop(sequence, 0)
        sequence.computed = 0
        self.waiting.appendleft(sequence)
        self.preemptions += 1

    def _duration(self, step: Step) -> float:
        """A step that computes both prompts and answers takes as long as both: prefill slows
        decoding."""
        settings = self.settings
        if not step.shares:
            return 0.0
        # One that was preempted computes its answer again, as if it belonged to the prompt.
        decoding = sum(1 for one, share in step.shares.items() if one.generated and share == 1)
        prefill = sum(step.shares.values()) - decoding
        busy = (len(self.running) - 1) / max(settings.max_num_seqs - 1, 1)
        factor = 1 + (settings.time_factor_under_load - 1) * busy
        return factor * (
            (settings.prefill_overhead if step.begun else 0.0)
            + prefill * settings.prefill_time_per_token
            + (settings.inter_token_latency if decoding else 0.0)
        )
