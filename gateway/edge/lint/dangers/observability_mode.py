"""A filter that asks and does not wait for the answer."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Setup

_KEYS: Final = ("observability_mode", "shadow_mode", "disable_immediate_response")


def _find(setup: Setup) -> Found:
    for one in setup.askers:
        for key in _KEYS:
            if one.config[key].on:
                yield one.config[key], f"{one.name} has {key}"


DANGER: Final = Danger(
    name="observability-mode",
    level="danger",
    reason="a refusal of the gateway's does not end the request",
    fix="leave it out",
    find=_find,
)
