"""Ending tasks that may overhear that they are to end."""

import asyncio
from collections.abc import Collection
from typing import Any, Final

AGAIN_SECONDS: Final = 0.1


async def end(tasks: "Collection[asyncio.Task[Any]]") -> None:
    """Cancel these tasks until each is over; how it ended is not told.

    Once is not always enough: `asyncio.wait_for`, which clients of servers use, returns normally if
    what it waits for is done in the moment of the cancellation (Python 3.11, gh-86296).
    """
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=AGAIN_SECONDS)
