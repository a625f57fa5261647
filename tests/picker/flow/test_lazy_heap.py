"""The heap from which anything can be taken out."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.picker.flow.lazy_heap import LazyHeap

CHANGES = st.lists(
    st.tuples(st.sampled_from(["put", "discard"]), st.integers(0, 8), st.integers(0, 5)),
    max_size=400,
)


@given(CHANGES)
def test_the_first_item_has_the_least_key_after_any_changes(
    changes: list[tuple[str, int, int]],
) -> None:
    heap: LazyHeap[int] = LazyHeap()
    model: dict[int, tuple[int, int]] = {}
    for serial, (change, item, key) in enumerate(changes):
        if change == "put":
            heap.put(item, (key,))
            model[item] = (key, serial)
        else:
            heap.discard(item)
            model.pop(item, None)
        assert heap.first() == (min(model, key=model.__getitem__) if model else None)
        assert len(heap) == len(model)
        assert set(heap) == set(model)
        assert all(heap.key(each) == (model[each][0],) for each in model)
        assert (item in heap) == (item in model)


def test_what_was_removed_takes_no_place_for_long() -> None:
    heap: LazyHeap[int] = LazyHeap()
    heap.put(-1, (-1,))
    for item in range(10_000):
        heap.put(item, (item,))
        heap.discard(item)
    assert heap.first() == -1
    assert len(heap._heap) < 200  # pyright: ignore[reportPrivateUsage] # noqa: SLF001
