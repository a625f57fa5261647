"""Settings of flow control that cannot be are errors that name what is wrong."""

import math
from typing import Any

import pytest

from gateway.picker.flow.ceilings import find_ceilings
from gateway.picker.flow.fairness import find_fairness
from gateway.picker.flow.ordering import find_ordering
from gateway.picker.flow.rules import BandRules, FlowRules


def test_the_defaults_are_those_of_the_field() -> None:
    rules = FlowRules()
    assert (rules.ttl, rules.max_requests, rules.max_bytes) == (60.0, None, None)
    assert (rules.band.max_requests, rules.band.max_bytes) == (5000, 1_000_000_000)
    assert (rules.band.fairness, rules.band.ordering) == ("global-strict", "fcfs")
    assert (rules.ceiling, rules.eviction) == ("static", False)
    assert (rules.flow_idle, rules.band_idle) == (300.0, 600.0)


def test_a_band_has_its_own_rules_or_those_of_all() -> None:
    special = BandRules(fairness="round-robin")
    rules = FlowRules(bands={7: special})
    assert rules.of(7) is special
    assert rules.of(6) is rules.band


def test_policies_are_found_by_the_names_of_the_field() -> None:
    assert set(find_fairness()) == {"global-strict", "round-robin", "least-attained-service"}
    assert set(find_ordering()) == {"fcfs", "edf", "slo-deadline"}
    assert set(find_ceilings()) == {"static", "priority-holdback", "soft-reflective"}


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"ttl": 0.0}, "ttl must be"),
        ({"ttl": math.nan}, "ttl must be"),
        ({"no_endpoint_ttl": -1.0}, "no_endpoint_ttl must be"),
        ({"flow_idle": math.inf}, "flow_idle must be"),
        ({"max_requests": -1}, "max_requests must not be negative"),
        ({"max_bytes": -1}, "max_bytes must not be negative"),
        ({"max_flows": 0}, "max_flows must be at least 1"),
        ({"max_waiting": 0}, "max_waiting must be at least 1"),
        ({"max_in_flight": 0}, "max_in_flight must be at least 1"),
        ({"batch": 0}, "batch must be at least 1"),
        ({"ceiling": "glass"}, "no ceiling policy is called 'glass'; there are priority-holdback"),
        ({"ceiling": "priority-holdback"}, "needs min_ceiling"),
        ({"min_ceiling": 0.9, "max_ceiling": 0.8}, "min_ceiling must be between"),
        ({"max_ceiling": 1.1}, "max_ceiling must be"),
        ({"domain": "colour"}, "domain must be rank or value"),
        ({"service_weight": 0.0, "wait_weight": 0.0}, "nor both 0"),
        ({"wait_weight": -0.1}, "must not be negative"),
    ],
)
def test_what_cannot_be_is_an_error(settings: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        FlowRules(**settings)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"fairness": "none"}, "no fairness policy is called 'none'"),
        ({"ordering": "lifo"}, "no ordering policy is called 'lifo'; there are edf, fcfs"),
        ({"max_requests": -1}, "max_requests of a band"),
        ({"max_bytes": -1}, "max_bytes of a band"),
    ],
)
def test_what_cannot_be_of_a_band_is_an_error(settings: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        BandRules(**settings)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ValueError, match=r"ttl must be.*; batch must be"):
        FlowRules(ttl=-1, batch=0)
