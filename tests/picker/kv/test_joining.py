"""Requests are joined to the only blocks that fit them, and to nothing else."""

import pytest

from gateway.model.demand import Demand
from gateway.picker.kv import joining
from gateway.picker.kv.batch import Removed, Stored
from gateway.picker.kv.blocks import Block, Blocks, Cache
from gateway.picker.kv.flights import LATE, Flight
from gateway.picker.kv.joining import DEEPEST, EVERY, MAX_FLIGHTS, PATIENCE, Joining
from gateway.picker.kv.joints import Joints

SIZE = 16


class Desk:
    """One endpoint's joining, with the tree that it is about."""

    def __init__(self) -> None:
        self.blocks = Blocks(SIZE)
        self.joints = Joints(self.blocks)
        self.cache = Cache(1)
        self.joining = Joining()
        self._name = 0

    def stores(self, seed: int, count: int, now: float, parent: int | None = None) -> int:
        """The engine stores so many blocks; the name of the last."""
        names = list(range(self._name, self._name + count))
        self._name += count
        tokens = [seed * 1000 + index for index in range(count * SIZE)]
        found = self.blocks.stored(self.cache, Stored([*names], parent, tokens, SIZE))
        assert found is not None
        self.joining.stored(*found, None, now)
        return names[-1]

    def end(self, part: int) -> Block | None:
        return self.joints.end(part)

    def settle(self, now: float) -> None:
        self.joining.settle(self.joints, SIZE, now)


def ask(parts: tuple[int, ...], at: float, end: float | None = None) -> Flight:
    """A prompt of 256 tokens for each part."""
    size = 1024 * len(parts)
    demand = Demand("m", parts, prompt_bytes=size, output_limit=16)
    return Flight(demand, size // 4, at, end=end)


def test_a_prompt_that_comes_in_chunks_is_joined_in_proportion_to_its_bytes() -> None:
    desk = Desk()
    desk.joining.placed(one := ask((1, 2, 3), 0.0))
    last = desk.stores(1, 20, 0.1)
    last = desk.stores(2, 28, 0.2, last)
    one.end = 0.3
    desk.settle(0.3 + LATE)
    depths = [end.depth for part in (1, 2, 3) if (end := desk.end(part)) is not None]
    assert depths == [16, 32, 48]
    assert (desk.joining.joined, desk.joining.unjoined) == (1, 0)


def test_nothing_is_joined_before_it_has_ended() -> None:
    desk = Desk()
    desk.joining.placed(ask((1,), 0.0))
    desk.stores(1, 16, 0.1)
    desk.settle(100.0)
    assert len(desk.joints) == 0


def test_a_foreign_path_that_fits_as_well_leaves_both_unjoined() -> None:
    desk = Desk()
    desk.joining.placed(ask((1,), 0.0, 0.3))
    desk.stores(1, 16, 0.1)
    desk.stores(2, 16, 0.1)
    desk.settle(1.0)
    assert len(desk.joints) == 0
    desk.settle(0.3 + PATIENCE)
    assert (desk.joining.joined, desk.joining.unjoined) == (0, 1)


def test_what_is_of_another_length_is_no_rival() -> None:
    desk = Desk()
    desk.joining.placed(ask((1,), 0.0, 0.3))
    desk.joining.placed(ask(tuple(range(10, 30)), 0.0, 0.3))
    desk.stores(1, 16, 0.1)
    desk.stores(2, 320, 0.1)
    desk.settle(1.0)
    assert len(desk.joints) == 21
    assert (end := desk.end(29)) is not None
    assert end.depth == 320


def test_equal_prompts_at_once_are_no_rivals() -> None:
    desk = Desk()
    for _ in range(3):
        desk.joining.placed(ask((1, 2), 0.0, 0.3))
    desk.stores(1, 32, 0.1)
    desk.settle(1.0)
    assert len(desk.joints) == 2
    assert desk.joining.joined == 3


def test_where_prompts_part_shows_where_their_common_part_ends() -> None:
    desk = Desk()
    first = ask((1, 2), 0.0, 0.3)
    first.tokens = 560
    desk.joining.placed(first)
    last = desk.stores(1, 16, 0.1)
    desk.stores(2, 19, 0.1, last)
    desk.settle(1.0)
    assert (end := desk.end(1)) is not None
    assert end.depth == 17, "an estimate"
    desk.joining.placed(ask((1, 9), 2.0, 2.3))
    desk.stores(3, 16, 2.1, last)
    desk.settle(3.0)
    assert (end := desk.end(1)) is not None
    assert end.depth == 16
    assert desk.end(9) is not None


def test_a_request_that_nobody_read_is_joined_to_nothing() -> None:
    desk = Desk()
    one = ask((1,), 0.0, 0.3)
    desk.joining.placed(one)
    desk.stores(1, 16, 0.1)
    desk.joining.dropped(one)
    desk.settle(1.0)
    assert len(desk.joints) == 0


def test_what_was_stored_before_everything_began_anew_is_joined_to_nothing() -> None:
    desk = Desk()
    desk.joining.placed(ask((1,), 0.0, 0.3))
    desk.stores(1, 16, 0.1)
    desk.joining.forget()
    desk.settle(1.0)
    assert len(desk.joints) == 0
    assert desk.joining.unjoined == 1


def test_what_was_evicted_before_it_was_joined_is_known_when_it_comes_back() -> None:
    desk = Desk()
    desk.joining.placed(ask((1, 2), 0.0, 0.3))
    desk.stores(1, 32, 0.1)
    desk.blocks.removed(desk.cache, Removed(list(range(31, -1, -1))))
    assert desk.blocks.count == 0
    desk.settle(1.0)
    assert desk.joints.known((1, 2)) == 2
    assert desk.joints.held((1, 2), 2, 1) == 0
    desk.stores(1, 32, 2.0)
    assert desk.joints.held((1, 2), 2, 1) == 2


def test_there_is_a_bound_on_requests() -> None:
    desk = Desk()
    for number in range(MAX_FLIGHTS):
        desk.joining.placed(ask((number + 10,), 0.0, 0.3))
    desk.joining.placed(ask((1,), 5.0, 5.3))
    desk.stores(1, 16, 5.1)
    for step in range(MAX_FLIGHTS):
        desk.settle(60.0 + step)
    assert desk.joining.unjoined == MAX_FLIGHTS
    assert desk.joining.joined == 0


def test_a_request_that_takes_too_many_looks_is_joined_to_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(joining, "STEPS", 1_200)
    desk = Desk()
    for part in range(3):
        desk.joining.placed(ask((part,), 0.0, 0.3))
    for seed in range(40):
        desk.stores(seed, 16, 0.1)
    desk.settle(1.0)
    assert (desk.joining.joined, desk.joining.unjoined) == (0, 1), "the others come later"
    desk.settle(1.0 + EVERY)
    desk.settle(1.0 + 2 * EVERY)
    assert (desk.joining.joined, desk.joining.unjoined) == (0, 3)


def test_who_has_had_no_steps_left_has_them_all_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(joining, "STEPS", 100)
    desk = Desk()
    for part in range(3):
        desk.joining.placed(ask((part,), 10.0 * part, 10.0 * part + 0.3))
        desk.stores(part, 16, 10.0 * part + 0.1)
    for look in range(6):
        desk.settle(21.0 + look * EVERY)
    assert (desk.joining.joined, desk.joining.unjoined) == (3, 0)


def test_a_path_that_is_too_deep_is_joined_to_nothing() -> None:
    desk = Desk()
    long = ask(tuple(range(DEEPEST // 16 + 1)), 0.0, 0.3)
    desk.joining.placed(long)
    last = desk.stores(1, DEEPEST, 0.1)
    desk.stores(2, 16, 0.1, last)
    desk.settle(1.0)
    assert (desk.joining.joined, desk.joining.unjoined) == (0, 1)
    assert len(desk.joints) == 0
