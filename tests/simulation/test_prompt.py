"""Prompts as runs."""

import pytest

from gateway.simulation.prompt import mixed, prompt_of


def test_equal_beginnings_have_equal_keys_and_equal_segments_after_others_do_not() -> None:
    one, two = prompt_of([(1, 64), (2, 32)]), prompt_of([(1, 64), (3, 32)])
    other = prompt_of([(9, 64), (2, 32)])
    assert one.runs[0] == two.runs[0]
    assert one.runs[1] != two.runs[1]
    assert one.runs[1].key != other.runs[1].key


def test_a_prompt_that_goes_on_begins_with_what_it_was() -> None:
    one = prompt_of([(1, 64)])
    assert one.then([(2, 32)]).runs == prompt_of([(1, 64), (2, 32)]).runs


def test_a_segment_in_the_middle_must_be_whole_blocks() -> None:
    with pytest.raises(ValueError, match="whole blocks"):
        prompt_of([(1, 17), (2, 16)])


def test_a_chain_has_one_hash_for_each_whole_block_and_shares_those_of_the_shared_part() -> None:
    one, two = prompt_of([(1, 80), (2, 48), (3, 7)]), prompt_of([(1, 80), (4, 100)])
    assert len(one.chain(32)) == 135 // 32
    assert one.chain(32)[:2] == two.chain(32)[:2]
    assert one.chain(32)[2] != two.chain(32)[2]
    assert len(set(one.chain(32))) == 4


def test_the_chain_does_not_depend_on_how_the_shared_part_is_cut_off() -> None:
    shared = [(1, 96)]
    assert prompt_of(shared).chain(32) == prompt_of([*shared, (5, 30)]).chain(32)


def test_empty_segments_are_left_out() -> None:
    assert prompt_of([(1, 0), (2, 16)]).runs == prompt_of([(2, 16)]).runs


def test_mixing_is_the_same_in_every_process() -> None:
    assert mixed(1, 2) == mixed(1, 2) != mixed(2, 1)
    assert 0 <= mixed(-1, -5) < 1 << 64


def test_a_prompt_is_estimated_by_its_bytes_and_keeps_what_it_shares() -> None:
    one, two = prompt_of([(1, 1600), (2, 48)]), prompt_of([(1, 1600), (3, 48)])
    assert one.estimated(4.0) is one
    assert one.estimated(3.0).tokens == 1236
    assert [run.key for run in one.estimated(3.0).runs] == [run.key for run in one.runs]
    assert one.estimated(3.0).chain(300)[:4] == two.estimated(3.0).chain(300)[:4]
    assert len(one.estimated(3.0).chain(300)) == 4
