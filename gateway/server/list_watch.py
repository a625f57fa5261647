"""Lists that a worker judges by are read again while it serves."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, TypeAlias

LOG: Final = logging.getLogger("gatehouse.worker")
LIST_SECONDS: Final = 2.0
"""Between two looks at the files."""

Refresh: TypeAlias = Callable[[], object]
"""Reads what has changed; blocks, and tells of faults itself."""


class ListWatch:
    """Calls a `Refresh` again and again, beside the loop."""

    def __init__(self, every: float = LIST_SECONDS) -> None:
        self.refresh: Refresh | None = None
        self._every = every
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, where there is anything to refresh; once."""
        if self.refresh is not None and self._running is None:
            self._running = asyncio.ensure_future(self._run(self.refresh))

    def close(self) -> None:
        """Read nothing any more."""
        if self._running is not None:
            self._running.cancel()

    async def _run(self, refresh: Refresh) -> None:
        while True:
            await asyncio.sleep(self._every)
            try:
                await asyncio.to_thread(refresh)
            except Exception as error:  # noqa: BLE001  the lists stay as they are
                LOG.error("lists are not read again: %s", type(error).__name__)  # noqa: TRY400
