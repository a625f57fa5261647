import pytest
from pydantic import ValidationError

from gateway.picker.plugins.filters.prefill_filter import PrefillFilter
from gateway.picker.plugins.scorers.load_aware_scorer import LoadAwareScorer, Parameters
from tests.picker.plugins.case import DEMAND, candidate, load


def test_a_plugin_that_keeps_nothing_may_be_told_of_placements() -> None:
    servers = [candidate("a", load=load(waiting=1)), candidate("b", role="decode")]
    scorer, role = LoadAwareScorer(Parameters(threshold=2)), PrefillFilter()
    before = scorer.score(DEMAND, servers, 0.0), role.keep(DEMAND, servers, 0.0)
    scorer.placed(DEMAND, servers[0], 0.0)
    role.placed(DEMAND, servers[0], 0.0)
    assert before == (scorer.score(DEMAND, servers, 0.0), role.keep(DEMAND, servers, 0.0))


def test_parameters_are_checked_however_they_are_made() -> None:
    with pytest.raises(ValidationError):
        Parameters(threshold=0)
