"""Brings a new configuration into force without dropping a request, or leaves the old one.

Order: workers (which still know routes that go away), then clusters and endpoints, and when Envoy
has taken those the routes; what is gone is removed after the drain. Envoy's rejection puts
everything back.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

import httpx

from gateway.bootstrap import Loaded, snapshot_message
from gateway.edge.admin import EnvoyAdmin, Subscription, Verdict, verdict
from gateway.edge.files import EnvoyFiles
from gateway.supervisor.workers import WorkerFailedError, WorkerPool

LOG: Final = logging.getLogger("gatehouse.supervisor")
TAKE_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.05


class RolloutError(Exception):
    """The new configuration is not in force; the old one is. The text says why."""


class Rollout:
    """Owns what is in force. `health` gives (backend, "ip:port") -> healthy."""

    def __init__(
        self, pool: WorkerPool, files: EnvoyFiles, admin: EnvoyAdmin, addresses: list[str]
    ) -> None:
        self._pool = pool
        self._files = files
        self._admin = admin
        self._addresses = addresses
        self._cleaning: asyncio.Task[None] | None = None

    async def start(
        self,
        loaded: Loaded,
        number: int,
        key_sets: Mapping[str, bytes],
        health: Mapping[tuple[str, str], bool],
    ) -> None:
        """The first configuration: workers up, then files for an Envoy that starts later."""
        await self._pool.start(snapshot_message(loaded, number, key_sets))
        self._files.write_all(loaded.gateway, self._addresses, health, str(number))

    async def replace(
        self,
        old: Loaded,
        new: Loaded,
        number: int,
        key_sets: Mapping[str, bytes],
        health: Mapping[tuple[str, str], bool],
    ) -> None:
        """Put `new` into force. Raises `RolloutError` with `old` still in force."""
        if not self._files.same_bootstrap(new.gateway, self._addresses):
            raise RolloutError(
                "listeners, limits or service changed in a way that Envoy reads at start only: "
                "restart the gateway"
            )
        try:
            await self._pool.publish(snapshot_message(new, number, key_sets, retiring=old))
        except WorkerFailedError as error:
            raise RolloutError(str(error)) from error
        try:
            await self._tell_envoy(old, new, str(number), health)
        except RolloutError:
            await self._put_back(old, number - 1, key_sets, health)
            raise
        self._clean_later(new, number, key_sets)

    def write_health(
        self, loaded: Loaded, number: int, health: Mapping[tuple[str, str], bool]
    ) -> None:
        """Tell Envoy which endpoints are healthy."""
        self._files.write_endpoints(loaded.gateway, health, str(number))

    async def _tell_envoy(
        self, old: Loaded, new: Loaded, label: str, health: Mapping[tuple[str, str], bool]
    ) -> None:
        before = await self._subscriptions(new)
        wanted = self._files.write_endpoints(new.gateway, health, label)
        clusters = self._files.write_clusters(new.gateway, label, keep=old.gateway)
        await self._taken(before, {**clusters}, new)
        before = await self._subscriptions(new)
        await self._taken(before, self._files.write_routes(new.gateway, label), new)
        await self._taken(before, wanted, new)

    async def _subscriptions(self, loaded: Loaded) -> dict[str, Subscription] | None:
        """What Envoy has; None when no Envoy answers, which then cannot reject either."""
        try:
            return await self._admin.subscriptions(loaded.gateway)
        except httpx.HTTPError:
            return None

    async def _taken(
        self,
        before: Mapping[str, Subscription] | None,
        wanted: Mapping[str, str],
        loaded: Loaded,
    ) -> None:
        """Wait until Envoy has taken `wanted`. Raises `RolloutError` when it refuses."""
        deadline = asyncio.get_running_loop().time() + TAKE_SECONDS
        while before is not None and asyncio.get_running_loop().time() < deadline:
            now = await self._subscriptions(loaded)
            if now is None:
                return
            outcome, keys = verdict(before, now, wanted)
            if outcome is Verdict.ACCEPTED:
                return
            if outcome is Verdict.REJECTED:
                raise RolloutError(f"Envoy rejects {', '.join(keys)}")
            await asyncio.sleep(POLL_SECONDS)
        if before is not None:
            raise RolloutError(f"Envoy has not taken {', '.join(wanted)} in {TAKE_SECONDS} s")

    async def _put_back(
        self,
        old: Loaded,
        number: int,
        key_sets: Mapping[str, bytes],
        health: Mapping[tuple[str, str], bool],
    ) -> None:
        label = f"{number}-again"
        self._files.write_endpoints(old.gateway, health, label)
        self._files.write_clusters(old.gateway, label)
        self._files.write_routes(old.gateway, label)
        await self._pool.publish(snapshot_message(old, number, key_sets))

    def _clean_later(self, new: Loaded, number: int, key_sets: Mapping[str, bytes]) -> None:
        if self._cleaning is not None:
            self._cleaning.cancel()
        self._cleaning = asyncio.ensure_future(self._clean(new, number, key_sets))

    async def _clean(self, new: Loaded, number: int, key_sets: Mapping[str, bytes]) -> None:
        await asyncio.sleep(new.gateway.limits.drain_seconds)
        self._files.write_clusters(new.gateway, f"{number}-drained")
        self._files.remove_unused(new.gateway)
        try:
            await self._pool.publish(snapshot_message(new, number, key_sets))
        except WorkerFailedError:
            LOG.exception("retired routes stay known until the next reload")

    async def close(self) -> None:
        """Stop what is still to be cleaned."""
        if self._cleaning is not None:
            self._cleaning.cancel()
            await asyncio.gather(self._cleaning, return_exceptions=True)
        await self._admin.close()
