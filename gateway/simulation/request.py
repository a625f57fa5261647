"""One request of a workload and what became of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.simulation.prompt import Prompt


@dataclass(slots=True, eq=False)
class Request:
    """A client asks `prompt` at `at` seconds and gets `output` tokens.

    `output_key` is the run that the answer becomes in a later prompt. `session` names a client or
    an agent. `stage` is the index of the workload's stage, `measured` False while warming up.
    `following` makes the next request of the session from the time when this one has ended (None:
    the session is over). `patient` clients never give up: when refused they ask again when told.
    """

    number: int
    at: float
    prompt: Prompt
    output: int
    output_key: int = 0
    session: str = ""
    stage: int = 0
    measured: bool = True
    priority: int = 0
    patient: bool = False
    following: Callable[[float], "Request | None"] | None = field(default=None, repr=False)


@dataclass(slots=True, eq=False)
class Outcome:
    """How a request was served: by which endpoint, with how many cached tokens, when its first
    token and its last came (seconds, None: never). `attempts` counts placements. `reported` is what
    the usage calls cached, which counts keys and values that came from another server as well.
    `closed` says that nothing more happens to it, `timed_out` that its client had enough."""

    request: Request
    endpoint: int = -1
    cached: int = 0
    first: float | None = None
    last: float | None = None
    failed: bool = False
    attempts: int = 0
    reported: int = 0
    closed: bool = False
    timed_out: bool = False

    @property
    def ttft(self) -> float:
        """Seconds to the first token; infinite if none came."""
        return float("inf") if self.first is None else self.first - self.request.at

    @property
    def e2e(self) -> float:
        """Seconds to the last token; infinite if it did not come."""
        return float("inf") if self.last is None else self.last - self.request.at

    @property
    def tpot(self) -> float:
        """Seconds per token after the first; 0 for answers of one token."""
        if self.last is None or self.first is None:
            return float("inf")
        return (self.last - self.first) / max(self.request.output - 1, 1)
