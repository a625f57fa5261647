from array import array

from hypothesis import given
from hypothesis import strategies as st

from gateway.picker.run import Hold, Run, bits


def test_the_common_beginning_is_found_wherever_it_ends() -> None:
    run = Run(2, array("Q", range(100, 110)), None)
    for end in range(1, 11):
        chain = [1, 2, *range(100, 100 + end), *([7] * (12 - end))]
        assert run.common(chain) == end
    assert run.common([1, 2, 100, 101]) == 2


def test_a_run_forgets_the_end_that_nobody_holds() -> None:
    run = Run(0, array("Q", range(10)), None)
    for slot, blocks in ((0, 4), (1, 6)):
        run.holds[slot] = Hold(run, slot, 0, 1)
        run.resize(run.holds[slot], blocks)

    assert run.trim() == 4
    assert (len(run.hashes), run.full, run.ragged) == (6, 0b10, 0b01)


def test_bits_are_the_places_of_ones() -> None:
    assert list(bits((1 << 90) | 0b101)) == [0, 2, 90]


@given(st.sets(st.integers(0, 400)) | st.just(set(range(300))))
def test_the_places_of_ones_are_found_in_sparse_and_dense_masks(wanted: set[int]) -> None:
    places = bits(sum(1 << place for place in wanted))

    assert places == sorted(wanted)
