"""Times of an outcome, and what they are of an answer that did not come."""

from math import inf

import pytest

from gateway.simulation.request import Outcome
from tests.simulation.fleet import asking


def test_times_count_from_the_arrival() -> None:
    request = asking(0, (1, 160), output=11)
    request.at = 5.0
    outcome = Outcome(request, 0, first=6.0, last=8.0)
    assert (outcome.ttft, outcome.e2e) == (1.0, 3.0)
    assert outcome.tpot == pytest.approx(0.2)


def test_an_answer_of_one_token_takes_no_time_for_others() -> None:
    assert Outcome(asking(0, (1, 160), output=1), 0, first=6.0, last=6.0).tpot == 0


def test_what_never_came_took_forever() -> None:
    outcome = Outcome(asking(0, (1, 160)))
    assert (outcome.ttft, outcome.e2e, outcome.tpot) == (inf, inf, inf)
