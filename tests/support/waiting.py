"""Waiting for what has no event of its own."""

import time
from collections.abc import Callable

from tests.support.processes import POLL_SECONDS

WAIT_SECONDS = 20.0


def until(condition: Callable[[], bool], seconds: float = WAIT_SECONDS) -> float:
    """Wait for a condition; the seconds that it took. AssertionError after `seconds`."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() < started + seconds, f"not in {seconds:g} s"
        time.sleep(POLL_SECONDS)
    return time.monotonic() - started
