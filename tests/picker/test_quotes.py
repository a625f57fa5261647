import pytest

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.picker.affinity import LOADING
from gateway.picker.endpoint import Endpoint, EndpointState, InFlight
from gateway.picker.field import Field
from gateway.picker.fleet import row_of
from gateway.picker.price import Moment
from gateway.picker.quotes import Quotes
from gateway.picker.rates import STEP, Rates

MOMENT = Moment(0, 0.03, 1e-4, 0, 1, 0, 1000, 0, 0, 0, 0, 0, 256, 0.02)


def a_field(*uncached: int, context: int = 0, load: EngineLoad | None = None) -> Field:
    """Endpoints that would have to prefill so many tokens; the first answers from `context`."""
    states = [EndpointState(Endpoint(f"e{number}")) for number in range(len(uncached))]
    states[0].in_flight = InFlight(1, 0, 0, context)
    states[0].load = load
    paces = [0.0] * len(states)
    rows = [row_of(state, None) for state in states]
    return Field(rows, paces, uncached, states, [1.0] * len(rows), plain=True)


def test_the_best_are_ranked_and_more_of_them_explained() -> None:
    quotes = Quotes(a_field(*range(2000, 0, -100)), MOMENT, Demand("m"))
    ranking = quotes.ranking(0, 3, 2000)

    assert [each.candidate.address for each in ranking.order] == ["e19", "e18", "e17"]
    assert [each.candidate.cached_tokens for each in ranking.order] == [1900, 1800, 1700]
    assert ranking.order[0].expected == pytest.approx(40)
    assert list(ranking.scores) == [f"e{number}" for number in range(19, 3, -1)]
    assert ranking.scores["e19"]["prefill"] == pytest.approx(40)
    assert len(quotes.ranking(0, None, 2000).order) == 20
    assert quotes.ranking(0, 3, 2000, "p").prefiller == "p"


def test_the_least_cost_and_all_costs_are_told() -> None:
    quotes = Quotes(a_field(300, 100), MOMENT, Demand("m"))

    assert quotes.least(0) == 0.04
    assert [(each.address, each.cost) for each in quotes.priced(0)] == [("e1", 0.04), ("e0", 0.06)]


def test_a_session_pulls_to_where_it_was() -> None:
    quotes = Quotes(a_field(300, 200), MOMENT, Demand("m"), session="e0")

    assert quotes.ranking(0, 1, 300).order[0].candidate.address == "e0"
    assert quotes.ranking(0, 1, 300).scores["e0"]["session"] == pytest.approx(20)
    assert Quotes(a_field(300, 200), MOMENT, Demand("m"), session="gone").order(0, 1) == [1]


def test_an_adapter_that_has_to_be_loaded_costs_its_time() -> None:
    absent = EngineLoad(0, max_adapters=2)
    quotes = Quotes(a_field(100, 100, load=absent), MOMENT, Demand("m"), adapter=5.0)

    assert quotes.order(0, 2) == [1, 0]
    assert quotes.firsts[0] - quotes.firsts[1] == pytest.approx(LOADING)
    assert quotes.ranking(0, 2, 100).scores["e0"]["adapter"] == pytest.approx(1000 * LOADING)


def test_what_is_later_than_the_slos_counts_once_more() -> None:
    field = a_field(100, 5000, context=10_000_000)
    rates = Rates()
    late = rates.step + rates.step_per_token * 10_001_000 - 2 * STEP[0]
    answers = Quotes(field, MOMENT, Demand("m"))
    before = list(answers.costs)
    answers.miss(Demand("m", tpot_slo=2 * STEP[0]), 1000, rates, 3.0)
    assert answers.costs == pytest.approx([before[0] + 3 * late, before[1]])
    assert (late > 0, answers.order(0, 2)) == (True, [1, 0])

    firsts = Quotes(field, MOMENT, Demand("m"))
    firsts.miss(Demand("m", ttft_slo=0.1), 1000, rates, 3.0)
    assert firsts.costs == pytest.approx([before[0], 2 * before[1] - 0.1])
