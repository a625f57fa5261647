"""Plugins are found by scanning their package."""

import pytest

from gateway.picker.engine import Engine
from gateway.picker.flow.fairness_policy import FairnessPolicy
from gateway.plugins import plugins_of


def test_every_module_of_a_package_offers_one_by_its_name() -> None:
    found = plugins_of("gateway.picker.engines", "ENGINE", Engine)
    assert {"vllm", "sglang", "trtllm", "triton", "openai"} == set(found)
    assert all(name == engine.name for name, engine in found.items())


def test_a_module_that_offers_none_or_another_kind_is_an_error() -> None:
    with pytest.raises(TypeError, match="has no FAIRNESS"):
        plugins_of("gateway.picker.engines", "FAIRNESS", FairnessPolicy)
    with pytest.raises(TypeError, match="has no ENGINE"):
        plugins_of("gateway.picker.engines", "ENGINE", FairnessPolicy)
