"""Blocks of all endpoints are one tree, by their tokens."""

from typing import Any

import pytest
from msgspec import Raw
from msgspec.msgpack import encode

from gateway.picker.kv import blocks as module
from gateway.picker.kv.batch import Removed, Stored
from gateway.picker.kv.blocks import MOST_STEPS, Block, Blocks, Cache


def stored(names: list[Any], parent: int | bytes | None = None, **more: Any) -> Stored:
    """Blocks of two tokens; block n has the tokens n and n."""
    ids = [number for name in names for number in (int(name) % 1000, int(name) % 1000)]
    return Stored(names, parent, ids, 2, **more)


def raw(value: object) -> Raw:
    return Raw(encode(value))


def tree() -> tuple[Blocks, Cache, Cache]:
    return Blocks(2), Cache(1), Cache(2)


def tip(blocks: Blocks, cache: Cache, event: Stored) -> Block:
    found = blocks.stored(cache, event)
    assert found is not None
    return found[1]


def test_two_engines_call_the_same_block_differently() -> None:
    blocks, one, other = tree()
    first = tip(blocks, one, stored([1, 2, 3]))
    second = tip(blocks, other, stored([1001, 1002, 1003]))
    assert first is second
    assert (first.depth, first.whole, first.holders) == (3, 3, 3)


def test_the_same_tokens_after_others_are_another_block() -> None:
    blocks, one, _ = tree()
    assert tip(blocks, one, stored([1, 2])) is not tip(blocks, one, stored([3, 1002]))


def test_an_adapter_and_further_keys_tell_blocks_apart() -> None:
    blocks, one, _ = tree()
    plain = tip(blocks, one, stored([1]))
    assert tip(blocks, one, stored([1001], lora_name="sql")) is not plain
    assert tip(blocks, one, stored([2001], lora_id=3)) is not plain
    salted = tip(blocks, one, stored([3001], extra_keys=raw([["salt"]])))
    assert salted is not plain
    assert tip(blocks, one, stored([4001], extra_keys=raw([["salt"]]))) is salted


def test_a_block_is_whole_only_with_all_before_it() -> None:
    blocks, one, _ = tree()
    third = tip(blocks, one, stored([1, 2, 3]))
    blocks.removed(one, Removed([1]))
    assert (third.whole, third.gone, third.holders) == (0, 0, 1)
    assert third.parent is not None
    assert third.parent.parent is not None
    assert third.parent.parent.gone == 1
    blocks.stored(one, stored([2001]))
    assert (third.whole, third.parent.whole) == (1, 1)


def test_a_block_in_two_media_is_gone_when_it_has_left_both() -> None:
    blocks, one, _ = tree()
    block = tip(blocks, one, stored([1], medium="GPU"))
    block.marks = [(1, 1)]
    blocks.stored(one, stored([1], medium="CPU"))
    blocks.removed(one, Removed([1], "GPU"))
    assert block.whole == 1
    blocks.removed(one, Removed([1], "CPU"))
    assert (block.whole, block.gone) == (0, 1)
    assert blocks.held == one.size == 0


def test_what_follows_something_unknown_is_an_orphan() -> None:
    blocks, one, other = tree()
    blocks.stored(one, stored([1]))
    assert blocks.stored(other, stored([2, 3], parent=1)) is None
    assert blocks.stored(one, Stored([9], None, [1, 2, 3], 3)) is None
    assert (blocks.orphans, blocks.held) == (3, 1)


def test_what_nobody_holds_and_nothing_needs_is_forgotten() -> None:
    blocks, one, _ = tree()
    third = tip(blocks, one, stored([1, 2, 3]))
    root = third.parent and third.parent.parent and third.parent.parent.parent
    blocks.removed(one, Removed([3, 2, 1]))
    assert root is not None
    assert list(root.children()) == []


def test_a_cleared_cache_holds_nothing_and_others_do() -> None:
    blocks, one, other = tree()
    block = tip(blocks, one, stored([1, 2]))
    blocks.stored(other, stored([1, 2]))
    blocks.clear(one, whole=True)
    assert (block.whole, block.holders, one.size, other.size) == (2, 2, 0, 2)
    assert one.whole


def test_an_engine_that_says_without_end_what_follows_makes_nothing_grow() -> None:
    blocks, one, other = Blocks(2, max_blocks=200), Cache(1), Cache(2)
    kept = tip(blocks, other, stored([900]))
    last = None
    for number in range(1, 800):
        if blocks.stored(one, stored([number], parent=last)) is None:
            last = None
            continue
        if last is not None:
            blocks.removed(one, Removed([last]))
        last = number
    assert blocks.count <= 200
    assert blocks.orphans > 0
    assert kept.whole == 2
    blocks.clear(one, whole=False)
    assert blocks.count == blocks.held == 1


def test_there_is_a_bound_and_what_came_first_is_forgotten_not_believed_to_be_gone() -> None:
    blocks, one = Blocks(2, max_held=100), Cache(1)
    one.whole = True
    first = tip(blocks, one, stored([1]))
    first.marks = [(1, 1)]
    for number in range(2, 300):
        blocks.stored(one, stored([number]))
    assert blocks.held == one.size == 100
    assert (first.holders, first.gone, one.whole) == (0, 0, False)


@pytest.mark.parametrize(
    "extra",
    [b"", b"\xc1", b"\x91" * 5_000, b"\xdd\xff\xff\xff\xff", encode({"a": [1]}), encode("x")],
)
def test_further_keys_of_any_form_tell_blocks_apart(extra: bytes) -> None:
    blocks, one, _ = tree()
    plain = tip(blocks, one, stored([1, 2]))
    told = tip(blocks, one, stored([1001, 1002], extra_keys=Raw(extra)))
    assert told is not plain
    assert tip(blocks, one, stored([2001, 2002], extra_keys=Raw(extra))) is told


def test_a_block_without_further_keys_is_the_same_beside_one_that_has_some() -> None:
    blocks, one, _ = tree()
    plain = tip(blocks, one, stored([1]))
    salted = tip(blocks, one, stored([1001, 1002], extra_keys=raw([None, ["salt"]])))
    assert salted.parent is plain


def test_who_makes_us_walk_the_tree_again_and_again_is_listened_to_anew() -> None:
    blocks, one, other = tree()
    deep = tip(blocks, one, stored([*range(1, 101)]))
    tip(blocks, other, stored([*range(1, 101)]))
    walks = 0
    while one.size > 1:
        blocks.removed(one, Removed([1]))
        blocks.stored(one, stored([1]))
        walks += 1
        assert walks < 10, "each takes 200 steps, and 100 blocks are worth 800"
    assert (deep.holders, deep.whole, other.size) == (2, 2, 100)


def test_nobody_saves_steps_for_ever() -> None:
    blocks, one, _ = tree()
    one.steps = MOST_STEPS
    blocks.stored(one, stored([1, 2, 3]))
    assert one.steps == MOST_STEPS


def test_no_more_adapters_are_known_than_a_bound_and_those_without_blocks_make_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_ROOTS", 3)
    blocks, one, _ = tree()
    for number in range(3):
        tip(blocks, one, stored([1000 * number + 1], lora_name=f"a{number}"))
    assert blocks.stored(one, stored([9001], lora_name="new")) is None
    assert blocks.orphans == 1
    blocks.removed(one, Removed([1001]))
    tip(blocks, one, stored([9001], lora_name="new"))
    assert blocks.stored(one, stored([8001], lora_name="more")) is None
