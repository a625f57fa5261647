"""A file in which nobody asks the gateway."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Setup


def _find(setup: Setup) -> Found:
    managers = [one for one in setup.managers if one.filters]
    if managers and not any(one.ours for one in managers):
        yield managers[0].node["http_filters"], "no filter asks the gateway"


DANGER: Final = Danger(
    name="nothing-asks",
    level="advice",
    reason="nothing in this file is judged",
    fix="add what `gatehouse envoy --snippet` prints",
    find=_find,
)
