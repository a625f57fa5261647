from tests.engine.cache import Change, Holding, PrefixCache
from tests.engine.tokens import Text

TEXT = Text(b"", 4.0, 0)


def ran(cache: PrefixCache, *chain: int) -> None:
    """A request whose blocks are `chain` comes, and goes."""
    holding = Holding()
    found = cache.match(chain)
    cache.take(holding, chain[:found])
    assert cache.grow(holding, len(chain))
    cache.seal(holding, chain, TEXT)
    cache.release(holding)


def test_the_blocks_of_an_ended_request_are_found_again() -> None:
    cache = PrefixCache(10)
    ran(cache, 1, 2, 3)
    assert cache.match([1, 2, 3, 4]) == 3
    assert cache.match([2, 3]) == 2
    assert cache.usage == 0


def test_a_match_ends_at_the_first_gap() -> None:
    cache = PrefixCache(10)
    ran(cache, 1, 2, 3)
    assert cache.match([1, 9, 3]) == 1


def test_the_tail_of_the_oldest_prompt_is_evicted_first() -> None:
    cache = PrefixCache(5)
    ran(cache, 1, 2, 3)
    ran(cache, 7, 8, 9)
    assert cache.match([1, 2, 3]) == 2
    assert cache.match([7, 8, 9]) == 3


def test_a_prompt_that_was_used_again_outlives_one_that_was_not() -> None:
    cache = PrefixCache(4)
    ran(cache, 1, 2)
    ran(cache, 7, 8)
    ran(cache, 1, 2)
    ran(cache, 5)
    assert cache.match([1, 2]) == 2
    assert cache.match([7, 8]) == 1


def test_blocks_of_running_requests_are_never_evicted() -> None:
    cache = PrefixCache(3)
    holding = Holding()
    assert cache.grow(holding, 2)
    cache.seal(holding, [1, 2], TEXT)
    assert not cache.grow(Holding(), 2)
    assert cache.match([1, 2]) == 2
    assert cache.usage == 2 / 3


def test_two_requests_with_the_same_prefix_hold_its_blocks_once() -> None:
    cache = PrefixCache(4)
    first, second = Holding(), Holding()
    for holding, chain in ((first, [1, 2]), (second, [1, 3])):
        assert cache.grow(holding, 2)
        cache.seal(holding, chain, TEXT)
    assert cache.usage == 3 / 4
    cache.release(first)
    assert cache.usage == 2 / 4
    cache.release(second)
    assert cache.usage == 0


def test_a_cache_that_keeps_nothing_finds_nothing() -> None:
    cache = PrefixCache(4, keeps=False)
    ran(cache, 1, 2)
    assert cache.match([1, 2]) == 0
    assert cache.usage == 0


def test_what_came_and_went_is_told_in_order() -> None:
    cache = PrefixCache(2)
    ran(cache, 1, 2)
    ran(cache, 7)
    assert cache.changes == [
        Change(1, None, 0, TEXT),
        Change(2, 1, 1, TEXT),
        Change(2),
        Change(7, None, 0, TEXT),
    ]


def test_clearing_forgets_everything_but_what_runs() -> None:
    cache = PrefixCache(4)
    ran(cache, 1)
    holding = Holding()
    assert cache.grow(holding, 1)
    cache.seal(holding, [2], TEXT)
    cache.clear()
    assert (cache.match([1]), cache.match([2])) == (0, 1)
    assert cache.usage == 1 / 4
