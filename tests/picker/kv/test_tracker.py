"""The index believes of joined prompts what their endpoints have said, however it came."""

from dataclasses import replace
from functools import cache
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gateway.picker.index import PrefixIndex
from gateway.picker.kv.feed import Anew, Feed
from gateway.picker.kv.tracker import Tracker
from tests.engine.msgpack import encoded
from tests.picker.kv.publisher import Publisher, demand_of, placement, served

A, B = "10.0.0.1:80", "10.0.0.2:80"
BLOCK = 256
"""Tokens of one block of the index."""


@cache
def words(seed: int, blocks: int) -> bytes:
    """A text of so many index blocks, like no other."""
    return Random(seed).randbytes(1024 * blocks).hex()[: 1024 * blocks].encode()


class World:
    """Two engines, one index, and what passes between them."""

    def __init__(self, capacity: int = 10_000, keeps: int = 10_000, room: float = 1e6) -> None:
        self.index = PrefixIndex()
        self.tracker = Tracker(self.index)
        self.engines = {address: Publisher(capacity, keeps) for address in (A, B)}
        self.feeds = {address: Feed(replays=keeps > 0) for address in (A, B)}
        for address in (A, B):
            self.index.join(address, room)
        self.tracker.listen((A, B))
        self.now = 0.0
        self._ticket = 0

    def hear(self, address: str, lost: int = 0) -> None:
        """What the engine has sent arrives, but for the first ones."""
        steps = self.engines[address].received(self.feeds[address], self.now, lost)
        self.tracker.heard(address, steps, self.now)

    def ask(self, address: str, prompt: bytes, output: int = 1, *, lost: int = 0) -> None:
        """One request of ours, to its end and beyond."""
        self._ticket += 1
        demand = demand_of(prompt)
        self.tracker.correct(demand.chain)
        lease = self.index.enter(address, demand.chain)
        self.tracker.placed(placement(self._ticket, address, prompt), demand, self.now)
        self.now += 0.01
        self.engines[address].serve(prompt, output)
        self.hear(address, lost)
        self.now += 0.01
        if lease is not None:
            self.index.release(lease)
        self.tracker.finished(self._ticket, served(prompt, output), self.now)
        self.now += 1
        self.tracker.tend(self.now)

    def believed(self, address: str, prompt: bytes) -> int:
        """Blocks of the index."""
        chain = demand_of(prompt).chain
        self.tracker.correct(chain)
        return self.index.match(chain).get(address, 0)

    def true(self, address: str, prompt: bytes) -> int:
        """The same, really."""
        return self.engines[address].cached(prompt) // BLOCK


def test_what_an_engine_evicts_is_no_longer_believed_and_what_stays_is() -> None:
    world = World(capacity=10 * 16)
    old, new = words(1, 6), words(2, 8)
    world.ask(A, old)
    assert world.believed(A, old) == 6
    world.ask(A, new)
    assert world.true(A, old) == 2
    assert world.believed(A, old) == 2, "the index alone has room for all of it"
    assert world.believed(A, new) == 8


def test_a_cleared_cache_is_believed_to_be_empty_at_once() -> None:
    world = World()
    world.ask(A, words(1, 6))
    world.engines[A].clear()
    world.hear(A)
    assert world.index.match(demand_of(words(1, 6)).chain) == {}


def test_what_somebody_else_sent_to_another_endpoint_is_believed_if_its_tokens_are_known() -> None:
    world = World()
    prompt = words(1, 6)
    world.ask(A, prompt)
    world.engines[B].serve(prompt)
    assert world.believed(B, prompt) == 0
    world.hear(B)
    assert world.believed(B, prompt) == 6


def test_a_server_that_kept_more_than_the_index_has_room_for_is_believed_to() -> None:
    world = World(room=7.0)
    old, new = words(1, 6), words(2, 6)
    world.ask(A, old)
    world.ask(A, new)
    assert world.index.match(demand_of(old).chain).get(A, 0) < 6
    assert world.believed(A, old) == world.true(A, old) == 6


def test_what_is_being_computed_is_believed_though_it_was_gone() -> None:
    world = World(capacity=10 * 16)
    old = words(1, 6)
    world.ask(A, old)
    world.ask(A, words(2, 9))
    assert world.believed(A, old) <= 1
    demand = demand_of(old)
    lease = world.index.enter(A, demand.chain)
    world.tracker.placed(placement(99, A, old), demand, world.now)
    assert lease is not None
    assert world.believed(A, old) == 6
    world.index.release(lease)
    world.tracker.finished(99, served(old), world.now)
    assert world.believed(A, old) <= 1


def test_prompts_that_were_never_joined_are_left_to_the_index() -> None:
    world = World()
    prompt = words(1, 6)
    world.index.stored(A, demand_of(prompt).chain)
    world.engines[A].serve(words(2, 6))
    world.hear(A)
    assert world.believed(A, prompt) == 6


def test_after_a_loss_the_index_goes_on_until_the_engine_says_more() -> None:
    world = World(capacity=14 * 16, keeps=0)
    prompt, other = words(1, 6), words(2, 6)
    world.ask(A, prompt)
    world.ask(A, other)
    world.engines[A].serve(words(3, 1))
    world.engines[A].serve(words(4, 1))
    world.hear(A, lost=1)
    assert world.tracker.blocks(A) == 16
    assert world.believed(A, prompt) == world.believed(A, other) == 6
    world.ask(A, words(5, 8))
    world.ask(A, prompt)
    assert world.believed(A, prompt) == 6
    world.ask(A, words(6, 10))
    assert world.true(A, prompt) < 6
    assert world.believed(A, prompt) == world.true(A, prompt)


def test_two_requests_that_look_alike_are_joined_to_nothing_that_may_be_the_others() -> None:
    world = World(capacity=100 * 16)
    first, second = words(1, 6), words(2, 6)
    for ticket, prompt in ((1, first), (2, second)):
        world.tracker.placed(placement(ticket, A, prompt), demand_of(prompt), world.now)
    world.engines[A].serve(second)
    world.engines[A].serve(first)
    world.hear(A)
    for ticket, prompt in ((1, first), (2, second)):
        world.tracker.finished(ticket, served(prompt), world.now)
    for _ in range(40):
        world.now += 1
        world.tracker.tend(world.now)
    assert world.tracker.joined(A) == (0, 2)
    assert world.believed(A, first) == world.believed(A, second) == 0


def test_what_two_that_look_alike_have_in_common_is_joined() -> None:
    world = World(capacity=100 * 16)
    common = words(9, 5)
    first, second = common + words(1, 3), common + words(2, 3)
    for ticket, prompt in ((1, first), (2, second)):
        world.tracker.placed(placement(ticket, A, prompt), demand_of(prompt), world.now)
    world.engines[A].serve(first)
    world.engines[A].serve(second)
    world.hear(A)
    for ticket, prompt in ((1, first), (2, second)):
        world.tracker.finished(ticket, served(prompt), world.now)
    world.now += 1
    world.tracker.tend(world.now)
    assert world.believed(A, common) in {4, 5}


def test_the_next_turn_tells_apart_what_looked_alike() -> None:
    world = World(capacity=200 * 16)
    first, second = words(1, 6), words(2, 6)
    for ticket, prompt in ((1, first), (2, second)):
        world.tracker.placed(placement(ticket, A, prompt), demand_of(prompt), world.now)
        world.engines[A].serve(prompt)
    world.hear(A)
    for ticket, prompt in ((1, first), (2, second)):
        world.tracker.finished(ticket, served(prompt), world.now)
    world.now += 1
    world.ask(A, first + words(3, 2))
    world.engines[B].serve(first)
    world.hear(B)
    assert world.believed(A, first + words(3, 2)) == 8
    assert world.believed(B, first) == 6
    assert world.believed(B, second) == 0


def happen(world: World, random: Random, prompts: list[bytes]) -> None:
    """Something, of all that can."""
    address = random.choice((A, B))
    match random.randrange(12):
        case 0:
            world.engines[address].clear()
        case 1:
            world.engines[address].restart()
        case 2:
            world.engines[address].serve(random.choice(prompts))
            world.hear(address, lost=random.randrange(3))
        case 3:
            world.feeds[address].disconnected()
        case _:
            world.ask(address, random.choice(prompts), lost=random.choice((0, 0, 0, 1)))


@pytest.mark.parametrize("keeps", [10_000, 5, 0])
@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(seed=st.integers(0, 1 << 32))
def test_whatever_is_lost_replayed_or_started_anew_belief_comes_to_what_is_true(
    keeps: int, seed: int
) -> None:
    random = Random(seed)
    world = World(capacity=20 * 16, keeps=keeps)
    prompts = [words(1, 3) + words(10 + n, 1 + n) for n in range(6)]
    for _ in range(40):
        happen(world, random, prompts)
    for address in (A, B):  # a message that arrives shows what is missing
        world.engines[address].clear()
        world.hear(address)
        for prompt in prompts:
            assert world.believed(address, prompt) == 0
    for address in (A, B):
        for prompt in random.choices(prompts, k=5):
            world.ask(address, prompt)
    for address in (A, B):
        for prompt in prompts:
            true, believed = world.true(address, prompt), world.believed(address, prompt)
            assert abs(true - believed) <= 1, (address, true, believed)


def overlap(world: World, random: Random, prompts: list[bytes], ticket: int) -> None:
    """Some requests at once, which an endpoint takes in any order, and some of others."""
    batch = [(ticket + n, random.choice(prompts)) for n in range(random.randint(1, 5))]
    for number, prompt in batch:
        world.tracker.placed(placement(number, A, prompt), demand_of(prompt), world.now)
    asked = [prompt for _, prompt in batch]
    cached: dict[bytes, int] = {}
    if random.random() < 0.3:
        asked.append(random.choice(prompts))
    for prompt in random.sample(asked, len(asked)):
        world.now += 0.01
        cached[prompt] = world.engines[A].cached(prompt)
        world.engines[A].serve(prompt)
        world.hear(A)
    random.shuffle(batch)
    for number, prompt in batch:
        world.now += random.choice((0.001, 0.1))
        told = replace(served(prompt), cached_tokens=cached[prompt])
        world.tracker.finished(number, told, world.now)
    world.now += random.choice((0.001, 1.0))
    world.tracker.tend(world.now)


def test_requests_that_run_at_once_are_hardly_ever_taken_for_one_another() -> None:
    wrong = prompts_seen = believed_blocks = true_blocks = 0
    for seed in range(8):
        random = Random(seed)
        world = World(capacity=40 * 16)
        prompts = [words(1, random.choice((0, 3))) + words(10 + n, 1 + n % 4) for n in range(12)]
        prompts += [prompt + words(30 + n, 2) for n, prompt in enumerate(prompts)]
        for step in range(30):
            overlap(world, random, prompts, step * 10)
        for _ in range(60):
            world.now += 1
            world.tracker.tend(world.now)
        world.index.clear(A)
        for prompt in prompts:
            believed, true = world.believed(A, prompt), world.true(A, prompt)
            wrong += believed > true + 1
            believed_blocks += min(believed, true)
            true_blocks += true
            prompts_seen += 1
    assert wrong * 100 <= prompts_seen
    assert believed_blocks >= 0.9 * true_blocks


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200))
def test_no_message_can_break_anything(payload: bytes) -> None:
    world = World()
    world.ask(A, words(1, 2))
    world.tracker.heard(A, [payload], world.now)
    assert world.believed(A, words(1, 2)) == 2


def test_an_engine_with_other_blocks_is_left_out_and_counted() -> None:
    world = World()
    world.ask(A, words(1, 2))
    odd = encoded([1.0, [["BlockStored", [1], None, [1, 2, 3, 4], 4, None, "GPU", None]], 0])
    told = world.tracker.heard(B, [Anew(whole=True), odd], world.now)
    assert (told.stored, told.orphans, told.anew) == (0, 1, 1)
    assert world.tracker.blocks(B) == 0


def test_an_endpoint_that_leaves_takes_what_is_known_of_it() -> None:
    world = World()
    world.ask(A, words(1, 2))
    assert world.tracker.blocks(A) == 32
    world.tracker.listen((B,))
    assert world.tracker.blocks(A) == 0
    world.tracker.listen((A, B))
    assert world.tracker.blocks(A) == 0
