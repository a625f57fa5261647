"""A workload: who asks for what, when, of which fleet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.simulation.hardware import Server
from gateway.simulation.prompt import CHARACTERS
from gateway.simulation.request import Request

REQUEST_TIMEOUT: Final = 300.0
"""Seconds, as in llm-d's ladder (request_timeout of inference-perf)."""


@dataclass(frozen=True, slots=True)
class Change:
    """At `at` seconds endpoint `index` dies (`server` None) or joins with an empty cache."""

    at: float
    index: int
    server: Server | None = None


@dataclass(slots=True)
class Workload:
    """`stages` of requests, whose times count from the beginning of their stage; `rates` are the
    requests per second that each offers (0: not by rate). A request is good if its first token
    comes within `ttft_slo` seconds and the others within `tpot_slo` seconds each. Clients give up
    after `timeout` seconds. `bytes_per_token` is what the model's tokeniser makes of the text."""

    servers: Sequence[Server]
    stages: list[list[Request]]
    rates: Sequence[float] = ()
    ttft_slo: float = 2.0
    tpot_slo: float = 0.1
    changes: Sequence[Change] = field(default_factory=tuple[Change, ...])
    timeout: float = REQUEST_TIMEOUT
    bytes_per_token: float = CHARACTERS
