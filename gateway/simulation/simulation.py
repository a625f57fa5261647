"""Virtual time: requests arrive, a policy places them, engines serve them."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf

from gateway.simulation.engine import Engine
from gateway.simulation.hardware import COMPLETION, STREAMING, Server
from gateway.simulation.job import Job
from gateway.simulation.policy import Policy, Refused, Seen, Target
from gateway.simulation.prompt import CHARACTERS
from gateway.simulation.request import Outcome, Request
from gateway.simulation.workload import Workload

ATTEMPTS = 3
"""How often a request that has not started to answer is placed, as a proxy retries."""


@dataclass(slots=True)
class Stage:
    """When a stage of the workload began, and when its last measured request ended. `busy` are the
    seconds that servers worked until then, `other` the tokens of answers that are not measured."""

    began: float
    ended: float = 0.0
    busy: float = 0.0
    other: int = 0


@dataclass(slots=True)
class Trace:
    """Everything that happened in one simulation."""

    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    stages: list[Stage] = field(default_factory=list[Stage])
    imbalance: list[float] = field(default_factory=list[float])
    busy: list[float] = field(default_factory=list[float])
    hits: int = 0
    queries: int = 0
    preemptions: int = 0
    relayed: int = 0
    finished: float = 0.0


class Simulation:
    """One policy under one workload. Stages follow one another when all requests have ended, as
    in inference-perf; within a stage arrivals are open-loop, but for sessions' next turns."""

    def __init__(self, workload: Workload, policy: Policy) -> None:
        self.policy = policy
        self.workload = workload
        self.seen: dict[int, Seen] = {
            index: _seen(index, server) for index, server in enumerate(workload.servers)
        }
        self.trace = Trace()
        self._gone: list[Engine] = []
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = 0
        self._open = 0
        self._load = [0] * len(workload.servers)
        self._waiting: dict[int, Outcome] = {}
        self._placed: dict[int, Outcome] = {}
        self._jobs: dict[int, tuple[Seen, Job]] = {}
        self._links: dict[int, float] = {}
        self._wakes = inf
        self._busy_before = 0.0
        self._other = 0

    def run(self) -> Trace:
        """Simulate until the last request of the last stage has ended."""
        now = 0.0
        for change in self.workload.changes:
            self._at(change.at, partial(self._change, change.index, change.server))
        for stage in self.workload.stages:
            self._busy_before = self._busy()
            self._other = 0
            self.trace.stages.append(Stage(now, now))
            for request in stage:
                request.at += now
                self._arriving(request)
            while self._open:
                now, _, event = heapq.heappop(self._events)
                event(now)
        return self._close(now)

    def _close(self, now: float) -> Trace:
        engines = [seen.engine for seen in self.seen.values()]
        trace = self.trace
        trace.finished = now
        trace.busy = [engine.busy for engine in engines]
        for engine in (*engines, *self._gone):
            trace.hits += engine.hits
            trace.queries += engine.queries
            trace.preemptions += engine.preemptions
        return trace

    def _busy(self) -> float:
        engines = [seen.engine for seen in self.seen.values()]
        return sum(engine.busy for engine in (*engines, *self._gone))

    def _at(self, time: float, event: Callable[[float], None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (time, self._count, event))

    def _look(self, now: float) -> list[Seen]:
        """The endpoints that are up, as they were last scraped."""
        seen = list(self.seen.values())
        for one in seen:
            one.scrape(now, self.policy.interval)
        return seen

    # Requests come, wait and are placed.

    def _arriving(self, request: Request) -> None:
        self._open += 1
        outcome = Outcome(request)
        self.trace.outcomes.append(outcome)
        self._at(request.at, partial(self._offer, outcome))
        if not request.patient:
            self._at(request.at + self.workload.timeout, partial(self._give_up, outcome))

    def _offer(self, outcome: Outcome, now: float) -> None:
        if outcome.closed:
            return
        seen = self._look(now)
        if not seen or outcome.attempts >= ATTEMPTS:
            self._end(outcome, now, failed=True)
            return
        verdict = self.policy.offer(self._as_routed(outcome.request), seen, now)
        if verdict is None:
            self._waiting[outcome.request.number] = outcome
        else:
            self._settle(outcome, verdict, now)
        self._poke(now)

    def _as_routed(self, request: Request) -> Request:
        """As long as the policy takes the prompt to be."""
        ratio = self.workload.bytes_per_token
        if ratio == CHARACTERS or not self.policy.estimates:
            return request
        return replace(request, prompt=request.prompt.estimated(ratio))

    def _settle(self, outcome: Outcome, verdict: Target | Refused, now: float) -> None:
        if isinstance(verdict, Target):
            self._send(outcome, verdict, now)
        elif outcome.request.patient:
            self._at(now + verdict.retry_after, partial(self._offer, outcome))
        else:
            self._end(outcome, now, failed=True)

    def _send(self, outcome: Outcome, target: Target, now: float) -> None:
        outcome.attempts += 1
        outcome.endpoint = target.endpoint
        self._placed[outcome.request.number] = outcome
        self._load[target.endpoint] += 1
        answering = self.seen[target.endpoint].engine
        if target.prefiller is None:
            job = Job(outcome, outcome.request.output)
            due = now + answering.server.admission
            self._at(due, partial(self._submit, job, target.endpoint, answering))
        else:
            self.trace.relayed += 1
            job = Job(outcome, 1, relays=True)
            first = self.seen[target.prefiller].engine
            due = now + first.server.admission
            self._at(due, partial(self._submit, job, target.prefiller, first))
        loads = [self._load[index] for index in self.seen]
        self.trace.imbalance.append(max(loads) * len(loads) / sum(loads))

    def _poke(self, now: float) -> None:
        """Wake the policy when it wants to."""
        due = self.policy.wakeup(now)
        if due is not None and due < self._wakes:
            self._wakes = due
            self._at(due, self._woken)

    def _woken(self, now: float) -> None:
        if now != self._wakes:  # by an earlier call
            return
        self._wakes = inf
        for number, verdict in self.policy.step(self._look(now), now):
            self._settle(self._waiting.pop(number), verdict, now)
        for number in self.policy.aborts():
            self._evict(self._placed[number], now)
        self._poke(now)

    # Engines work.

    def _submit(self, job: Job, index: int, engine: Engine, now: float) -> None:
        outcome, seen = job.outcome, self.seen.get(index)
        if outcome.closed or self._placed.get(outcome.request.number) is not outcome:
            return
        if seen is None or seen.engine is not engine:
            self._lost(outcome, now)
            return
        seen.scrape(now, self.policy.interval)
        self._jobs[outcome.request.number] = (seen, job)
        version = engine.version
        engine.submit(job, now)
        self._rewake(seen, version)

    def _rewake(self, seen: Seen, version: int) -> None:
        engine = seen.engine
        if engine.version != version and engine.wake is not None:
            self._at(engine.wake, partial(self._step, seen, engine.version))

    def _step(self, seen: Seen, version: int, now: float) -> None:
        engine = seen.engine
        if engine.version != version:
            return
        seen.scrape(now, self.policy.interval)
        first, ended = engine.finish_step(now)
        for job in first:
            if not job.relays and self._is_on(seen, job):
                job.outcome.first = now + STREAMING
                self.policy.first_token(job.outcome, now)
        for job in ended:
            if not self._is_on(seen, job):
                continue
            if job.relays:
                self._relay(job, seen, now)
                continue
            job.outcome.last = now + COMPLETION + STREAMING * job.output
            self._release(job.outcome, now)
            self._end(job.outcome, now, failed=False)
        self._rewake(seen, version)
        self._poke(now)

    def _is_on(self, seen: Seen, job: Job) -> bool:
        return self._jobs.get(job.outcome.request.number) == (seen, job)

    def _relay(self, job: Job, seen: Seen, now: float) -> None:
        """A prompt is computed: its keys and values go to the endpoint that answers, but for those
        that are there. A server sends them for one request after the other."""
        outcome = job.outcome
        prompt = outcome.request.prompt
        del self._jobs[outcome.request.number]
        answering = self.seen.get(outcome.endpoint)
        if answering is None:
            self._lost(outcome, now)
            return
        there = answering.engine.cache.matched(prompt.runs, prompt.tokens)
        begin = max(now, self._links.get(seen.index, 0.0))
        end = begin + seen.engine.server.transfer(prompt.tokens - there)
        self._links[seen.index] = end
        moved = Job(outcome, outcome.request.output, received=True, moved=end - now)
        self._at(end, partial(self._submit, moved, outcome.endpoint, answering.engine))

    # Requests end.

    def _release(self, outcome: Outcome, now: float) -> None:
        """The endpoint of a placed request is rid of it."""
        number = outcome.request.number
        self._load[outcome.endpoint] -= 1
        self._jobs.pop(number, None)
        del self._placed[number]
        self.policy.finished(outcome, now)

    def _end(self, outcome: Outcome, now: float, *, failed: bool) -> None:
        outcome.failed, outcome.closed = failed, True
        self._open -= 1
        stage = self.trace.stages[-1]
        if not outcome.request.measured:
            self._other += 0 if failed else outcome.request.output
        else:
            stage.ended, stage.busy = now, self._busy() - self._busy_before
            stage.other = self._other
        follow = outcome.request.following
        request = follow(now) if follow and not failed else None
        if request is not None:
            self._arriving(request)

    def _give_up(self, outcome: Outcome, now: float) -> None:
        """The client has waited for long enough."""
        if outcome.closed:
            return
        outcome.timed_out = True
        number = outcome.request.number
        if self._waiting.pop(number, None) is not None:
            self.policy.withdraw(outcome.request, now)
        elif number in self._placed:
            self._abort(outcome, now)
        self._end(outcome, now, failed=True)
        self._poke(now)

    def _evict(self, outcome: Outcome, now: float) -> None:
        """The policy wants its place for another; a patient client asks again."""
        self._abort(outcome, now)
        if not outcome.request.patient:
            self._end(outcome, now, failed=True)
            return
        outcome.first, outcome.attempts = None, 0
        self._at(now + 1.0, partial(self._offer, outcome))

    def _abort(self, outcome: Outcome, now: float) -> None:
        """Take a placed request from its engine."""
        seen, job = self._jobs.get(outcome.request.number, (None, None))
        outcome.failed = True
        self._release(outcome, now)
        outcome.failed = False
        if seen is not None and job is not None:
            seen.scrape(now, self.policy.interval)
            version = seen.engine.version
            seen.engine.abort(job, now)
            self._rewake(seen, version)

    # Churn.

    def _change(self, index: int, server: Server | None, now: float) -> None:
        """An endpoint comes, cold, or goes, with what it had."""
        if server is not None:
            self.seen[index] = _seen(index, server)
            return
        engine = self.seen.pop(index).engine
        self._gone.append(engine)
        self.policy.left(index, now)
        for job in engine.fail():
            if not job.outcome.closed:
                self._lost(job.outcome, now)
        self._poke(now)

    def _lost(self, outcome: Outcome, now: float) -> None:
        """Its server died: placed again if nothing of its answer has come, else an error."""
        outcome.failed = True
        self._release(outcome, now)
        outcome.failed = False
        if outcome.first is None:
            self._offer(outcome, now)
        else:
            self._end(outcome, now, failed=True)


def _seen(index: int, server: Server) -> Seen:
    engine = Engine(server)
    return Seen(index, engine, blocks=engine.cache.capacity)


def simulate(workload: Workload, policy: Policy) -> Trace:
    """What happens when `policy` routes `workload`, from a cold start."""
    return Simulation(workload, policy).run()
