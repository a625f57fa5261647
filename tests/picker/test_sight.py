from gateway.model.demand import Demand
from gateway.picker.endpoint import Endpoint, EndpointState
from gateway.picker.fleet import Fleet
from gateway.picker.index import PrefixIndex
from gateway.picker.sight import Sight
from gateway.picker.tokens import TokenEstimate


def a_sight(*healthy: bool) -> Sight:
    """Of endpoints e0, e1..., of which each has ten blocks more than the one before."""
    index = PrefixIndex()
    fleet = Fleet(index)
    for number in range(len(healthy)):
        index.join(f"e{number}", 1000)
        index.stored(f"e{number}", range(10 * number))
    fleet.begin([EndpointState(Endpoint(f"e{n}", healthy=up)) for n, up in enumerate(healthy)])
    return Sight(fleet, index, TokenEstimate())


def a_demand(blocks: int, *subset: str) -> Demand:
    return Demand("m", tuple(range(blocks)), prompt_bytes=1024 * blocks, subset=subset or None)


def test_a_request_sees_what_is_cached_where() -> None:
    sight = a_sight(True, True, True)
    seen = sight.seen(a_demand(15))

    assert (seen.tokens, dict(seen.cached), seen.among) == (3840, {1: 2560, 2: 3840}, None)
    assert [
        (each.address, each.cached_tokens, each.prompt_tokens)
        for each in sight.candidates(a_demand(15))
    ] == [("e0", 0, 3840), ("e1", 2560, 3840), ("e2", 3840, 3840)]


def test_endpoints_that_are_down_or_not_asked_for_are_left_out() -> None:
    sight = a_sight(True, False, True, True)
    demand = a_demand(20, "e3", "e1", "e0", "x")
    seen = sight.seen(demand)

    assert (dict(seen.cached), seen.among) == ({1: 5120, 2: 5120}, [0, 2])
    assert [each.address for each in sight.candidates(demand)] == ["e0", "e3"]
    empty = Demand("m", subset=())
    assert (sight.seen(empty).among, sight.candidates(empty)) == ([], [])


def test_nothing_is_cached_of_a_prompt_that_is_not_known() -> None:
    assert dict(a_sight(True, True).seen(Demand("m", prompt_bytes=400)).cached) == {}
