"""One model server in virtual time: vLLM's scheduler over the step-time model.

Every step decodes a token of each request that has its prompt, then prefills what is left of the
token budget, in order of arrival; new requests come in while there are blocks for them; when the
blocks run out, the last that came in is preempted and computed again later. Steps that only decode
are all alike, so they are taken at once, up to the next end, arrival or shortage of blocks.
"""

import heapq
from collections import deque
from typing import Final

from gateway.simulation.cache import BlockCache
from gateway.simulation.hardware import Server, StepTime
from gateway.simulation.job import Job
from gateway.simulation.prompt import BLOCK

LONGEST: Final = 0.5
"""Seconds of decoding that are taken at once at most, so that what is scraped is not older."""

Chunk = tuple[Job, int]


class Engine:
    """One engine. `wake` is when its current step (or run of steps) ends, None while idle;
    `prefilling` are the running requests that do not decode yet."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.time = StepTime(server)
        self.cache = BlockCache(server.blocks)
        self.waiting: deque[Job] = deque()
        self.running: dict[Job, None] = {}
        self.wake: float | None = None
        self.version = 0
        self.busy = 0.0
        self.preemptions = 0
        self.decoding = 0
        self.context = 0
        self.hits = self.queries = self.generated = 0
        self.ttft_sum, self.ttft_count = 0.0, 0
        self._began = 0.0
        self._steps = 0
        self._chunks: list[Chunk] = []
        self._clock = 0
        self._phases = [0] * BLOCK
        self._ends: list[tuple[int, int, Job]] = []
        self._pushed = 0
        self.prefilling: dict[Job, None] = {}
        self._aborting: list[Job] = []

    # What a scrape sees.

    @property
    def usage(self) -> float:
        """The part of the blocks that running requests hold (kv_cache_usage_perc)."""
        return (self.cache.used - self.cache.idle) / self.cache.capacity

    @property
    def stepping(self) -> bool:
        """Whether the step under way prefills, so that it will not be cut short."""
        return bool(self._chunks)

    # Events.

    def submit(self, job: Job, now: float) -> None:
        """A request arrives; the caller looks at `wake` afterwards."""
        job.arrived = now - job.moved
        self.waiting.append(job)
        if self.wake is None:
            self._begin(now)
        elif not self._chunks and len(self.waiting) == 1 and self.wake > now:
            self._cut(now)

    def finish_step(self, now: float) -> tuple[list[Job], list[Job]]:
        """The step that ends now: requests with their first token, requests with their last. The
        next step begins."""
        self.busy += now - self._began
        first: list[Job] = []
        ended = self._decoded()
        for job, tokens in self._chunks:
            job.computed += tokens
            if job.computed == job.target:
                if not job.generated:
                    first.append(job)
                    self.ttft_sum += now - job.arrived
                    self.ttft_count += 1
                self._prefilled(job, ended)
        self._begin(now)
        return first, ended

    def fail(self) -> list[Job]:
        """The server dies: the requests that it had. It is of no use afterwards."""
        self.version += 1
        self.wake = None
        return [*self.running, *self.waiting]

    def abort(self, job: Job, now: float) -> None:
        """Nobody wants the answer of `job` any more: it leaves after the step under way; the caller
        looks at `wake` afterwards."""
        if job in self.running:
            self._aborting.append(job)
            if not self._chunks and self.wake is not None and self.wake > now:
                self._cut(now)
        elif job in self.waiting:
            self.waiting.remove(job)

    def generated_by(self, job: Job) -> int:
        """Tokens that a decoding job has generated so far."""
        return job.output - (job.ends - self._clock)

    def ends_soonest(self, count: int) -> list[tuple[int, Job]]:
        """(decode steps left, job) of the `count` decoding requests that end first."""
        soon = heapq.nsmallest(count, self._ends)
        return [(ends - self._clock, job) for ends, _, job in soon if job.ends == ends]

    # Steps.

    def _begin(self, now: float) -> None:
        self.version += 1
        self._began = now
        self._chunks = []
        for job in self._aborting:
            if job in self.running:
                self._drop(job)
            elif job in self.waiting:  # preempted since
                self.waiting.remove(job)
        self._aborting = []
        if not self.running and not self.waiting:
            self.wake = None
            return
        pairs = self._schedule(self._make_room())
        if self._chunks:
            self._steps = 1 if self.decoding else 0
            self._grow(self._steps)
            prefill = sum(tokens for _, tokens in self._chunks)
            self.wake = now + self.time.step(
                prefill, pairs, len(self._chunks), self.decoding, self.context
            )
        elif self.decoding:
            self._steps = self._jump()
            self._grow(self._steps)
            self.wake = now + self.time.decode(self._steps, self.decoding, self.context)
        else:
            raise RuntimeError("a request that no empty engine can hold")

    def _decoded(self) -> list[Job]:
        """Count the decode steps that were taken; the requests that they ended."""
        steps, ended = self._steps, list[Job]()
        if not steps:
            return ended
        self.context += steps * self.decoding
        self.generated += steps * self.decoding
        self._clock += steps
        while self._ends and self._ends[0][0] <= self._clock:
            ends, _, job = heapq.heappop(self._ends)
            if job.ends == ends:
                self._stop_decoding(job)
                job.generated = job.output
                self._leave(job, job.target + job.generated - job.phase)
                ended.append(job)
        self._steps = 0
        return ended

    def _prefilled(self, job: Job, ended: list[Job]) -> None:
        """The prompt is computed, with one more token; `job.phase` keeps how many tokens of the
        answer `target` counts less the one that has no keys and values yet."""
        del self.prefilling[job]
        job.phase = job.generated + 1
        job.generated += 1
        self.generated += 1
        if job.generated >= job.output:
            self._leave(job, job.computed)
            ended.append(job)
            return
        job.ends = self._clock + job.output - job.generated
        heapq.heappush(self._ends, (job.ends, self._pushed, job))
        self._pushed += 1
        self._phases[(job.computed - self._clock) % BLOCK] += 1
        self.decoding += 1
        self.context += job.computed

    def _stop_decoding(self, job: Job) -> None:
        """Take a decoding request out of the counts; `computed` and `generated` become true."""
        job.generated = self.generated_by(job)
        done = job.generated - job.phase
        start = (job.computed + done - self._clock) % BLOCK
        self._phases[start] -= 1
        self.decoding -= 1
        self.context -= job.computed + done
        job.computed += done
        job.ends = -1

    def _leave(self, job: Job, computed: int) -> None:
        del self.running[job]
        if job.holding is not None:
            if computed != job.computed:
                raise RuntimeError("the engine lost count of a request's tokens")
            self.cache.release(job.holding, computed, job.output_key)

    def _preempt(self) -> None:
        job = next(reversed(self.running))
        self._drop(job)
        job.preempted()
        self.preemptions += 1
        self.waiting.appendleft(job)

    def _drop(self, job: Job) -> None:
        """A running request gives back what it has, whether it is done or not."""
        del self.running[job]
        if job.ends >= 0:
            self._stop_decoding(job)
        else:
            del self.prefilling[job]
        if job.holding is not None:
            self.cache.release(job.holding, job.computed, job.output_key)

    # Blocks.

    def _make_room(self) -> bool:
        """Preempt until every decoding request can have its next token; whether any was."""
        before = self.preemptions
        while self._phases[-self._clock % BLOCK] > self.cache.available:
            self._preempt()
        return self.preemptions > before

    def _grow(self, steps: int) -> None:
        """Take the blocks of `steps` decode steps."""
        if steps:
            self.cache.take(self._needed(steps))

    def _needed(self, steps: int) -> int:
        cycles, rest = divmod(steps, BLOCK)
        blocks = cycles * self.decoding
        clock = self._clock
        for step in range(rest):
            blocks += self._phases[-(clock + step) % BLOCK]
        return blocks

    def _jump(self) -> int:
        """Decode steps until a request ends, blocks run out, or LONGEST has passed."""
        while self._ends and self._ends[0][2].ends != self._ends[0][0]:
            heapq.heappop(self._ends)
        steps = self._ends[0][0] - self._clock
        steps = min(steps, self.time.decodes_until(LONGEST, self.decoding, self.context))
        available = self.cache.available
        if self._needed(steps) > available:
            steps = available // self.decoding * BLOCK
            while self._needed(steps + 1) <= available:
                steps += 1
        return max(steps, 1)

    def _cut(self, now: float) -> None:
        """Someone arrived while many steps were taken at once: end with the step under way."""
        steps = self.time.decodes_until(now - self._began, self.decoding, self.context)
        if steps >= self._steps:
            return
        self.cache.used -= self._needed(self._steps) - self._needed(steps)
        self._steps = steps
        self.version += 1
        self.wake = self._began + self.time.decode(steps, self.decoding, self.context)

    # Admission.

    def _schedule(self, preempted: bool) -> float:
        """Choose the chunks of prompts of this step; the attention pairs that they cost. After a
        preemption nobody new comes in."""
        budget = self.server.batched_tokens - self.decoding
        reserve = self._phases[-self._clock % BLOCK]
        pairs = 0.0
        for job in list(self.prefilling):
            if budget <= 0 or job not in self.running:
                break
            tokens = min(job.target - job.computed, budget)
            while job in self.running and not self._fits(job, tokens, reserve):
                self._preempt()
                preempted = True
                reserve = self._phases[-self._clock % BLOCK]
            if job in self.running:
                pairs += self._chunk(job, tokens)
                budget -= tokens
        while self.waiting and budget > 0 and not (preempted and self.running):
            if len(self.running) >= self.server.sequences:
                break
            tokens = self._admit(self.waiting[0], budget, reserve)
            if not tokens:
                break
            job = self.waiting.popleft()
            self.running[job] = self.prefilling[job] = None
            pairs += self._chunk(job, tokens)
            budget -= tokens
        return pairs

    def _fits(self, job: Job, tokens: int, reserve: int) -> bool:
        held = job.holding.total if job.holding else 0
        need = -(-(job.computed + tokens) // BLOCK) - held
        return need + reserve <= self.cache.available

    def _admit(self, job: Job, budget: int, reserve: int) -> int:
        """How many tokens of a waiting request this step computes; 0 if there is no room."""
        matched = self.cache.matched(job.runs, job.target - 1)
        have = job.target - 1 if job.received else matched
        tokens = min(job.target - have, budget)
        need = -(-(have + tokens) // BLOCK) - matched // BLOCK
        pinned = self.cache.idle_matched(job.runs, matched)
        if need + reserve + pinned > self.cache.available:
            return 0
        job.holding = self.cache.hold(job.runs, matched)
        if have > matched:
            self.cache.extend(job.holding, have)
        job.computed = have
        if not job.preemptions:
            job.outcome.reported = have
            if not job.received:
                job.outcome.cached = matched
            self.hits += matched
            self.queries += job.target
        return tokens

    def _chunk(self, job: Job, tokens: int) -> float:
        assert job.holding is not None
        self.cache.extend(job.holding, job.computed + tokens)
        self._chunks.append((job, tokens))
        return tokens * (job.computed + tokens / 2)
