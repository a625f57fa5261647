import pytest

from gateway.picker.disaggregation import Disaggregation, Priced, split


def test_prefill_goes_elsewhere_only_where_it_costs_less_with_the_transfer() -> None:
    decider = Disaggregation()
    busy, idle = Priced("p1", 3, 3), Priced("p2", 0.5, 0.5)

    assert decider.prefiller(2.0, 0.1, [busy, idle], 1000) is idle
    assert decider.prefiller(0.55, 0.1, [busy, idle], 1000) is None
    assert decider.prefiller(0.9, 0.1, [], 1000) is None


def test_a_slow_transfer_is_learnt_and_keeps_prefill_at_home() -> None:
    decider = Disaggregation()
    for tokens in (*range(1000, 60_000, 1000), *range(1000, 60_000, 1000)):
        decider.learn(tokens * 1e-5, tokens)

    assert decider.seconds(40_000) == pytest.approx(0.4, rel=0.2)
    assert decider.prefiller(0.9, 0.1, [Priced("p", 0.5, 0.5)], 40_000) is None


@pytest.mark.parametrize("network", [1e-4, 1e-3])
def test_a_network_that_is_far_slower_than_thought_stops_disaggregation_soon(
    network: float,
) -> None:
    decider = Disaggregation()
    helpers = [Priced("p", 0.5, 0.5)]
    assert decider.prefiller(3.0, 0.1, helpers, 40_000) is not None
    for _ in range(12):
        decider.learn(40_000 * network, 40_000)

    assert decider.seconds(40_000) == pytest.approx(40_000 * network, rel=0.2)
    assert decider.prefiller(3.0, 0.1, helpers, 40_000) is None


def test_endpoints_are_split_by_role() -> None:
    assert split(["both", "decode", "prefill", "encode"]) == ([0, 1], [2])
    assert split(["prefill"]) == ([0], [])
