"""Envoy as a child of `gatehouse up`."""

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway.edge.admin import EnvoyAdmin
from gateway.supervisor.tether import tethered

STOP_SECONDS: Final = 5.0
READY_SECONDS: Final = 20.0
LOG_TAIL: Final = 12


class EnvoyFailedError(Exception):
    """Envoy did not start; the text ends with what it said last."""


class EnvoyProcess:
    """One Envoy. Its log goes to `log`; `command` is the binary and its arguments."""

    def __init__(self, command: Sequence[str], log: Path, admin: str) -> None:
        self._command = command
        self._log = log
        self._admin = admin
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Envoy's process, if it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start it and wait until it is live. Raises `EnvoyFailedError`."""
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *tethered(self._command), stdout=log, stderr=log, start_new_session=True
            )
        admin = EnvoyAdmin(self._admin)
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not await self._ready(admin):  # noqa: ASYNC110  another process
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            await self.stop()
            raise EnvoyFailedError(f"Envoy is not ready:\n{self._said()}") from error
        finally:
            await admin.close()

    async def _ready(self, admin: EnvoyAdmin) -> bool:
        if self._process is None or self._process.returncode is not None:
            raise EnvoyFailedError(f"Envoy ended:\n{self._said()}")
        return await admin.ready()

    async def wait(self) -> int:
        """Wait until it ends; its exit status."""
        return await self._process.wait() if self._process else 0

    async def stop(self) -> None:
        """End it, and kill it if it does not."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _said(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        telling = [line for line in lines if "][error]" in line or "][critical]" in line]
        return "\n".join((telling or lines)[-LOG_TAIL:])
