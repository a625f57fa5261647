import dataclasses
import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.scheduler import Scheduler, Step
from tests.engine.sequence import Sequence
from tests.engine.settings import Settings
from tests.engine.tokens import Text, seed_of

PLAIN = Settings(
    prefill_overhead=10.0,
    prefill_time_per_token=1.0,
    inter_token_latency=5.0,
    time_factor_under_load=1.0,
    max_num_batched_tokens=64,
    num_gpu_blocks=100,
)


def sequence(prompt: str, limit: int = 4, adapter: str = "") -> Sequence:
    text = Text(prompt.encode(), 1.0, seed_of(adapter, ""))
    return Sequence(text, limit, "length", adapter or "base", adapter, arrived=0.0)


def scheduler(*sequences: Sequence, **more: Any) -> Scheduler:
    one = Scheduler(dataclasses.replace(PLAIN, **more))
    for each in sequences:
        one.add(each)
    return one


def stepped(one: Scheduler) -> Step:
    """One step, whose ended requests leave."""
    step = one.schedule(0.0)
    for grown in one.complete(step):
        if grown.ended:
            one.remove(grown)
    return step


def finished(one: Scheduler, *sequences: Sequence) -> float:
    """All requests to their end; the milliseconds that it took."""
    spent = 0.0
    while not all(each.ended for each in sequences):
        step = stepped(one)
        assert step.shares, "nothing to do, but not at the end"
        spent += step.milliseconds
    return spent


def test_alone_a_request_takes_its_prefill_and_one_latency_for_each_further_token() -> None:
    request = sequence("a" * 40, limit=3)
    assert finished(scheduler(request), request) == 10 + 40 + 2 * 5


def test_a_prompt_longer_than_the_budget_is_computed_in_chunks() -> None:
    request = sequence("a" * 150)
    one = scheduler(request)
    assert [stepped(one).shares[request] for _ in range(4)] == [64, 64, 22, 1]


def test_the_second_request_with_a_prefix_computes_what_comes_after_it() -> None:
    first, second = sequence("a" * 40, limit=1), sequence("a" * 40 + "b", limit=1)
    one = scheduler(first)
    finished(one, first)
    one.add(second)
    assert finished(one, second) == 10 + (41 - 32)
    assert (first.cached, second.cached) == (0, 32)


def test_the_last_token_is_computed_even_if_all_is_cached() -> None:
    first, second = sequence("a" * 32, limit=1), sequence("a" * 32, limit=1)
    one = scheduler(first)
    finished(one, first)
    one.add(second)
    finished(one, second)
    assert second.cached == 16


def test_a_request_that_comes_while_another_is_read_finds_what_is_computed_by_then() -> None:
    first, second = sequence("a" * 128), sequence("a" * 128)
    one = scheduler(first)
    stepped(one)
    one.add(second)
    stepped(one)
    stepped(one)
    assert second.cached == 112


def test_more_requests_than_places_wait() -> None:
    requests = [sequence(letter * 8) for letter in "abc"]
    one = scheduler(*requests, max_num_seqs=2)
    stepped(one)
    assert one.running == requests[:2]
    assert list(one.waiting) == requests[2:]
    finished(one, requests[0])
    stepped(one)
    assert requests[2] in one.running


def test_decoding_waits_for_the_prompts_of_others() -> None:
    old, new = sequence("a" * 8, limit=9), sequence("b" * 30)
    one = scheduler(old)
    stepped(one)
    assert stepped(one).milliseconds == 5
    one.add(new)
    assert stepped(one).milliseconds == 5 + 10 + 30


def test_a_full_batch_is_slower_by_the_factor_under_load() -> None:
    requests = [sequence(letter * 4, limit=9) for letter in "abc"]
    one = scheduler(*requests, max_num_seqs=3, time_factor_under_load=2.0)
    stepped(one)
    assert stepped(one).milliseconds == 2 * 5
    one.remove(requests[0])
    assert stepped(one).milliseconds == 1.5 * 5


def test_who_finds_no_memory_preempts_the_newest() -> None:
    old, new = sequence("a" * 16, limit=20), sequence("b" * 16, limit=20)
    one = scheduler(old, new, num_gpu_blocks=3)
    stepped(one)
    stepped(one)
    assert one.preemptions == 1
    assert (one.running, list(one.waiting)) == ([old], [new])
    finished(one, old, new)


def test_no_more_adapters_run_than_may_and_the_others_do_not_block_the_queue() -> None:
    first, second, third, base = (
        sequence("a" * 8, adapter=name, limit=9) for name in ("x", "y", "x", "")
    )
    one = scheduler(first, second, third, base, max_loras=1)
    stepped(one)
    assert one.running == [first, third, base]
    assert list(one.waiting) == [second]


def test_a_request_that_is_removed_gives_its_memory_and_place_back() -> None:
    request, next_one = sequence("a" * 40), sequence("b" * 8)
    one = scheduler(request, next_one, max_num_seqs=1)
    step = one.schedule(0.0)
    one.remove(request)
    assert one.complete(step) == []
    assert one.cache.usage == 0
    assert next_one in stepped(one).shares


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(1, 90), st.integers(1, 40)),
        min_size=1,
        max_size=8,
    ),
    st.integers(9, 30),
)
def test_every_request_ends_and_leaves_nothing_behind(
    wanted: list[tuple[str, int, int]], blocks: int
) -> None:
    requests = [sequence(letter * size, limit) for letter, size, limit in wanted]
    one = scheduler(*requests, num_gpu_blocks=blocks, max_num_seqs=4)
    for _ in itertools.takewhile(lambda _: not all(r.ended for r in requests), range(20_000)):
        step = stepped(one)
        assert sum(step.shares.values()) <= 64
        assert 0 <= one.cache.usage <= 1
    assert all(request.ended for request in requests)
    assert one.cache.usage == 0
