from gateway.model.demand import Demand
from tests.picker.plugins.case import addresses, candidate, filter_

A, B = candidate("a"), candidate("b")
MINE = Demand("llama", session="mine")


def test_a_session_stays_on_its_endpoint_alone() -> None:
    pin = filter_("session-affinity-filter")
    assert addresses(pin.keep(MINE, [A, B], 0.0)) == ["a", "b"]
    pin.placed(MINE, B, 0.0)
    assert addresses(pin.keep(MINE, [A, B], 1.0)) == ["b"]
    assert addresses(pin.keep(Demand("llama"), [A, B], 1.0)) == ["a", "b"]


def test_all_stay_when_the_endpoint_is_gone_and_the_session_moves() -> None:
    pin = filter_("session-affinity-filter")
    pin.placed(MINE, B, 0.0)
    assert addresses(pin.keep(MINE, [A], 1.0)) == ["a"]
    pin.placed(MINE, A, 1.0)
    assert addresses(pin.keep(MINE, [A, B], 2.0)) == ["a"]
