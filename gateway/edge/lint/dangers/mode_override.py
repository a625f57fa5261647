"""The gateway asks for a response, and Envoy does not listen."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Setup


def _find(setup: Setup) -> Found:
    for one in setup.processors:
        if not one.config["allow_mode_override"].on:
            yield one.config["allow_mode_override"], f"{one.name} has no allow_mode_override"
        if one.config["allowed_override_modes"].items:
            yield one.config["allowed_override_modes"], f"{one.name} obeys some modes only"


DANGER: Final = Danger(
    name="mode-override",
    level="danger",
    reason="lists and session ids of backends are not read, so these requests are refused or go "
    "unfiltered",
    fix="set allow_mode_override: true and no allowed_override_modes",
    find=_find,
)
