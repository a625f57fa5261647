"""What EndpointPicker documents say, as profiles and rules."""

from random import Random
from typing import Any

import pytest

from gateway.config.endpoint_picker import EndpointPickerSpec
from gateway.picker.cost import CostProfile
from gateway.picker.plan import flow_rules, plan_of
from gateway.picker.plugins.profile import PluginProfile
from gateway.picker.split import SplitProfile


def spec(**values: Any) -> EndpointPickerSpec:
    return EndpointPickerSpec.model_validate(values, strict=False)


PLUGINS = spec(profile={"scorers": [{"type": "queue-scorer", "weight": 2}]})


def test_the_built_in_document_is_the_cost_model() -> None:
    plan = plan_of("default", {})
    profile = plan.profile(Random(1))
    assert isinstance(profile, CostProfile)
    assert profile.name == "default"
    assert plan.shadow(Random(1)) is None
    assert not plan.rules().enabled


def test_a_document_of_that_name_takes_its_place() -> None:
    assert isinstance(plan_of("default", {"default": PLUGINS}).profile(Random(1)), PluginProfile)


def test_a_split_and_a_shadow_are_profiles_of_other_documents() -> None:
    documents = {"own": PLUGINS, "both": spec(split={"own": 1, "default": 1}, shadow="own")}
    plan = plan_of("both", documents)
    assert isinstance(plan.profile(Random(1)), SplitProfile)
    shadow = plan.shadow(Random(1))
    assert isinstance(shadow, PluginProfile)
    assert shadow.name == "own"


def test_plans_are_equal_as_long_as_every_document_that_they_follow_is() -> None:
    documents = {"own": PLUGINS, "both": spec(split={"own": 1, "default": 1}), "other": spec()}
    same = {**documents, "other": spec(flow={"ttl": 1})}
    changed = {**documents, "own": spec()}
    assert plan_of("both", documents) == plan_of("both", same)
    assert plan_of("both", documents) != plan_of("both", changed)


def test_a_name_that_no_document_has_is_an_error() -> None:
    with pytest.raises(KeyError):
        plan_of("own", {})


def test_requests_wait_only_where_a_document_says_how() -> None:
    assert flow_rules(spec(flow={})).enabled
    assert not flow_rules(spec()).enabled


def test_flow_control_follows_the_document_band_by_band() -> None:
    flow = {"ttl": 5, "max_waiting": 2, "bands": [{"priority": 10, "ordering": "edf"}]}
    rules = flow_rules(spec(flow=flow))
    assert (rules.ttl, rules.max_waiting) == (5, 2)
    assert rules.of(10).ordering == "edf"
    assert rules.of(0).ordering == "fcfs"
