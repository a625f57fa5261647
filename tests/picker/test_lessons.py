"""What is learnt of requests, by whoever learns, and what of it cannot be."""

from dataclasses import dataclass, field

import pytest

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.placement import Served
from gateway.picker.cost import CostProfile
from gateway.picker.endpoint import Endpoint, EndpointState
from gateway.picker.index import PrefixIndex
from gateway.picker.learning import Began, Ended
from gateway.picker.ledger import Account, Placed
from gateway.picker.lessons import Lessons, read
from gateway.picker.tokens import TokenEstimate


class Pupil(CostProfile):
    """A profile that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = list[Began]()
        self.over = list[Ended]()
        self.moves = list[tuple[float, int]]()
        self.gone = list[str]()

    def began(self, event: Began) -> None:
        self.begun.append(event)

    def ended(self, event: Ended) -> None:
        self.over.append(event)

    def moved(self, seconds: float, tokens: int) -> None:
        self.moves.append((seconds, tokens))

    def left(self, address: str) -> None:
        self.gone.append(address)


@dataclass
class Class:
    """Lessons, and who is taught."""

    pupil: Pupil = field(default_factory=Pupil)
    index: PrefixIndex = field(default_factory=lambda: PrefixIndex(100, 10))
    estimate: TokenEstimate = field(default_factory=TokenEstimate)

    def __post_init__(self) -> None:
        self.lessons = Lessons(self.estimate, self.index)
        self.lessons.teach((self.pupil, object()))
        self.lessons.joined("a")
        self.index.join("a", 50)

    def open(
        self, first: float | None = None, expected: float | None = None, transfer: float = 0.0
    ) -> Placed:
        lease = self.index.enter("a", (1, 2))
        demand = Demand("m", (1, 2), prompt_bytes=2048)
        return Placed(demand, a_state(), lease, 1.0, 512, 600.0, 50.0, first, expected, transfer)


def a_state(address: str = "a") -> EndpointState:
    return EndpointState(Endpoint(address), Account())


def test_an_end_teaches_sizes_and_how_long_it_took() -> None:
    one = Class()
    open_ = one.open(first=1.5)
    before = one.lessons.answer(None)
    one.lessons.ended(open_, Served("a", 200, 0.5, 1024, 0, 4), 3.0)
    assert one.estimate.bytes_per_token("m") < 4
    assert one.lessons.answer(None) < before
    assert one.lessons.answer(3) == 3
    [over] = one.pupil.over
    assert (over.address, over.seconds, over.answering, over.output_tokens) == ("a", 2.0, 1.5, 4)


def test_a_first_token_that_only_the_end_tells_is_taught_then() -> None:
    one = Class()
    one.lessons.ended(one.open(), Served("a", 200, 0.25), 3.0)
    [begun] = one.pupil.begun
    assert (begun.address, begun.seconds, begun.work_tokens) == ("a", 0.25, 600.0)


@pytest.mark.parametrize("served", [Served("b", 200, 0.5), Served("a", 503, 0.5)])
def test_of_what_failed_or_went_elsewhere_nothing_is_learnt(served: Served) -> None:
    one = Class()
    one.lessons.ended(one.open(), served, 3.0)
    assert (one.pupil.begun, one.pupil.over) == ([], [])


def test_of_a_prompt_that_another_prefilled_the_way_is_learnt() -> None:
    one = Class()
    one.lessons.began(one.open(expected=1000.0, transfer=200.0), 1.5, 3.0)
    assert one.pupil.begun == []
    assert one.pupil.moves == [(pytest.approx(0.7), 512)]


def test_it_is_blind_until_most_first_tokens_are_seen() -> None:
    one = Class()
    for seen in range(40):
        assert one.lessons.blind == (seen < 35)
        one.lessons.ended(one.open(first=1.5), Served("a", 200), 3.0)


def test_scrapes_teach_first_tokens_to_the_blind_alone() -> None:
    for seen in (0, 40):
        one = Class()
        for _ in range(seen):
            one.lessons.ended(one.open(first=1.5), Served("a", 200), 3.0)
        for at, count in ((0.0, 0), (1.0, 4)):
            load = EngineLoad(at, waiting=0, running=0, ttft_sum=count * 0.5, ttft_count=count)
            one.lessons.scraped(a_state(), load, at)
            for _ in range(4):
                one.lessons.expected("a", 100.0, 10.0)
                one.lessons.expected("nobody", 900.0, 10.0)
        assert [each.seconds for each in one.pupil.begun] == ([] if seen else [0.5])


def test_who_is_taught_no_more_learns_no_more() -> None:
    one = Class()
    one.lessons.teach(())
    one.lessons.ended(one.open(), Served("a", 200, 0.25), 3.0)
    one.lessons.left("a")
    assert (one.pupil.over, one.pupil.gone) == ([], [])
    assert one.lessons.speed("a", 0.0) == 10_000


def test_an_endpoint_that_leaves_is_forgotten_by_all() -> None:
    one = Class()
    one.lessons.left("a")
    one.lessons.left("a")
    assert one.pupil.gone == ["a", "a"]


@pytest.mark.parametrize(
    ("first", "served", "is_read"),
    [
        (None, Served("a", 200), True),
        (None, Served(None, 200), True),
        (None, Served("a", 0), False),
        (None, Served("a", 503), False),
        (1.5, Served("a", 0), True),
        (1.5, Served("b", 200), False),
    ],
)
def test_the_cache_has_what_was_read(first: float | None, served: Served, is_read: bool) -> None:
    one = Class()
    open_ = one.open()
    open_.first = first
    assert read(open_, served) == is_read
    one.lessons.settle(open_, served)
    assert one.index.match((1, 2)) == ({"a": 2} if is_read else {})


def test_an_answer_leaves_as_many_blocks_as_it_has_tokens_for() -> None:
    one = Class()
    one.lessons.block_bytes = 64
    left = one.lessons.left_by(one.open(), Served("a", 200, output_tokens=160))
    assert left == pytest.approx(160 * 4 / 64)
