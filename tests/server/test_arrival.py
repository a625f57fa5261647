"""What is kept of a prompt is the hashes of its beginning, and who sees them learns nothing."""

import os
from array import array

from gateway.model.demand import Demand
from gateway.server.arrival import BLOCKS, HASH_BYTES, arrival_of, enciphered

KEY = os.urandom(32)


def hidden(*hashes: int, key: bytes = KEY) -> list[str]:
    text = enciphered(array("Q", hashes).tobytes(), key)
    return [text[at : at + 2 * HASH_BYTES] for at in range(0, len(text), 2 * HASH_BYTES)]


def test_a_long_prompt_is_kept_by_its_beginning() -> None:
    demand = Demand("llama", tuple(range(BLOCKS + 5)), 1024, prompt_bytes=9_999_999)
    kept = arrival_of(demand, 12.5, 3)
    assert array("Q", kept.hashes).tolist() == list(range(BLOCKS))
    assert (kept.at, kept.endpoints, kept.prompt_bytes, kept.block_bytes) == (
        12.5,
        3,
        9_999_999,
        1024,
    )


def test_a_prompt_without_a_whole_block_has_no_hash() -> None:
    assert enciphered(arrival_of(Demand("llama"), 0.0, 1).hashes, KEY) == ""


def test_equal_hashes_are_equal_and_others_differ_wherever_they_are() -> None:
    one, two, again, most = hidden(5, 6, 5, 2**64 - 1)
    assert one == again
    assert len({one, two, most}) == 3
    assert hidden(6) == [two]


def test_without_the_key_nothing_shows_which_hash_it_was() -> None:
    (one,) = hidden(5)
    assert one not in {array("Q", [5]).tobytes().hex(), f"{5:016x}"}
    assert hidden(5, key=os.urandom(32)) != [one]
