"""An Envoy that is too old."""

from typing import Final

from gateway.edge.binary import OLDEST
from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Setup

_NEEDED: Final = ".".join(map(str, OLDEST))


def _find(setup: Setup) -> Found:
    root, expected = setup.roots[0], setup.expected
    if expected.complaint:
        yield root, expected.complaint
    elif expected.release is not None and expected.release < OLDEST:
        yield root, f"Envoy {'.'.join(map(str, expected.release))} is to read this"


DANGER: Final = Danger(
    name="envoy-release",
    level="danger",
    reason="the filters behave otherwise there, and nobody has tried it",
    fix=f"run Envoy {_NEEDED} or newer",
    find=_find,
)
