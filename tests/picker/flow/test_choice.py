"""Who goes, who waits, and for which endpoint."""

from collections.abc import Mapping

from gateway.picker.endpoint import Endpoint, EndpointState
from gateway.picker.flow.choice import Choice, Full, cheaper
from gateway.picker.flow.gate import Room
from gateway.picker.profile import Candidate, Ranked, Ranking

ONE, TWO, THREE, FOUR = (f"10.0.0.{number}:80" for number in range(1, 5))
NONE: Mapping[str, tuple[int, float]] = {}


def ranking(*costs: tuple[str, float], known: int = 3, prefiller: str | None = None) -> Ranking:
    """Endpoints by their cost in milliseconds, of which `known` are ranked and all explained."""
    ordered = sorted(costs, key=lambda each: each[1])
    scores = {address: {"queue": cost / 2, "prefill": cost / 2} for address, cost in ordered}
    ranked = [
        Ranked(Candidate(EndpointState(Endpoint(address)), 0, 100), scores[address], cost)
        for address, cost in ordered
    ]
    return Ranking(tuple(ranked[:known]), prefiller, scores)


def choose(
    found: Ranking,
    full: Mapping[str, float],
    *addresses: str,
    ahead: Mapping[str, tuple[int, float]] = NONE,
    now: float = 10.0,
) -> str | Full:
    """The address of the one that gets the request; `full` has since when endpoints are."""
    room = Room(open=dict.fromkeys(addresses, 0.0), full=dict(full))
    verdict = Choice(room, now, lambda address: ahead.get(address, (0, 0.0)))(found)
    return verdict if isinstance(verdict, Full) else verdict.order[0].candidate.address


def test_the_best_goes_at_once_if_it_has_room() -> None:
    assert choose(ranking((ONE, 10.0), (TWO, 20.0)), {TWO: 10.0}, ONE) == ONE


def test_the_best_is_waited_for_while_what_has_room_is_dearer() -> None:
    found = ranking((ONE, 10.0), (TWO, 100.0))
    assert choose(found, {ONE: 10.0}, TWO) == Full(ONE, 10.0, 5.0)


def test_the_longer_the_best_has_had_no_room_the_less_it_is_worth() -> None:
    found = ranking((ONE, 10.0), (TWO, 100.0))
    assert choose(found, {ONE: 9.9375}, TWO) == Full(ONE, 72.5, 5.0)
    assert choose(found, {ONE: 9.875}, TWO) == TWO


def test_those_who_wait_before_it_count_with_their_work() -> None:
    found = ranking((ONE, 10.0), (TWO, 100.0))
    assert isinstance(choose(found, {ONE: 10.0}, TWO, ahead={ONE: (3, 80.0)}), Full)
    assert choose(found, {ONE: 10.0}, TWO, ahead={ONE: (3, 90.0)}) == TWO


def test_an_endpoint_with_room_for_which_others_wait_is_waited_for_like_a_full_one() -> None:
    found = ranking((ONE, 10.0), (TWO, 100.0))
    assert choose(found, {}, ONE, TWO, ahead={ONE: (1, 0.0)}) == Full(ONE, 10.0, 5.0)


def test_of_full_endpoints_the_one_with_the_shortest_wait_is_wanted() -> None:
    found = ranking((ONE, 10.0), (TWO, 20.0))
    wanted = choose(found, {ONE: 10.0, TWO: 10.0}, ahead={ONE: (2, 15.0)})
    assert wanted == Full(TWO, 20.0, 10.0, further=True)


def test_what_is_far_down_the_ranking_is_asked_for() -> None:
    costs = [(ONE, 10.0), (TWO, 20.0), (THREE, 30.0), (FOUR, 40.0)]
    full = dict.fromkeys((ONE, TWO, THREE), 9.0)
    found = choose(ranking(*costs), full, FOUR)
    assert found == Full(ONE, 1010.0, 5.0, further=True)
    assert choose(ranking(*costs, known=4), full, FOUR) == FOUR


def test_fallbacks_with_room_go_before_those_without() -> None:
    found = ranking((ONE, 10.0), (TWO, 100.0), (THREE, 110.0))
    room = Room(open={TWO: 0.0, THREE: 0.0}, full={ONE: 0.0})
    verdict = Choice(room, 10.0, lambda _: (0, 0.0))(found)
    assert isinstance(verdict, Ranking)
    assert [each.candidate.address for each in verdict.order] == [TWO, THREE, ONE]


def test_without_predicted_times_nothing_is_worth_waiting_for() -> None:
    found = Ranking((Ranked(Candidate(EndpointState(Endpoint(ONE)), 0, 100), {"queue-scorer": 1}),))
    assert choose(found, {ONE: 10.0}, TWO) == Full(ONE, further=True)
    assert isinstance(cheaper(5.0)(found), Ranking)


def test_a_request_waits_for_the_endpoint_that_is_to_prefill_it() -> None:
    found = ranking((ONE, 10.0), prefiller=TWO)
    room = Room(open={ONE: 0.0}, busy={TWO: 0.0})
    assert Choice(room, 0.0, lambda _: (0, 0.0))(found) == Full(TWO, work=5.0)


def test_what_the_session_saves_is_taken_off() -> None:
    parts = {"prefill": 100.0, "session": 30.0}
    ranked = Ranked(Candidate(EndpointState(Endpoint(ONE)), 0, 100), parts, 100.0)
    found = Ranking((ranked,), None, {ONE: parts})
    assert choose(found, {ONE: 10.0}) == Full(ONE, 70.0, 100.0, further=True)


def test_work_is_the_own_part_of_what_decoding_slows_down() -> None:
    parts = {"queue": 30.0, "prefill": 10.0, "decode": 20.0}
    ranked = Ranked(Candidate(EndpointState(Endpoint(ONE)), 0, 100), parts, 60.0)
    waits = choose(Ranking((ranked,), None, {ONE: parts}), {ONE: 10.0})
    assert waits == Full(ONE, 60.0, 15.0, further=True)


def test_only_what_is_cheaper_than_waiting_goes() -> None:
    found = ranking((ONE, 50.0))
    assert cheaper(50.1)(found) is found
    assert cheaper(50.0)(found) == Full()


def test_a_ranking_of_nothing_is_left_as_it_is() -> None:
    nothing = Ranking(())
    assert Choice(Room(), 0.0, lambda _: (0, 0.0))(nothing) is nothing
    assert isinstance(cheaper(1.0)(nothing), Full)
