import pytest

from gateway.picker.arrivals import WINDOW, Arrivals
from gateway.picker.endpoint import Endpoint, EndpointState
from gateway.picker.fleet import Fleet
from gateway.picker.index import PrefixIndex


def a_fleet(*addresses: str) -> Fleet:
    fleet = Fleet(PrefixIndex())
    fleet.begin([EndpointState(Endpoint(address)) for address in addresses])
    return fleet


def now_at(arrivals: Arrivals, address: str, now: float) -> float:
    """The pressure of the endpoint at this time."""
    return arrivals.pressures([address])[0] * arrivals.left(now)


def test_the_pressure_is_what_policy_iteration_says_of_the_endpoints_own_arrivals() -> None:
    arrivals = Arrivals()
    for _ in range(10):
        arrivals.came("a", 1.0, 5.0)
    rate, busy = 10 / WINDOW, 10 / WINDOW

    assert now_at(arrivals, "a", 5.0) == pytest.approx(rate / (2 * (1 - busy)))
    assert now_at(arrivals, "b", 5.0) == 0


def test_the_mean_spreads_all_arrivals_over_the_endpoints() -> None:
    arrivals, alone = Arrivals(), Arrivals()
    for number in range(10):
        arrivals.came("ab"[number % 2], 0.5, 0.0)
    for _ in range(5):
        alone.came("a", 0.5, 0.0)

    assert arrivals.mean(2) == pytest.approx(now_at(alone, "a", 0.0))


def test_a_pressure_fades_and_is_the_same_in_every_era() -> None:
    arrivals = Arrivals()
    arrivals.came("a", 0.0, 1000.0)
    arrivals.came("b", 0.0, 1000.0)
    before = now_at(arrivals, "a", 1000.0)

    assert now_at(arrivals, "a", 1000.0 + WINDOW) == pytest.approx(before / 2.718281828)
    later = 1000.0 + 11 * WINDOW
    faded = now_at(arrivals, "a", later)
    arrivals.came("b", 0.0, later)
    assert now_at(arrivals, "a", later) == pytest.approx(faded)
    assert now_at(arrivals, "b", later) > before


def test_more_work_than_time_has_a_price_too() -> None:
    arrivals = Arrivals()
    for _ in range(100):
        arrivals.came("a", 50.0, 0.0)

    assert 0 < now_at(arrivals, "a", 0.0) < float("inf")


def test_a_fleet_has_the_pressures_of_its_places_as_they_change() -> None:
    arrivals, fleet = Arrivals(), a_fleet("a", "b")
    assert arrivals.of_fleet(fleet) == [0, 0]
    arrivals.came("b", 0.1, 0.0)
    assert arrivals.of_fleet(fleet) == arrivals.pressures(["a", "b"])
    assert arrivals.of_fleet(fleet)[1] > 0
    arrivals.came("a", 0.1, 900.0)
    assert arrivals.of_fleet(fleet) == arrivals.pressures(["a", "b"])
    fleet.begin(fleet.states[1:])
    assert arrivals.of_fleet(fleet) == arrivals.pressures(["b"])


def test_an_endpoint_that_left_is_forgotten() -> None:
    arrivals, fleet = Arrivals(), a_fleet("a")
    arrivals.came("a", 0.1, 0.0)
    assert arrivals.of_fleet(fleet)[0] > 0
    arrivals.forget("a")

    assert arrivals.of_fleet(fleet) == [0]
    arrivals.forget("never seen")


def test_late_news_do_not_turn_the_clock_back() -> None:
    arrivals = Arrivals()
    arrivals.came("a", 0.0, 100.0)
    once = now_at(arrivals, "a", 100.0)
    arrivals.came("a", 0.0, 99.0)

    assert now_at(arrivals, "a", 100.0) == pytest.approx(2 * once)
