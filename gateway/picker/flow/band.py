"""The requests of one priority that wait, in flows. Pure: no I/O, no clock."""

from collections import Counter, OrderedDict
from collections.abc import Container

from gateway.model.placement import Drop
from gateway.picker.flow.attained_service import AttainedService, jain_index
from gateway.picker.flow.entry import Entry
from gateway.picker.flow.fairness import find_fairness
from gateway.picker.flow.fairness_policy import FairnessWeights
from gateway.picker.flow.flow_queue import FlowQueue
from gateway.picker.flow.lane import ANY, Lane
from gateway.picker.flow.ordering import find_ordering
from gateway.picker.flow.rules import FlowRules
from gateway.picker.flow.view import BandView, FlowView


class Band:
    """Flows of `priority`. `bytes` is what waits in it, `active` when it last did something.

    Each request waits in the lane of an endpoint, named by its address, or in that of `ANY`.
    """

    __slots__ = (
        "_entries", "_fairness", "_half_life", "_lanes", "_ordering", "_where", "active", "bytes",
        "dispatched", "dropped", "flows", "priority", "rules",
    )  # fmt: skip

    def __init__(self, priority: int, rules: FlowRules, now: float) -> None:
        self.priority = priority
        self.rules = rules.of(priority)
        self.flows: dict[str, FlowQueue] = {}
        self.bytes = 0
        self.active = now
        self.dispatched = 0
        self.dropped: Counter[Drop] = Counter()
        self._half_life = rules.half_life
        self._ordering = find_ordering()[self.rules.ordering]
        self._fairness = FairnessWeights(rules.service_weight, rules.wait_weight)
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._lanes: dict[str, Lane] = {}
        self._where: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def flow(self, name: str, now: float) -> FlowQueue:
        """The flow `name`, made if it is new."""
        flow = self.flows.get(name)
        if flow is None:
            attained = AttainedService(self._half_life)
            flow = self.flows[name] = FlowQueue(name, self._ordering, attained, now)
        flow.active = self.active = now
        return flow

    def fits(self, size: int) -> bool:
        """Whether one more request of `size` bytes may wait."""
        most, most_bytes = self.rules.max_requests, self.rules.max_bytes
        return (most is None or len(self) < most) and (
            most_bytes is None or self.bytes + size <= most_bytes
        )

    def add(self, entry: Entry, now: float) -> None:
        """Let `entry` wait in its flow, for any endpoint."""
        flow = self.flow(entry.key.flow, now)
        flow.add(entry)
        self._entries[entry.number] = entry
        self.bytes += entry.size
        self._enter(entry, ANY, 0.0, now)

    def remove(self, entry: Entry, now: float) -> None:
        """`entry` waits no more."""
        flow = self.flow(entry.key.flow, now)
        flow.remove(entry)
        del self._entries[entry.number]
        self.bytes -= entry.size
        self._leave(entry, now)

    def move(self, entry: Entry, lane: str, work: float, now: float) -> None:
        """`entry` waits in `lane` from now on, whose endpoint it would keep busy for `work`
        milliseconds."""
        self._leave(entry, now)
        self._enter(entry, lane, work, now)

    def lane(self, entry: Entry) -> str:
        """The lane in which `entry` waits."""
        return self._where[entry.number]

    def ahead(self, lane: str) -> tuple[int, float]:
        """How many wait in `lane`, and their work in milliseconds."""
        found = self._lanes.get(lane)
        return (0, 0.0) if found is None else (len(found), found.work)

    def head(self, now: float, without: Container[str] = ()) -> Entry | None:
        """The request that goes next, of no lane in `without`: of several lanes the head that came
        first. None if none waits there, or only such of flows set aside."""
        heads = (lane.head(now) for name, lane in self._lanes.items() if name not in without)
        return min(
            (each for each in heads if each is not None),
            key=lambda each: each.number,
            default=None,
        )

    def newest(self) -> Entry:
        """The request that came last. LookupError when none waits."""
        if not self._entries:
            raise LookupError(f"nothing waits with priority {self.priority}")
        return self._entries[next(reversed(self._entries))]

    def longest(self, than: str) -> FlowQueue | None:
        """The flow with the most requests waiting, if it has at least two more than the flow
        `than`. Asked of a full band only: it looks at every flow."""
        own = self.flows.get(than)
        found = max(self.flows.values(), key=len, default=None)
        if found is None or len(found) < (len(own) if own is not None else 0) + 2:
            return None
        return found

    def took(self, entry: Entry, now: float) -> None:
        """`entry`, the head of its lane, has been dispatched: it was its flow's turn."""
        self._lanes[self._where[entry.number]].turn(entry.key.flow, now)
        self.remove(entry, now)

    def served(self, name: str, tokens: float, now: float) -> None:
        """The flow `name` has had `tokens` more of service, if it is still known."""
        flow = self.flows.get(name)
        if flow is not None:
            flow.attained.add(tokens, now)
            for lane in self._lanes.values():
                lane.renew(name, now)

    def set_aside(self, entry: Entry) -> None:
        """Leave the flow of `entry` out of its lane until `restore`: its head, which it is, can go
        nowhere for now."""
        self._lanes[self._where[entry.number]].set_aside(entry.key.flow)

    def restore(self, now: float) -> None:
        """All flows may go again."""
        for lane in self._lanes.values():
            lane.restore(now)

    def count_dispatch(self, name: str, now: float) -> None:
        """A request of the flow `name` got an endpoint."""
        self.flow(name, now).dispatched += 1
        self.dispatched += 1

    def count_drop(self, name: str, drop: Drop, now: float) -> None:
        """A request of the flow `name` was dropped."""
        self.flow(name, now).dropped[drop] += 1
        self.dropped[drop] += 1

    def inherit(self, other: "Band", now: float) -> None:
        """Go on with the counts of `other` and with the service of its flows."""
        self.dispatched, self.dropped = other.dispatched, other.dropped
        for name, flow in other.flows.items():
            mine = self.flow(name, now)
            mine.dispatched, mine.dropped = flow.dispatched, flow.dropped
            mine.attained.add(flow.attained.at(now), now)

    def view(self, ceiling: float, now: float) -> BandView:
        """What waits, by flow."""
        flows = tuple(_view(flow, now) for flow in self.flows.values())
        return BandView(
            priority=self.priority,
            ceiling=ceiling,
            waiting=len(self),
            oldest=max((flow.oldest for flow in flows), default=0.0),
            bytes=self.bytes,
            fairness=jain_index([flow.attained for flow in flows]),
            dispatched=self.dispatched,
            dropped=dict(self.dropped),
            flows=flows,
            lanes={name: len(lane) for name, lane in self._lanes.items()},
        )

    def _enter(self, entry: Entry, name: str, work: float, now: float) -> None:
        lane = self._lanes.get(name)
        if lane is None:
            fairness = find_fairness()[self.rules.fairness].make(self._fairness)
            lane = self._lanes[name] = Lane(self._ordering, fairness)
        lane.add(entry, self.flows[entry.key.flow], work, now)
        self._where[entry.number] = name

    def _leave(self, entry: Entry, now: float) -> None:
        name = self._where.pop(entry.number)
        self._lanes[name].remove(entry, now)
        if not len(self._lanes[name]):
            del self._lanes[name]


def _view(flow: FlowQueue, now: float) -> FlowView:
    oldest = flow.oldest()
    return FlowView(
        flow=flow.name,
        waiting=len(flow),
        oldest=0.0 if oldest is None else max(now - oldest, 0.0),
        bytes=flow.bytes,
        attained=flow.attained.at(now),
        dispatched=flow.dispatched,
        dropped=dict(flow.dropped),
    )
