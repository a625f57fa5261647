"""The cheapest of many, in order, without sorting them all. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from heapq import nsmallest
from typing import Final

_TICK: Final = 1e-4
_DIGITS: Final = 4
"""Costs that are the same to a tenth of a millisecond are equal."""

_FEW: Final = 256
"""Up to so many are sorted faster than searched for the best."""


def cheapest(costs: Sequence[float], turn: int, most: int) -> list[int]:
    """The places of at least `most` of the lowest costs (seconds), or of all, best first. Equal
    ones are in the order of their places from `turn` on, around the end."""
    count = len(costs)
    near: Sequence[int] = _all_least(costs, most)
    if near:
        first = bisect_left(near, turn % count)
        return [*near[first:], *near[:first]]
    near = range(count)
    if most < count:
        few = count <= _FEW
        limit = sorted(costs)[most - 1] if few else nsmallest(most, costs)[-1]
        limit += 2 * _TICK  # whatever may be equal to the last after rounding
        near = [place for place, cost in enumerate(costs) if cost <= limit]
    first = bisect_left(near, turn % count)
    places = [*near[first:], *near[:first]]
    if len(places) > 1:
        # many costs are the very same number when endpoints are idle, and rounding is slow
        known = {cost: rounded(cost) for cost in {costs[place] for place in places}}
        if len(set(known.values())) > 1:
            places.sort(key=lambda place: known[costs[place]])
    return places


def _all_least(costs: Sequence[float], most: int) -> list[int]:
    """The places of the lowest cost if it is that of `most` or more and no other is equal to it
    after rounding, as where most endpoints are idle; none otherwise."""
    least = min(costs)
    same = costs.count(least)
    if same < most:
        return []
    if same < len(costs) and rounded(min([one for one in costs if one != least])) == rounded(least):
        return []
    return [place for place, cost in enumerate(costs) if cost == least]


def rounded(cost: float) -> float:
    """Seconds to a tenth of a millisecond, by which costs are compared."""
    return round(cost, _DIGITS)
