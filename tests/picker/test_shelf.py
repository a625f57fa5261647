from gateway.picker.run import Hold
from gateway.picker.shelf import LEAST_FACTOR, MOST_FACTOR, Shelf


def test_the_oldest_is_what_was_used_longest_ago_and_not_in_use() -> None:
    shelf = Shelf(0, 10)
    holds = [Hold(None, 0, 1, stamp) for stamp in (1, 2, 3)]
    for hold in holds:
        shelf.add(hold)

    assert shelf.oldest(9) is holds[0]
    holds[0].stamp = 5
    holds[1].pins = 1
    assert shelf.oldest(9) is holds[2]
    holds[2].blocks = 0
    assert shelf.oldest(9) is holds[0]
    holds[0].pins = 1
    assert shelf.oldest(10) is None


def test_what_is_learnt_of_the_capacity_stays_within_bounds() -> None:
    shelf = Shelf(0, 100)
    for _ in range(1000):
        shelf.learn(believed=10, seen=0)
    assert shelf.factor == LEAST_FACTOR
    for _ in range(1000):
        shelf.learn(believed=10, seen=10)
    assert shelf.factor == 1
    for _ in range(1000):
        shelf.learn(believed=10, seen=100)
    assert shelf.factor == MOST_FACTOR
