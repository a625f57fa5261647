"""How long a client may take to send its request."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Setup

_SHORT: Final = 5.0


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        place = manager.node["request_timeout"]
        if not place.seconds:
            yield place, "a request may take for ever to arrive"
        elif place.seconds < _SHORT:
            yield place, f"a request has to arrive in {place.text}"


DANGER: Final = Danger(
    name="request-timeout",
    level="advice",
    reason="slow senders hold buffers, and a short time cuts off large bodies",
    fix="set request_timeout: 60s",
    find=_find,
)
