"""Where a request goes, or why it goes nowhere. Pure: no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Drop(Enum):
    """Why the picker drops a request; the values are those of x-llm-d-request-dropped-reason."""

    SATURATED = "rejected-saturated"
    EXPIRED = "rejected-ttl-expired"
    GONE = "rejected-context-cancelled"
    NO_ENDPOINTS = "rejected-no-endpoints"
    EVICTED = "evicted"
    QUEUE_PRESSURE = "evicted-queue-pressure"
    PRIORITY = "evicted-priority"


@dataclass(frozen=True, slots=True)
class Placement:
    """A request has been given to `endpoint` ("ip:port"), which is charged for it.

    `ticket` names the charge until it is finished. `fallbacks` are the next best endpoints, for
    retries, in order. `prefiller` is another endpoint that shall do the prefill first. `expected`
    is the predicted time to the first token in milliseconds, None where the profile predicts none.
    `cached_tokens` of `prompt_tokens` are believed to be in the endpoint's cache. `waited` is the
    time in the queue, in seconds. `scores` says of every candidate what it was compared by, for
    explanations: endpoint -> parts -> value, the best first. (The last field, which the picker's
    wire form relies on.)
    """

    ticket: int
    endpoint: str
    pool: str = ""
    profile: str = ""
    fallbacks: tuple[str, ...] = ()
    prefiller: str | None = None
    expected: float | None = None
    cached_tokens: int = 0
    prompt_tokens: int = 0
    waited: float = 0.0
    degraded: bool = False
    scores: Mapping[str, Mapping[str, float]] = field(
        default_factory=dict[str, Mapping[str, float]]
    )


@dataclass(frozen=True, slots=True)
class Dropped:
    """A request that gets no endpoint; asking again makes sense after `retry_after` seconds."""

    drop: Drop
    retry_after: float = 1.0
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Served:
    """How a placed request ended, as far as it was seen.

    `endpoint` is the one that served, which after a retry is not the one that was picked (None:
    unknown). `status` is the HTTP status, 0 if none came. `first_token` is seconds from the
    placement to the first byte of the answer's body, `prompt_tokens`, `cached_tokens` and
    `output_tokens` what the server reported.
    """

    endpoint: str | None = None
    status: int = 0
    first_token: float | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
