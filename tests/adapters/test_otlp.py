"""Spans on their way to a collector that takes OTLP over gRPC, without TLS, in this process."""

import threading

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from typing_extensions import override

from gateway.adapters import otlp as module
from gateway.adapters.otlp import FLUSH_SECONDS, otlp_processor
from gateway.supervisor.workers import Timing
from gateway.telemetry.traces import SdkTracing
from tests.support.collector import collector
from tests.telemetry.stage import asked, deframed, record

BATCH = 512
MORE_THAN_IS_QUEUED = 5000
PATIENCE = 20.0
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def request(tracing: SdkTracing) -> None:
    """A request that came and ended."""
    tracing.begin(asked(deframed(), ("traceparent", PARENT)), 1000.0).end(record(), 1001.5)


class Held(list[Span]):
    """What a collector has got: nothing more until `released`. `begun` tells of batches that it
    was sent, each as one permit."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()
        self.begun = threading.Semaphore(0)

    @override
    def extend(self, iterable: object) -> None:
        self.begun.release()
        self.released.wait(PATIENCE)
        super().extend(iterable)  # pyright: ignore[reportArgumentType]


def test_what_is_queued_reaches_the_collector_before_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FLUSH_SECONDS", PATIENCE)  # however busy this machine is
    with collector() as reached:
        tracing = SdkTracing("test", otlp_processor(reached.address))
        request(tracing)
        tracing.shutdown()
        (span,) = reached.spans
    assert span.name == "tools/call echo"
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (PARENT[3:35], PARENT[36:52])
    assert span.end_time_unix_nano - span.start_time_unix_nano == 1_500_000_000


def test_a_full_batch_does_not_wait_for_the_end() -> None:
    with collector() as reached:
        tracing = SdkTracing("test", otlp_processor(reached.address))
        for _ in range(BATCH):
            request(tracing)
        assert len(reached.wait_for(BATCH)) == BATCH
        tracing.shutdown()


def test_a_collector_that_hangs_costs_spans_and_no_request() -> None:
    held = Held()
    with collector() as reached:
        reached.spans = held
        tracing = SdkTracing("test", otlp_processor(reached.address))
        for _ in range(MORE_THAN_IS_QUEUED):
            request(tracing)  # would not return if it waited for the collector
        assert len(held) == 0
        held.released.set()
        tracing.shutdown()
        assert 0 < len(held) < MORE_THAN_IS_QUEUED


def test_a_collector_that_hangs_does_not_hold_up_the_end() -> None:
    held = Held()
    with collector() as reached:
        reached.spans = held
        tracing = SdkTracing("test", otlp_processor(reached.address))
        for _ in range(BATCH):
            request(tracing)
        assert held.begun.acquire(timeout=PATIENCE)
        for _ in range(2 * BATCH):
            request(tracing)
        tracing.shutdown()
        assert not held.begun.acquire(blocking=False)  # none was waited for but the first
        held.released.set()


def test_the_last_spans_have_less_time_than_a_worker_has_after_its_drain() -> None:
    assert Timing().margin >= 2 * FLUSH_SECONDS
