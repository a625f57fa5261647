"""Timeouts of a route that end a stream which only waits."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Setup


def _find(setup: Setup) -> Found:
    for manager in setup.managers:
        for route in manager.forwarded:
            action = route.action
            timeout = action["timeout"]
            if timeout.seconds is None:
                yield timeout, f"{route.shown} has no timeout, which means 15 s"
            elif timeout.seconds:
                yield timeout, f"{route.shown} ends every answer after {timeout.text}"
            tries = (level["retry_policy.per_try_timeout"] for level in (action, *route.around))
            for one in tries:
                if one.seconds:
                    yield one, f"{route.shown} ends every answer after {one.text}"


DANGER: Final = Danger(
    name="route-timeout",
    level="danger",
    reason="event streams and slow tools are cut off",
    fix="set timeout: 0s and no per_try_timeout",
    find=_find,
)
