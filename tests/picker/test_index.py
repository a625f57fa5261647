from collections.abc import Sequence
from random import Random

import pytest

from gateway.picker.index import Lease, PrefixIndex


def a_chain(*words: str) -> tuple[int, ...]:
    """One hash per letter; chains share the hashes of their common beginning."""
    text = "".join(words)
    return tuple(hash((text[: end + 1],)) & 0xFFFFFFFFFFFFFFFF for end in range(len(text)))


def an_index(*capacities: float) -> PrefixIndex:
    index = PrefixIndex()
    for number, capacity in enumerate(capacities):
        index.join(f"e{number}", capacity)
    return index


def serve(index: PrefixIndex, address: str, chain: Sequence[int], answer: float = 0.0) -> None:
    lease = index.enter(address, chain)
    assert lease is not None
    index.release(lease, answer)


class BlockByBlock:
    """The same cache, told block by block: what the index must agree with."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.blocks: dict[int, list[int]] = {}
        self.clock = 0

    def enter(self, chain: Sequence[int]) -> None:
        self.clock += 1
        for depth, block in enumerate(chain):
            pins = self.blocks[block][2] if block in self.blocks else 0
            self.blocks[block] = [self.clock, -depth, pins + 1]
        self._evict()

    def release(self, chain: Sequence[int]) -> None:
        self.clock += 1
        for block in chain:
            self.blocks[block][0] = self.clock
            self.blocks[block][2] -= 1
        self._evict()

    def match(self, chain: Sequence[int]) -> int:
        for depth, block in enumerate(chain):
            if block not in self.blocks:
                return depth
        return len(chain)

    def _evict(self) -> None:
        idle = [key for key, (_, _, pins) in self.blocks.items() if not pins]
        idle.sort(key=lambda key: self.blocks[key][:2])
        for key in idle[: max(len(self.blocks) - self.capacity, 0)]:
            del self.blocks[key]


@pytest.mark.parametrize("seed", range(20))
def test_it_agrees_with_a_cache_that_is_told_block_by_block(seed: int) -> None:
    random = Random(seed)
    capacities = [random.randint(5, 60) for _ in range(3)]
    index, plain = an_index(*capacities), [BlockByBlock(each) for each in capacities]
    running: list[tuple[int, tuple[int, ...], Lease]] = []
    for _ in range(300):
        if running and random.random() < 0.5:
            place, chain, lease = running.pop(random.randrange(len(running)))
            index.release(lease)
            plain[place].release(chain)
        else:
            place, size = random.randrange(3), random.randint(1, 14)
            chain = a_chain(*(random.choice("ab") for _ in range(size)))
            lease = index.enter(f"e{place}", chain)
            assert lease is not None
            running.append((place, chain, lease))
            plain[place].enter(chain)
        asked = a_chain(*(random.choice("ab") for _ in range(14)))
        expected = {f"e{place}": each.match(asked) for place, each in enumerate(plain)}
        assert index.match(asked) == {name: size for name, size in expected.items() if size}


def test_a_match_ends_at_the_first_block_that_the_endpoint_lacks() -> None:
    index = an_index(100, 100, 100)
    serve(index, "e0", a_chain("abcdef"))
    serve(index, "e1", a_chain("abcxyz"))

    assert index.match(a_chain("abcdeQ")) == {"e0": 5, "e1": 3}
    assert index.match(a_chain("Qbcdef")) == {}


def test_the_end_of_the_prompt_that_was_used_longest_ago_is_evicted_first() -> None:
    index = an_index(10)
    serve(index, "e0", a_chain("aaaaaa"))
    serve(index, "e0", a_chain("bbbbbb"))

    assert index.match(a_chain("aaaaaa")) == {"e0": 4}
    assert index.match(a_chain("bbbbbb")) == {"e0": 6}


def test_blocks_of_a_running_request_are_not_evicted() -> None:
    index = an_index(10)
    lease = index.enter("e0", a_chain("aaaaaa"))
    serve(index, "e0", a_chain("bbbbbb"))

    assert index.match(a_chain("aaaaaa")) == {"e0": 6}
    assert index.match(a_chain("bbbbbb")) == {"e0": 4}
    assert lease is not None
    index.release(lease)
    serve(index, "e0", a_chain("cccccccccc"))
    assert index.match(a_chain("aaaaaa")) == {}


def test_answers_take_room_and_go_before_their_prompts() -> None:
    index = an_index(10)
    serve(index, "e0", a_chain("aaaa"), answer=5)
    serve(index, "e0", a_chain("bbbbbb"))

    assert index.match(a_chain("aaaa")) == {"e0": 4}
    assert index.match(a_chain("bbbbbb")) == {"e0": 6}


def test_an_endpoint_that_leaves_takes_its_cache_with_it_and_comes_back_cold() -> None:
    index = an_index(100, 100)
    serve(index, "e0", a_chain("aaaa"))
    old = index.enter("e0", a_chain("bbbb"))
    index.leave("e0")
    assert (index.blocks, index.runs) == (0, 0)

    index.join("e0", 100)
    assert old is not None
    index.release(old, answer=50)
    assert index.match(a_chain("aaaa")) == {}
    shelf = index.shelf("e0")
    assert shelf is not None
    assert shelf.used == 0


def test_a_request_that_was_never_read_leaves_only_what_had_been_there() -> None:
    index = an_index(100)
    serve(index, "e0", a_chain("ab"))
    lease = index.enter("e0", a_chain("abcd"))
    assert lease is not None
    index.withdraw(lease, a_chain("abcd"))

    assert index.match(a_chain("abcd")) == {"e0": 2}


def test_a_server_that_had_less_than_believed_is_believed_to_hold_less() -> None:
    index = an_index(100)
    serve(index, "e0", a_chain("older"))
    serve(index, "e0", a_chain("aaaaaaaa"))
    serve(index, "e0", a_chain("newer"))
    lease = index.enter("e0", a_chain("aaaaaaaa"))
    assert lease is not None
    index.reported(lease, 1)
    shelf = index.shelf("e0")

    assert shelf is not None
    assert shelf.capacity < 100
    assert index.match(a_chain("older")) == {}
    assert index.match(a_chain("newer")) == {"e0": 5}
    assert index.match(a_chain("aaaaaaaa")) == {"e0": 8}


def test_blocks_that_another_request_is_computing_prove_nothing() -> None:
    index = an_index(100)
    index.enter("e0", a_chain("aaaaaaaa"))
    second = index.enter("e0", a_chain("aaaaaaaa"))
    assert second is not None
    index.reported(second, 0)
    shelf = index.shelf("e0")

    assert shelf is not None
    assert shelf.capacity == 100


def test_events_of_a_server_are_believed() -> None:
    index = an_index(100)
    index.stored("e0", a_chain("abcdef"))
    serve(index, "e0", a_chain("abcxyz"))
    index.truncate("e0", a_chain("abcdef"), 2)
    assert index.match(a_chain("abcdef")) == {"e0": 2}
    assert index.match(a_chain("abcxyz")) == {"e0": 2}

    index.clear("e0")
    assert index.match(a_chain("abcdef")) == {}
    assert index.blocks == 0


def test_memory_is_bounded_and_the_oldest_of_all_endpoints_goes_first() -> None:
    index = PrefixIndex(max_blocks=1000, max_runs=200)
    index.join("e0", 1e9)
    index.join("e1", 1e9)
    for number in range(3000):
        serve(index, f"e{number % 2}", a_chain(f"{number:04d}", "x" * 6))

    assert index.blocks <= 1000
    assert index.runs <= 200
    assert index.match(a_chain("0001xxxxxx")).get("e1", 0) < 4
    assert index.match(a_chain("2999xxxxxx"))["e1"] == 10


def test_a_smaller_cache_than_thought_evicts_at_once() -> None:
    index = an_index(100)
    serve(index, "e0", a_chain("a" * 50))
    index.resize("e0", 20)

    assert index.match(a_chain("a" * 50)) == {"e0": 20}


@pytest.mark.parametrize("endpoints", [1, 3])
def test_at_the_bound_the_oldest_of_all_endpoints_goes_first(endpoints: int) -> None:
    index = PrefixIndex(max_blocks=1000)
    for number in range(endpoints):
        index.join(f"e{number}", 1e6)
    for prompt in range(200):
        chain = range(prompt * 100, prompt * 100 + 10)
        index.stored(f"e{prompt % endpoints}", chain)
        assert index.blocks <= 1000
    kept = [prompt for prompt in range(200) if index.match(range(prompt * 100, prompt * 100 + 10))]

    assert len(kept) >= 99
    assert kept == list(range(kept[0], 200))


def test_slots_with_the_same_blocks_are_told_together() -> None:
    index = PrefixIndex()
    for number in range(40):
        index.join(f"e{number}", 1000)
        index.stored(f"e{number}", range(10 if number < 30 else 20))
    groups = [(n, [index.address(slot) for slot in slots]) for n, slots in index.groups(range(20))]

    assert groups == [
        (10, [f"e{number}" for number in range(30)]),
        (20, [f"e{number}" for number in range(30, 40)]),
    ]


def test_shelves_that_changed_are_named_until_they_are_read() -> None:
    index = PrefixIndex()
    index.join("a", 100)
    index.join("b", 100)
    assert index.changed == {"a", "b"}
    index.changed.clear()
    lease = index.enter("a", range(10))
    assert lease is not None
    assert index.changed == {"a"}
    index.changed.clear()
    index.release(lease)
    index.resize("b", 50)
    assert index.changed == {"a", "b"}
    index.leave("a")
    assert index.changed == {"b"}


def test_what_very_many_endpoints_hold_is_let_go_of_over_several_requests() -> None:
    index = PrefixIndex(max_blocks=10)
    for number in range(2500):
        index.join(f"e{number}", 1e6)
        index.stored(f"e{number}", range(10))
    index.stored("e0", range(100, 110))
    assert index.blocks == 20
    assert 0 < len(index.match(range(10))) < 2500
    index.stored("e0", range(100, 110))
    assert index.match(range(10)) == {}
    assert index.blocks <= 10


def test_requests_that_servers_refuse_leave_nothing_behind() -> None:
    index = PrefixIndex()
    index.join("e0", 1e9)
    for prompt in range(2000):
        chain = range(prompt * 100, prompt * 100 + 10)
        lease = index.enter("e0", chain)
        assert lease is not None
        index.withdraw(lease, chain)
    shelf = index.shelf("e0")
    assert shelf is not None
    assert (index.blocks, index.runs) == (0, 0)
    assert len(shelf.heap) < 200


def test_one_flow_cannot_have_the_prompts_of_others_forgotten() -> None:
    index = PrefixIndex()
    index.join("e0", 1e6)
    index.stored("e0", range(100))
    index.stored("e0", range(1000, 1100))
    for _ in range(10):
        lease = index.enter("e0", range(1000, 1100))
        assert lease is not None
        index.reported(lease, 0, "one")
        index.release(lease)
    assert index.match(range(100)) == {"e0": 100}
    lease = index.enter("e0", range(1000, 1100))
    assert lease is not None
    index.reported(lease, 0, "another")
    assert index.match(range(100)) == {}
