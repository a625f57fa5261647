"""Virtual time: requests arrive, a policy places them, engines serve them."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from benchmarks.routing.engine import Engine
from benchmarks.routing.hardware import ADMISSION, COMPLETION, STREAMING, Server
from benchmarks.routing.job import Job
from benchmarks.routing.policy import Policy, Seen
from benchmarks.routing.request import Outcome, Request
from benchmarks.routing.workload import Workload

ATTEMPTS = 3
"""How often a request that has not started to answer is placed, as a proxy retries."""


@dataclass(slots=True)
class Stage:
    """When a stage of the workload began, and when its last request ended."""

    began: float
    ended: float = 0.0
    busy: float = 0.0


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

    def run(self) -> Trace:
        """Simulate until the last request of the last stage has ended."""
        now = 0.0
        for change in self.workload.changes:
            self._at(change.at, partial(self._change, change.index, change.server))
        for stage in self.workload.stages:
            began = self._busy()
            self.trace.stages.append(Stage(now))
            for request in stage:
                request.at += now
                self._arriving(request)
            while self._open:
                now, _, event = heapq.heappop(self._events)
                event(now)
            self.trace.stages[-1].ended = now
            self.trace.stages[-1].busy = self._busy() - began
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

    def _arriving(self, request: Request) -> None:
        self._open += 1
        outcome = Outcome(request)
        self.trace.outcomes.append(outcome)
        self._at(request.at, partial(self._place, outcome))

    # Events.

    def _place(self, outcome: Outcome, now: float) -> None:
        seen = list(self.seen.values())
        if not seen or outcome.attempts >= ATTEMPTS:
            self._end(outcome, now, failed=True)
            return
        for one in seen:
            one.scrape(now, self.policy.interval)
        outcome.attempts += 1
        index = outcome.endpoint = self.policy.place(outcome.request, seen, now)
        self._load[index] += 1
        self._at(now + ADMISSION, partial(self._submit, outcome, self.seen[index].engine))
        loads = [self._load[one.index] for one in seen]
        self.trace.imbalance.append(max(loads) * len(loads) / sum(loads))

    def _submit(self, outcome: Outcome, engine: Engine, now: float) -> None:
        seen = self.seen.get(outcome.endpoint)
        if seen is None or seen.engine is not engine:
            self._lost(outcome, now)
            return
        seen.scrape(now, self.policy.interval)
        version = engine.version
        engine.submit(Job(outcome, outcome.request.output), now)
        if engine.version != version:
            self._wake(seen)

    def _wake(self, seen: Seen) -> None:
        engine = seen.engine
        if engine.wake is not None:
            self._at(engine.wake, partial(self._step, seen, engine.version))

    def _step(self, seen: Seen, version: int, now: float) -> None:
        engine = seen.engine
        if engine.version != version:
            return
        seen.scrape(now, self.policy.interval)
        first, ended = engine.finish_step(now)
        for job in first:
            job.outcome.first = now + STREAMING
            self.policy.first_token(job.outcome, now)
        for job in ended:
            job.outcome.last = now + COMPLETION + STREAMING * job.output
            self._load[job.outcome.endpoint] -= 1
            self.policy.finished(job.outcome, now)
            self._end(job.outcome, now, failed=False)
        self._wake(seen)

    def _end(self, outcome: Outcome, now: float, *, failed: bool) -> None:
        outcome.failed = failed
        self._open -= 1
        follow = outcome.request.following
        request = follow(now) if follow and not failed else None
        if request is not None:
            self._arriving(request)

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
            self._lost(job.outcome, now)

    def _lost(self, outcome: Outcome, now: float) -> None:
        """Its server died: placed again if nothing of its answer has come, else an error."""
        self._load[outcome.endpoint] -= 1
        outcome.failed = True
        self.policy.finished(outcome, now)
        outcome.failed = False
        if outcome.first is None:
            self._place(outcome, now)
        else:
            self._end(outcome, now, failed=True)


def _seen(index: int, server: Server) -> Seen:
    engine = Engine(server)
    return Seen(index, engine, blocks=engine.cache.capacity)


def simulate(workload: Workload, policy: Policy) -> Trace:
    """What happens when `policy` routes `workload`, from a cold start."""
    return Simulation(workload, policy).run()
