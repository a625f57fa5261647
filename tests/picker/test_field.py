from gateway.picker.arrivals import Arrivals
from gateway.picker.endpoint import Endpoint, EndpointState, Role
from gateway.picker.field import Field
from gateway.picker.fleet import Fleet, Seen
from gateway.picker.index import PrefixIndex
from gateway.picker.profile import Candidate
from gateway.picker.rates import Rates


def states(*roles: Role) -> list[EndpointState]:
    return [EndpointState(Endpoint(f"e{n}", role=role)) for n, role in enumerate(roles)]


def a_fleet(*roles: Role) -> Fleet:
    index = PrefixIndex()
    fleet = Fleet(index)
    fleet.begin(states(*roles))
    return fleet


def addresses(field: Field | None) -> list[str]:
    return [] if field is None else [state.address for state in field.states]


def test_candidates_and_a_fleet_make_the_same_field() -> None:
    whole = Field.of_fleet(Seen(a_fleet("both", "both"), 1000, {1: 400}), [0.0, 0.0], [0.0, 2.0])
    candidates = [
        Candidate(state, cached, 1000)
        for state, cached in zip(states("both", "both"), (0, 400), strict=True)
    ]
    arrivals = Arrivals()
    arrivals.came("e1", 0.0, 0.0)
    arrivals.came("e1", 0.0, 0.0)
    each = Field.of_candidates(candidates, None, Rates(), arrivals, 0.0)

    assert whole.uncached == each.uncached == [1000, 600]
    assert (whole.rows, whole.paces) == (each.rows, each.paces)
    assert [known > 0 for known in whole.pressures] == [known > 0 for known in each.pressures]
    assert addresses(whole) == addresses(each) == ["e0", "e1"]
    assert whole.plain is each.plain is True


def test_only_some_places_may_count() -> None:
    seen = Seen(a_fleet("both", "both", "both"), 1000, {2: 1200}, [0, 2])
    field = Field.of_fleet(seen, [1.0, 2.0, 3.0], [4.0, 5.0, 6.0])

    assert addresses(field) == ["e0", "e2"]
    assert (field.paces, field.uncached) == ([1.0, 3.0], [1000, 0])
    assert field.pressures == [4.0, 6.0]
    assert [field.place(each) for each in ("e0", "e1", "e2")] == [0, None, 1]


def test_addresses_are_found_in_the_whole_fleet_too() -> None:
    field = Field.of_fleet(Seen(a_fleet("both", "both"), 10, {}), [0.0] * 2, [0.0] * 2)

    assert [field.place(each) for each in ("e1", "x")] == [1, None]


def test_those_that_only_prefill_are_apart() -> None:
    seen = Seen(a_fleet("both", "prefill", "encode", "decode"), 10, {})
    field = Field.of_fleet(seen, [1.0] * 4, [0.0] * 4)
    answering, prefilling = field.split()
    assert (addresses(answering), addresses(prefilling)) == (["e0", "e3"], ["e1"])

    plain = Field.of_fleet(Seen(a_fleet("both", "both"), 10, {}), [1.0] * 2, [0.0] * 2)
    assert plain.split() == (plain, None)


def test_an_endpoint_in_trouble_does_not_look_free_because_nobody_comes_to_it() -> None:
    fleet = a_fleet("both", "both", "both")
    fleet.states[0].late = 2.0
    fleet.touch("e0")
    field = Field.of_fleet(Seen(fleet, 10, {}), [1.0] * 3, [0.0, 3.0, 0.0])
    assert field.pressures == [3.0, 3.0, 0.0]

    fleet.states[0].late = 0.0
    fleet.touch("e0")
    assert Field.of_fleet(Seen(fleet, 10, {}), [1.0] * 3, [0.0, 3.0, 0.0]).pressures == [0, 3, 0]


def test_candidates_in_trouble_do_not_look_free_either() -> None:
    known, arrivals = states("both", "both"), Arrivals()
    known[1].late = 2.0
    arrivals.came("e0", 1.0, 0.0)
    candidates = [Candidate(state, 0, 10) for state in known]
    pressures = Field.of_candidates(candidates, None, Rates(), arrivals, 0.0).pressures

    assert pressures[0] == pressures[1] > 0
