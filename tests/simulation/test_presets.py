"""Every profile that is known without a document is one that the picker can build."""

from random import Random

import pytest

from gateway.config.endpoint_picker import BUILT_IN, EndpointPickerSpec
from gateway.picker.plan import plan_of
from gateway.simulation.presets import PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_profile(name: str) -> None:
    assert plan_of(name, PRESETS).profile(Random(0)) is not None


def test_the_built_in_document_has_two_names() -> None:
    assert PRESETS[BUILT_IN] == PRESETS["cost"] == EndpointPickerSpec()
