"""Batches are read in either form, and whatever they are, nothing breaks."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.picker.kv.batch import (
    MAX_BLOCKS,
    MAX_EVENTS,
    Batch,
    Cleared,
    Removed,
    Stored,
    read_batch,
)

SALT = msgspec.Raw(msgspec.msgpack.encode([["salt"]]))


def batch(*events: object) -> Batch:
    return read_batch(msgspec.msgpack.encode([12.5, events, 0]))


def test_arrays_are_read_as_they_have_been_since_the_first_version() -> None:
    found = batch(
        ["BlockStored", [1, 2], None, [5, 6, 7, 8], 2, None],
        ["BlockStored", [b"x" * 32], 2, [9, 9], 2, 3, "CPU", "sql", [["salt"]], 0, "full", None],
        ["BlockRemoved", [1], "GPU"],
        ["AllBlocksCleared"],
    )
    assert found == Batch(
        12.5,
        (
            Stored([1, 2], None, [5, 6, 7, 8], 2),
            Stored([b"x" * 32], 2, [9, 9], 2, 3, "CPU", "sql", SALT, 0),
            Removed([1], "GPU"),
            Cleared(),
        ),
    )


def test_maps_say_the_same() -> None:
    stored = {"type": "BlockStored", "block_hashes": [1], "parent_block_hash": 7, "block_size": 2}
    found = batch(
        {**stored, "token_ids": [5, 6], "medium": "GPU", "lora_name": "sql", "new": 1},
        {"type": "BlockRemoved", "block_hashes": [1]},
        {"type": "AllBlocksCleared"},
    )
    assert found.malformed == 0
    assert found.events == (
        Stored([1], 7, [5, 6], 2, None, "GPU", "sql"),
        Removed([1]),
        Cleared(),
    )


def test_layers_that_do_not_keep_all_of_a_prompt_are_left_out() -> None:
    found = batch(["BlockRemoved", [1], "GPU", 1], ["BlockRemoved", [2], "GPU", 0])
    assert found == Batch(12.5, (Removed([2], "GPU", 0),))


def test_an_event_that_is_malformed_is_counted_and_the_others_are_read() -> None:
    found = batch(
        ["BlockStored", [1, 2], None, [5, 6, 7], 2, None],
        ["BlockStored", [1], None, [-1, 6], 2, None],
        ["BlockStored", [1], None, [1], 0, None],
        ["BlockStored", [b"x" * 65], None, [1], 1, None],
        ["Unheard", 1],
        [],
        7,
        {"type": "BlockStored"},
        {"kind": "BlockRemoved"},
        ["BlockRemoved", [1], "GPU"],
    )
    assert found == Batch(12.5, (Removed([1], "GPU"),), 9)


def test_a_batch_of_too_many_events_is_none() -> None:
    assert batch(*[["AllBlocksCleared"]] * (MAX_EVENTS + 1)) == Batch(0.0, (), 1)


def test_a_list_that_claims_to_be_long_takes_no_memory() -> None:
    claims = b"\x93\xcb\x00\x00\x00\x00\x00\x00\x00\x00\xdd\xff\xff\xff\xff"
    assert read_batch(claims) == Batch(0.0, (), 1)


@given(st.binary(max_size=300))
def test_whatever_comes_is_no_exception(payload: bytes) -> None:
    found = read_batch(payload)
    assert found.malformed or not found.events or found.at == found.at


@given(
    st.recursive(
        st.none() | st.integers(-5, 1 << 40) | st.text(max_size=20) | st.binary(max_size=40),
        lambda inner: st.lists(inner, max_size=5),
    )
)
def test_whatever_an_event_is_it_is_read_or_counted(event: object) -> None:
    found = batch(event, ["AllBlocksCleared"])
    assert len(found.events) + found.malformed == 2


def test_of_more_blocks_than_a_batch_may_have_the_rest_is_malformed() -> None:
    half = ["BlockRemoved", list(range(MAX_BLOCKS // 2))]
    found = batch(half, half, ["BlockRemoved", [1]], ["BlockRemoved", [2]], ["AllBlocksCleared"])
    assert (len(found.events), found.malformed) == (2, 3)
