from dataclasses import replace

from gateway.adapters.guardrails.cache import VerdictCache, key_of
from gateway.guardrails.provider import PASSED, Direction, ProviderAction, ProviderVerdict
from gateway.model.finding import SkipReason
from gateway.model.passage import Part, Stage
from tests.adapters.guardrails.asked import question


def masked(text: str) -> ProviderVerdict:
    return ProviderVerdict(ProviderAction.MASK, (), (text,))


def test_a_verdict_is_kept_for_its_time() -> None:
    cache = VerdictCache(2, ttl=10)
    cache.put(b"a", PASSED, 0)
    assert cache.get(b"a", 9.9) is PASSED
    assert cache.get(b"a", 10) is None
    assert len(cache) == 0


def test_the_one_that_was_not_asked_for_longest_makes_room() -> None:
    cache = VerdictCache(2, ttl=10)
    cache.put(b"a", PASSED, 0)
    cache.put(b"b", PASSED, 0)
    cache.get(b"a", 1)
    cache.put(b"c", PASSED, 1)
    assert [cache.get(key, 1) for key in (b"a", b"b", b"c")] == [PASSED, None, PASSED]


def test_masked_texts_are_bounded_together() -> None:
    cache = VerdictCache(100, ttl=10, characters=10)
    cache.put(b"a", masked("x" * 6), 0)
    cache.put(b"b", masked("y" * 4), 0)
    assert len(cache) == 2
    cache.put(b"c", masked("z"), 0)
    assert cache.get(b"a", 0) is None
    assert cache.get(b"b", 0) == masked("y" * 4)
    cache.put(b"d", masked("x" * 11), 0)
    assert cache.get(b"d", 0) is None


def test_a_verdict_that_replaces_another_counts_once() -> None:
    cache = VerdictCache(100, ttl=10, characters=10)
    for _ in range(5):
        cache.put(b"a", masked("x" * 6), 0)
    cache.put(b"b", masked("y" * 4), 0)
    assert len(cache) == 2


def test_what_was_skipped_is_not_kept() -> None:
    cache = VerdictCache(2, ttl=10)
    cache.put(b"a", ProviderVerdict(ProviderAction.BLOCK, skipped=SkipReason.ERROR), 0)
    assert cache.get(b"a", 0) is None


def test_without_entries_nothing_is_kept() -> None:
    cache = VerdictCache(0, ttl=10)
    cache.put(b"a", PASSED, 0)
    assert cache.get(b"a", 0) is None


def test_questions_that_differ_in_anything_have_different_keys() -> None:
    base = question("ab", "c")
    others = [
        question("a", "bc"),
        question("ab"),
        question("ab", "c", model="m"),
        question("ab", "c", name="m"),
        replace(base, direction=Direction.RESPONSE),
        replace(base, stage=Stage.TOOL_CALL),
        replace(base, parts=(Part.SYSTEM, Part.USER)),
    ]
    keys = {key_of(b"1", one) for one in (base, *others)} | {key_of(b"2", base)}
    assert len(keys) == len(others) + 2
    assert key_of(b"1", question("ab", "c")) == key_of(b"1", base)
