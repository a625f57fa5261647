"""The prefix cache beside one of single blocks, and its rules."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.simulation.cache import BlockCache, Holding
from gateway.simulation.prompt import BLOCK, Prompt, prompt_of


class Blocks:
    """vLLM's cache, block by block, for requests one after the other. `queue` has the free cached
    blocks, the next to go first."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.queue: list[tuple[int, int]] = []

    def matched(self, wanted: list[tuple[int, int]]) -> int:
        found = 0
        while found < len(wanted) and wanted[found] in self.queue:
            found += 1
        return found

    def serve(self, wanted: list[tuple[int, int]], matched: int, more: int) -> None:
        """`more` blocks are used beyond the cached ones, and are not cached afterwards."""
        for block in wanted[:matched]:
            self.queue.remove(block)
        room = self.capacity - len(wanted) - more
        self.queue = self.queue[max(len(self.queue) - room, 0) :]
        self.queue = [block for block in self.queue if block not in wanted]
        self.queue += reversed(wanted)


def keys(prompt: Prompt) -> list[tuple[int, int]]:
    return [(run.key, at) for run in prompt.runs for at in range(run.tokens // BLOCK)]


def begun(cache: BlockCache, prompt: Prompt) -> Holding:
    matched = cache.matched(prompt.runs, prompt.tokens - 1)
    holding = cache.hold(prompt.runs, matched)
    cache.extend(holding, prompt.tokens)
    return holding


PROMPTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(1, 40)), min_size=1, max_size=30
)


@given(PROMPTS)
def test_one_after_another_it_has_what_a_cache_of_single_blocks_has(
    asked: list[tuple[int, int, int]],
) -> None:
    cache, blocks = BlockCache(24), Blocks(24)
    for shared, own, tokens in asked:
        prompt = prompt_of([(shared + 1, 128), (own + 10, 64), (tokens + 100, tokens)])
        whole = keys(prompt)
        limit = (prompt.tokens - 1) // BLOCK
        assert cache.matched(prompt.runs, prompt.tokens - 1) // BLOCK == min(
            blocks.matched(whole), limit
        )
        matched = min(blocks.matched(whole), limit)
        holding = begun(cache, prompt)
        cache.release(holding, prompt.tokens, -1)
        blocks.serve(whole, matched, -(-prompt.tokens // BLOCK) - len(whole))
        assert cache.used == cache.idle == sum(node.blocks for node in cache.nodes.values())
        assert cache.used <= cache.capacity


def test_the_tail_goes_first_and_the_beginning_of_a_prompt_last() -> None:
    cache = BlockCache(20)
    prompt = prompt_of([(1, 160), (2, 160)])
    cache.release(begun(cache, prompt), prompt.tokens, -1)
    cache.take(5)
    assert cache.matched(prompt.runs, prompt.tokens) == 320 - 5 * BLOCK


def test_blocks_of_a_running_request_are_not_evicted() -> None:
    cache = BlockCache(20)
    running, over = prompt_of([(1, 160)]), prompt_of([(2, 160)])
    begun(cache, running)
    cache.release(begun(cache, over), 160, -1)
    cache.take(10)
    assert cache.available == 0
    assert cache.matched(running.runs, 160) == 160
    assert cache.matched(over.runs, 160) == 0


def test_two_that_compute_the_same_at_once_hold_it_twice_until_the_second_ends() -> None:
    cache = BlockCache(40)
    prompt = prompt_of([(1, 160)])
    one, two = cache.hold(prompt.runs, 0), cache.hold(prompt.runs, 0)
    cache.extend(one, 160)
    cache.extend(two, 160)
    assert cache.used == 20
    cache.release(two, 160, -1)
    assert (cache.used, cache.idle) == (10, 0)
    cache.release(one, 160, -1)
    assert (cache.used, cache.idle) == (10, 10)


def test_the_answer_is_cached_for_the_next_turn_but_for_its_last_token() -> None:
    cache = BlockCache(100)
    prompt = prompt_of([(1, 160)])
    answered = prompt.then([(7, 64)])
    holding = begun(cache, prompt)
    cache.take(4)
    cache.release(holding, 160 + 63, answered.runs[-1].key)
    following = answered.then([(8, 32)])
    assert cache.matched(following.runs, following.tokens - 1) == 160 + 48


def test_the_last_token_of_a_prompt_is_always_computed() -> None:
    cache = BlockCache(20)
    prompt = prompt_of([(1, 160)])
    cache.release(begun(cache, prompt), 160, -1)
    assert cache.matched(prompt.runs, prompt.tokens - 1) == 144


def test_what_a_request_would_pin_is_no_longer_available_to_it() -> None:
    cache = BlockCache(20)
    prompt = prompt_of([(1, 160)])
    cache.release(begun(cache, prompt), 160, -1)
    assert cache.idle_matched(prompt.runs, 144) == 10
    begun(cache, prompt)
    assert cache.idle_matched(prompt.runs, 144) == 0
