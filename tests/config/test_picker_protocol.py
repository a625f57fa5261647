"""The section about proxies of somebody else."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.picker_protocol import PickerProtocol


def section(**values: Any) -> PickerProtocol:
    return PickerProtocol.model_validate_json(json.dumps({"route": "models", **values}))


def test_the_defaults_are_those_that_every_proxy_can_take() -> None:
    found = section()
    assert (found.fallbacks, found.mode_override, found.tell) == (0, False, ())
    assert (found.callers, found.credentials) == ("mtls", "end")


@pytest.mark.parametrize(
    "value",
    [{"fallbacks": 3}, {"fallbacks": -1}, {"tell": ["prompt"]}, {"callers": "all"}, {"x": 1}],
)
def test_what_it_does_not_know_is_an_error(value: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        section(**value)
