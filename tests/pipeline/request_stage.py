"""Requests, and why they are refused."""

from collections.abc import Coroutine
from itertools import count
from random import Random
from typing import Any, TypeVar

import pytest

from gateway.audit.record import Record
from gateway.config.wiring import Wiring
from gateway.model.refusal import Refusal
from gateway.model.verdict import Gap
from gateway.pipeline.consultants import NoConsultants
from gateway.pipeline.request import Judged, Means, RequestPipeline
from gateway.pipeline.rescue import RefusedError
from gateway.pipeline.sampling import Sampler
from gateway.pipeline.snapshot import Snapshot
from gateway.pipeline.stopwatch import Stopwatch
from gateway.pipeline.taints import NoTaints
from gateway.pipeline.tools_seen import ToolsSeen
from gateway.telemetry.traces import NoTracing, Tracing
from tests.identity.issuer import NOW
from tests.pipeline.stage import (
    CALLED,
    WIRING,
    asked,
    snapshot,
)
from tests.protocols.mcp.clients import JSON, Lines, encode

AUDIT = "audit-1"

T = TypeVar("T")


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that has nothing to wait for."""
    try:
        work.send(None)
    except StopIteration as done:
        found: T = done.value
        return found
    raise AssertionError("it waits for something")


class Asking:
    """A request pipeline with its record. What a test does not say goes on."""

    def __init__(
        self,
        using: Snapshot | None = None,
        wiring: Wiring = WIRING,
        tracing: Tracing | None = None,
        tools: ToolsSeen | None = None,
    ) -> None:
        self.record = Record(AUDIT, NOW, 4, "digest")
        watch = Stopwatch(count(step=1000).__next__, self.record.stages)
        self.pipeline = RequestPipeline(
            using or snapshot(),
            wiring,
            self.record,
            Means(
                watch,
                tracing or NoTracing(),
                Random(1),
                Sampler(Random(1)),
                NoTaints(),
                NoConsultants(),
                tools or ToolsSeen(),
            ),
        )

    def judge(
        self,
        message: Any = CALLED,
        lines: Lines = JSON,
        *,
        gap: Gap | None = None,
        now: float = NOW,
        **head: Any,
    ) -> Judged:
        body = message if isinstance(message, bytes) else encode(message)
        return at_once(self.pipeline.judge(asked(*lines, **head), body, gap, now))

    def refused(self, *asking: Any, **more: Any) -> Refusal:
        """Why the same was not let through."""
        with pytest.raises(RefusedError) as found:
            self.judge(*asking, **more)
        return found.value.refusal
