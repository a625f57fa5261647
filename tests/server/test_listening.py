"""Who is listened to follows the pools and their endpoints; what is heard is counted."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from prometheus_client import CollectorRegistry

from gateway.config.pool import KvEvents
from gateway.picker.endpoint import Endpoint
from gateway.picker.kv.feed import Feed
from gateway.picker.kv.source import Source
from gateway.picker.plan import PickerPlan
from gateway.server.counting import CountingPlacer
from gateway.server.listening import Hear, Listening
from gateway.telemetry.kv_events import KvEventMetrics
from gateway.telemetry.picking import PickMetrics
from tests.picker.kv.publisher import Publisher
from tests.server.desks import POOL, plan

A, B = "10.0.0.1:80", "10.0.0.2:80"


class Line:
    """A subscription in memory."""

    def __init__(self, source: Source, hear: Hear, malformed: Callable[[], None]) -> None:
        self.source = source
        self.malformed = malformed
        self.closed = False
        self._hear = hear
        self._feed = Feed(replays=True)

    def say(self, engine: Publisher, lost: int = 0) -> None:
        """What the engine has sent arrives, but for the first messages."""
        self._hear(self._feed, engine.received(self._feed, 0.0, lost))

    def close(self) -> None:
        self.closed = True


class Lines:
    """Opens subscriptions, and has them all."""

    def __init__(self) -> None:
        self.all: list[Line] = []

    def __call__(self, source: Source, hear: Hear, malformed: Callable[[], None]) -> Line:
        line = Line(source, hear, malformed)
        self.all.append(line)
        return line

    def hosts(self) -> list[str]:
        """Where is listened to now."""
        return sorted(line.source.events for line in self.all if not line.closed)


def listening_plan(port: int = 5557) -> PickerPlan:
    return replace(plan(), kv_events=KvEvents(port=port))


def scene() -> tuple[CountingPlacer, Lines, CollectorRegistry, Listening]:
    registry = CollectorRegistry()
    placer = CountingPlacer(time.monotonic, Random(1), PickMetrics(registry))
    lines = Lines()
    listening = Listening(placer, lines, KvEventMetrics(registry))
    return placer, lines, registry, listening


def members(placer: CountingPlacer, addresses: Sequence[str]) -> None:
    placer.endpoints(POOL, [Endpoint(address) for address in addresses])


def test_there_is_one_subscription_for_each_endpoint_while_it_is_there() -> None:
    placer, lines, _, listening = scene()
    placer.configure({POOL: listening_plan()})
    members(placer, [A, B])
    members(placer, [A, B])
    assert lines.hosts() == ["tcp://10.0.0.1:5557", "tcp://10.0.0.2:5557"]
    members(placer, [B])
    assert lines.hosts() == ["tcp://10.0.0.2:5557"]
    listening.close()
    assert lines.hosts() == []
    members(placer, [A])
    assert lines.hosts() == []


def test_a_pool_that_says_nothing_of_events_is_not_listened_to() -> None:
    placer, lines, _, _ = scene()
    placer.configure({POOL: plan()})
    members(placer, [A])
    assert lines.all == []


def test_a_reload_begins_changes_and_ends_listening() -> None:
    placer, lines, _, _ = scene()
    placer.configure({POOL: plan()})
    members(placer, [A])
    placer.configure({POOL: listening_plan()})
    assert lines.hosts() == ["tcp://10.0.0.1:5557"]
    placer.configure({POOL: listening_plan(port=6000)})
    assert lines.hosts() == ["tcp://10.0.0.1:6000"]
    placer.configure({POOL: plan()})
    assert lines.hosts() == []


def test_what_is_heard_reaches_the_pool_and_is_counted() -> None:
    placer, lines, registry, _ = scene()
    placer.configure({POOL: listening_plan()})
    members(placer, [A])
    (line,) = lines.all
    engine = Publisher(1000)
    for text in (b"a", b"b", b"c", b"d"):
        engine.serve(text * 1024)
        line.say(engine, lost=text == b"b")
    line.malformed()
    known = placer.desks[POOL].pool.known(A)
    assert known is not None
    assert known.blocks == 64

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"pool": POOL, "endpoint": A, **labels})

    assert value("gatehouse_pool_kv_events_total", kind="stored") == 64
    assert value("gatehouse_pool_kv_events_total", kind="malformed") == 1
    assert value("gatehouse_pool_kv_event_gaps_total") == 1
    assert value("gatehouse_pool_kv_events_replayed_total") == 2
