"""What runs and may be shed makes room for those that wait, once for each of them."""

from gateway.model.demand import Demand
from gateway.model.placement import Drop, Dropped, Placement
from gateway.picker.flow.entry import FlowKey
from gateway.picker.flow.eviction import Evictions
from gateway.picker.flow.gate import Room
from gateway.picker.flow.lane import ANY
from gateway.picker.flow.rules import FlowRules
from gateway.picker.flow.running import Run, Running
from gateway.picker.flow.waiting_room import WaitingRoom

ONE, TWO = "10.0.0.1:80", "10.0.0.2:80"
ALL_FULL = Room(full={ONE: 0.0, TWO: 0.0})


class Case:
    """Requests that run, by their priorities on each endpoint, and others that wait."""

    def __init__(self, one: tuple[int, ...] = (), two: tuple[int, ...] = ()) -> None:
        self.running = Running()
        self.waiting = WaitingRoom(FlowRules())
        self.evictions = Evictions(self.running)
        where = [*((each, ONE) for each in one), *((each, TWO) for each in two)]
        for ticket, (priority, endpoint) in enumerate(where, start=1):
            self.running.begin(ticket, Run(FlowKey("a", priority), endpoint, 10, 0, 0.0))

    def wait(self, priority: int, lane: str = ANY) -> None:
        demand = Demand("m", priority=priority)
        entry = self.waiting.enter(self.waiting.flow(demand, 0.0), demand, 1, 0.0)
        assert entry is not None
        self.waiting.move(entry, lane, 1.0, 0.0)

    def name(self, now: float = 0.0, room: Room = ALL_FULL) -> list[int]:
        return self.evictions.name(room, self.waiting, now)

    def place(self, endpoint: str, lane: str) -> None:
        band = next(self.waiting.bands())
        entry = band.head(0.0, {ONE, TWO, ANY} - {lane})
        assert entry is not None
        self.waiting.take(entry, 0.0)
        self.evictions.used(Placement(99, endpoint), lane)


def test_as_many_are_named_as_wait_the_lowest_first_and_of_those_the_newest() -> None:
    case = Case(one=(-1, -2, 5, -2), two=(0, -1))
    for _ in range(3):
        case.wait(0)
    assert case.name() == [4, 2, 6]
    assert case.name(0.1) == []


def test_what_may_not_be_shed_and_what_is_no_lower_is_never_named() -> None:
    case = Case(one=(0, 1, 7, -1))
    case.wait(-1)
    assert case.name() == []
    case.wait(9)
    assert case.name() == [4]
    assert case.name() == []


def test_room_is_made_where_somebody_waits_for_it() -> None:
    case = Case(one=(-9,), two=(-1, -1))
    case.wait(0, lane=TWO)
    assert case.name() == [3]


def test_nobody_is_ended_for_one_who_may_go_elsewhere() -> None:
    case = Case(one=(-1,))
    case.wait(0)
    assert case.name(room=Room(full={ONE: 0.0}, open={TWO: 0.0})) == []


def test_nobody_is_ended_where_there_is_room() -> None:
    case = Case(one=(-1,))
    case.wait(0, lane=ONE)
    assert case.name(room=Room(open={ONE: 0.0})) == []


def test_more_are_named_only_when_the_room_that_was_made_is_used() -> None:
    case = Case(one=(-1, -1, -1))
    case.wait(0, lane=ONE)
    assert case.name() == [3]
    case.running.end(3)
    assert case.name(1.0) == []
    case.place(ONE, ONE)
    assert case.name(1.0) == []
    case.wait(0, lane=ONE)
    assert case.name(1.0) == [2]


def test_room_that_a_request_of_any_lane_takes_is_used() -> None:
    case = Case(one=(-1, -1))
    case.wait(0)
    assert case.name() == [2]
    case.place(ONE, ANY)
    case.wait(0)
    assert case.name() == [1]


def test_a_drop_takes_no_room() -> None:
    case = Case(one=(-1, -1))
    case.wait(0, lane=ONE)
    assert case.name() == [2]
    case.evictions.used(Dropped(Drop.NO_ENDPOINTS), ONE)
    assert case.name() == []


def test_room_that_does_not_come_is_not_counted_on_for_ever() -> None:
    case = Case(one=(-1, -1))
    case.wait(0, lane=ONE)
    assert case.name() == [2]
    assert case.name(4.9) == []
    assert case.name(5.0) == [1]


def test_not_more_than_a_batch_is_ended_at_once() -> None:
    case = Case(one=(-1,) * 40)
    for _ in range(40):
        case.wait(0)
    assert len(case.name()) == 32
    assert len(case.name()) == 8
