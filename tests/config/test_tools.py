"""The section `tools` of gateway.yaml."""

import pytest
from pydantic import ValidationError

from gateway.config.tools import Tools


def test_what_is_pinned_is_looked_at_every_minute_unless_somebody_says_otherwise() -> None:
    assert Tools() == Tools(list_every=60, watch="pinned", unobserved="allow", shadowed="refuse")


@pytest.mark.parametrize(
    "wrong", [{"list_every": 0.0}, {"watch": "some"}, {"unobserved": "deny"}, {"other": 1}]
)
def test_anything_else_is_an_error(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Tools.model_validate(wrong)
