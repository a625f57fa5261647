"""Which blocks can be those of a request, by time, by length and by what came before."""

import pytest

from gateway.model.demand import Demand
from gateway.picker.kv.blocks import Block
from gateway.picker.kv.flights import (
    LAG,
    TURN,
    Flight,
    Path,
    Steps,
    above,
    fits,
    follows,
    passed,
    shared,
)

SIZE = 16


def line(start: Block, count: int, key: int = 1) -> Block:
    """So many blocks after one, all with this key."""
    for _ in range(count):
        start = start.find(key) or start.add(key)
    return start


def root() -> Block:
    return Block(0, None, 0)


def flight(tokens: int = 160, **more: float | None) -> Flight:
    made = Flight(Demand("m", (1, 2, 3), prompt_bytes=3072, output_limit=32), tokens, 10.0)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def path(count: int, opened: float = 10.0, adapter: str | None = None) -> Path:
    start = root()
    return Path(start, line(start, count), opened, adapter)


@pytest.mark.parametrize(
    ("opened", "can"),
    [(9.9, False), (10.0, True), (11.0, True), (11.0 + LAG, True), (11.1 + LAG, False)],
)
def test_blocks_come_after_the_request_and_before_its_first_token(
    opened: float, *, can: bool
) -> None:
    assert fits(flight(first=11.0), path(10, opened), SIZE) is can


def test_a_prompt_of_another_adapter_is_another() -> None:
    assert not fits(flight(), path(10, adapter="sql"), SIZE)
    assert fits(flight(), path(10, adapter="m"), SIZE)


@pytest.mark.parametrize(("blocks", "can"), [(3, True), (10, True), (23, True), (24, False)])
def test_a_request_under_way_may_have_more_to_come_but_not_less(blocks: int, *, can: bool) -> None:
    assert fits(flight(), path(blocks), SIZE) is can


@pytest.mark.parametrize(("blocks", "can"), [(3, False), (4, True), (10, True)])
def test_one_that_has_ended_has_all_its_blocks(blocks: int, *, can: bool) -> None:
    assert fits(flight(end=12.0), path(blocks), SIZE) is can


@pytest.mark.parametrize(("blocks", "can"), [(9, False), (10, True), (11, True), (12, False)])
def test_reported_tokens_say_how_many_blocks_there_are(blocks: int, *, can: bool) -> None:
    told = flight(end=12.0, prompt=160, output=17)
    assert fits(told, path(blocks), SIZE) is can


@pytest.mark.parametrize(("cached", "can"), [(0, False), (64, True), (96, True), (160, False)])
def test_reported_cached_tokens_say_where_new_blocks_begin(cached: int, *, can: bool) -> None:
    start = root()
    fork = line(start, 5)
    one = Path(fork, line(fork, 5), 10.0, None)
    assert fits(flight(end=12.0, cached=cached), one, SIZE) is can


def test_what_was_believed_to_be_cached_is_not_stored_by_its_own_request() -> None:
    assert not fits(flight(end=12.0, believed=160), path(10), SIZE)
    assert fits(flight(end=12.0, believed=100), path(10), SIZE)
    assert fits(flight(believed=160), path(10), SIZE), "it may still be another's rival"


def test_blocks_belong_to_a_request_until_it_is_over() -> None:
    one = path(3)
    assert not one.belongs_until(20.0)
    one.flights = [flight(end=12.0)]
    assert one.belongs_until(12.0 + TURN)
    assert not one.belongs_until(12.1 + TURN)
    one.flights = [flight()]
    assert one.belongs_until(1e9)


def test_a_prompt_goes_through_what_is_known_of_it() -> None:
    start = root()
    end = line(start, 20)
    straight = Path(start, line(end, 5), 10.0, None)
    apart = Path(start, line(line(start, 10), 15, key=2), 10.0, None)
    close = Path(start, line(line(start, 18), 15, key=2), 10.0, None)
    assert follows(flight(), straight, end, Steps(9_999))
    assert follows(flight(), close, end, Steps(9_999)), "where it ends was estimated"
    assert not follows(flight(), apart, end, Steps(9_999))
    assert follows(flight(), apart, None, Steps(9_999))


def test_a_prompt_does_not_go_through_the_end_of_another() -> None:
    start = root()
    middle = line(start, 20)
    middle.marks = [(2, 2)]
    far, near = line(start, 60), line(start, 22)
    assert passed(far) == ((2, 2),)
    assert passed(near) == (), "it may as well end a little later"
    own = Path(far, line(far, 5), 10.0, None, passed(far))
    assert follows(flight(), own, None, Steps(9_999))
    middle.marks = [(7, 2)]
    assert not follows(
        flight(), Path(far, line(far, 5), 10.0, None, passed(far)), None, Steps(9_999)
    )
    middle.marks = [(3, 9)]
    assert not follows(
        flight(), Path(far, line(far, 5), 10.0, None, passed(far)), None, Steps(9_999)
    )


def test_what_two_blocks_have_in_common() -> None:
    start = root()
    fork = line(start, 5)
    one, other = line(fork, 3), line(fork, 7, key=2)
    assert shared(one, other, Steps(9_999)) == 5
    assert shared(one, fork, Steps(9_999)) == shared(fork, one, Steps(9_999)) == 5
    assert shared(one, line(root(), 5), Steps(9_999)) == 0
    assert above(other, 5) is fork


def test_what_it_takes_to_find_that_is_counted() -> None:
    start = root()
    fork = line(start, 5)
    steps = Steps(100)
    shared(line(fork, 3), line(fork, 7, key=2), steps)
    assert steps.left == 90
    shared(fork, line(root(), 6), steps)
    assert steps.left == 79


def test_the_block_at_a_depth() -> None:
    start = root()
    fork = line(start, 5)
    other = line(fork, 7, key=2)
    assert above(other, 5) is fork
    assert above(other, 0).depth == 1
