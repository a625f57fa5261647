"""A request inside an engine."""

from collections.abc import Sequence

from gateway.simulation.cache import Holding
from gateway.simulation.prompt import Run
from gateway.simulation.request import Outcome


class Job:
    """What the scheduler of an engine knows of a request.

    `target` tokens must be computed before it decodes: the prompt, after a preemption also what
    had been generated. `computed` of them are. While it decodes, its last token comes with the
    engine's decode step `ends`.

    A job that `relays` only prefills, for another engine. One that `received` keys and values got
    them from there, which took `moved` seconds.
    """

    __slots__ = (
        *("arrived", "computed", "ends", "generated", "holding", "outcome", "output_key"),
        *("phase", "preemptions", "runs", "target", "output", "relays", "received", "moved"),
    )

    def __init__(
        self,
        outcome: Outcome,
        output: int,
        *,
        relays: bool = False,
        received: bool = False,
        moved: float = 0.0,
    ) -> None:
        request = outcome.request
        self.outcome = outcome
        self.arrived = 0.0
        self.runs: Sequence[Run] = request.prompt.runs
        self.target = request.prompt.tokens
        self.output = output
        self.output_key = request.output_key
        self.generated = 0
        self.computed = 0
        self.holding: Holding | None = None
        self.ends = -1
        self.phase = 0
        self.preemptions = 0
        self.relays = relays
        self.received = received
        self.moved = moved

    def preempted(self) -> None:
        """Its blocks are gone: all that it had must be computed again."""
        prompt = self.outcome.request.prompt
        self.preemptions += 1
        self.runs = prompt.runs
        self.target = prompt.tokens + self.generated
        if self.generated and not prompt.tokens % 16:
            self.runs = (*prompt.runs, Run(self.output_key, self.generated))
        self.received = False
        self.computed = 0
        self.ends = -1
        self.holding = None
