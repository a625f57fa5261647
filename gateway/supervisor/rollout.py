"""Brings a new configuration into force without dropping a request, or leaves the old one.

Order: workers (which still know routes that go away), then clusters and endpoints, and when Envoy
has taken those the routes; what is gone is removed after the drain. Envoy's rejection puts
everything back.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import httpx

from gateway.bootstrap.load import Loaded, secret_files
from gateway.bootstrap.snapshot import snapshot_message
from gateway.config.backend import Backend
from gateway.config.schema import Gateway
from gateway.edge.admin import EnvoyAdmin, Subscription, Verdict, followed, verdict
from gateway.edge.files import EnvoyFiles
from gateway.supervisor.restart import needs_restart
from gateway.supervisor.workers import WorkerFailedError, WorkerPool

LOG: Final = logging.getLogger("gatehouse.supervisor")
TAKE_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.05
REMEMBERED: Final = 8
"""How many replaced configurations, at most, are drained at the same time."""

UNFOLLOWED: Final = (
    "this Envoy reads no routes and clusters of ours: to change these, print its configuration "
    "anew (gatehouse envoy)"
)

Health: TypeAlias = Mapping[tuple[str, str], bool]
"""(backend, "ip:port") -> healthy."""


class RolloutError(Exception):
    """The new configuration is not in force; the old one is. The text says why."""


class Rollout:
    """Owns what is in force: `loaded`, under `number`. One change at a time; what else has to be
    written or told meanwhile waits for its end. `keys` gives the key sets (issuer -> JWKS)."""

    def __init__(
        self,
        pool: WorkerPool,
        files: EnvoyFiles,
        admin: EnvoyAdmin,
        keys: Callable[[], Mapping[str, bytes]],
        first: Loaded,
    ) -> None:
        self.loaded = first
        self.number = 1
        self._running = first
        self._pool = pool
        self._files = files
        self._admin = admin
        self._addresses = [worker.address for worker in pool.workers]
        self._keys = keys
        self._attempts = 1
        self._health: Health = {}
        self._certificates = ""
        self._draining: tuple[Loaded, ...] = ()
        self._turn = asyncio.Lock()
        self._cleaning: asyncio.Task[None] | None = None

    async def start(self, health: Health) -> None:
        """The first configuration: workers up, then files for an Envoy that starts later."""
        self._health, self._certificates = health, content_digest(self.loaded)
        await self._pool.start(snapshot_message(self.loaded, self.number, self._keys()))
        self._files.write_all(self.loaded.gateway, self._addresses, health, str(self.number))

    async def replace(self, new: Loaded, health: Health) -> None:
        """Put `new` into force. Raises `RolloutError` with the old one still in force.

        Every attempt has a number of its own: the records of one that Envoy refused tell what
        they were judged by.
        """
        self._refuse_restarts(new)
        certificates = content_digest(new)
        async with self._turn:
            self._attempts += 1
            number, old = self._attempts, self.loaded
            draining = (old, *self._draining)[:REMEMBERED]
            message = snapshot_message(new, number, self._keys(), draining)
            try:
                await self._pool.publish(message)
            except WorkerFailedError as error:
                raise RolloutError(str(error)) from error
            same_files = certificates == self._certificates
            same_addresses = health.keys() == self._health.keys()
            if same_edge(old.gateway, new.gateway) and same_files and same_addresses:
                self.loaded, self.number = new, number
                return
            try:
                await self._tell_envoy(new, draining, str(number), health)
            except (RolloutError, OSError) as error:
                await self._put_back()
                raise RolloutError(str(error)) from error
            self.loaded, self.number, self._draining = new, number, draining
            self._health, self._certificates = health, certificates
        self._clean_later()

    async def tell_keys(self) -> None:
        """Give workers the newest key sets with what is in force."""
        async with self._turn:
            await self._publish_again()

    async def write_health(self, state: Callable[[], Health]) -> None:
        """Tell Envoy which endpoints are healthy. `state` is asked when it is our turn: a rollout
        that was under way may have brought other endpoints."""
        async with self._turn:
            known = state()
            self._write_health({key: known.get(key, up) for key, up in self._health.items()})

    async def retarget(self, loaded: Loaded, health: Health) -> bool:
        """Names have other addresses now. False, and nothing is done, if `loaded`, whose names
        they are, was replaced meanwhile."""
        async with self._turn:
            current = loaded is self.loaded
            if current:
                self._write_health(health)
            return current

    def _write_health(self, health: Health) -> None:
        self._health = health
        self._files.write_endpoints(self.loaded.gateway, health, str(self.number))

    def _refuse_restarts(self, new: Loaded) -> None:
        changed = needs_restart(self._running.gateway, new.gateway)
        if not changed and not self._files.same_bootstrap(new.gateway, self._addresses):
            changed = ("listeners or limits",)
        if changed:
            what = ", ".join(changed)
            raise RolloutError(f"restart the gateway to change {what}; nothing was changed")

    async def _tell_envoy(
        self, new: Loaded, draining: tuple[Loaded, ...], label: str, health: Health
    ) -> None:
        before = first = await self._subscriptions(new)
        if first is not None and not first["clusters"].version:
            LOG.warning(UNFOLLOWED)
        self._files.write_certificates(new.gateway)
        wanted = self._files.write_endpoints(new.gateway, health, label)
        kept = [one.gateway for one in draining]
        await self._taken(before, self._files.write_clusters(new.gateway, label, keep=kept), new)
        before = await self._subscriptions(new)
        await self._taken(before, self._files.write_routes(new.gateway, label), new)
        await self._taken(first, wanted, new)

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
        """Wait until Envoy has taken what it follows of `wanted`. Raises `RolloutError` when it
        refuses."""
        deadline = asyncio.get_running_loop().time() + TAKE_SECONDS
        wanted = wanted if before is None else followed(before, wanted)
        while before is not None and asyncio.get_running_loop().time() < deadline:
            now = await self._subscriptions(loaded)
            if now is None:
                return
            outcome, keys = verdict(before, now, wanted)
            if outcome is Verdict.ACCEPTED:
                return
            if outcome is Verdict.REJECTED:
                log = self._files.layout.log
                raise RolloutError(f"Envoy rejects {', '.join(keys)}; {log} says why")
            await asyncio.sleep(POLL_SECONDS)
        if before is not None:
            raise RolloutError(f"Envoy has not taken {', '.join(wanted)} in {TAKE_SECONDS:g} s")

    async def _put_back(self) -> None:
        """Everything as it was. Envoy first: it must not use routes that no worker knows."""
        old, label = self.loaded, f"{self._attempts}-again"
        before = await self._subscriptions(old)
        kept = [one.gateway for one in self._draining]
        try:
            wanted = self._files.write_endpoints(old.gateway, self._health, label)
            wanted |= self._files.write_clusters(old.gateway, label, keep=kept)
            wanted |= self._files.write_routes(old.gateway, label)
            await self._taken(before, wanted, old)
        except (RolloutError, OSError) as error:
            LOG.error("putting the old configuration back: %s", error)  # noqa: TRY400  no traceback
        await self._publish_again()

    def _clean_later(self) -> None:
        if self._cleaning is not None:
            self._cleaning.cancel()
        self._cleaning = asyncio.ensure_future(self._clean())

    async def _clean(self) -> None:
        await asyncio.sleep(self.loaded.gateway.limits.drain_seconds)
        async with self._turn:
            self._draining = ()
            gateway, label = self.loaded.gateway, f"{self.number}-drained"
            self._files.write_clusters(gateway, label)
            self._files.remove_unused(gateway)
            await self._publish_again()

    async def _publish_again(self) -> None:
        """What is in force, once more: with other key sets, or without what has drained."""
        message = snapshot_message(self.loaded, self.number, self._keys(), self._draining)
        try:
            await self._pool.publish(message)
        except WorkerFailedError as error:  # they had taken it before
            LOG.error("%s", error)  # noqa: TRY400  no traceback

    async def close(self) -> None:
        """Stop what is still to be cleaned."""
        if self._cleaning is not None:
            self._cleaning.cancel()
            await asyncio.gather(self._cleaning, return_exceptions=True)
        await self._admin.close()


def content_digest(loaded: Loaded) -> str:
    """Of the certificates and keys that a configuration names by their files. Raises OSError."""
    digest = hashlib.sha256()
    for file in secret_files(loaded.gateway):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def same_edge(old: Gateway, new: Gateway) -> bool:
    """Whether Envoy has nothing to do: a change of policy alone is in force when workers have it,
    whatever Envoy is busy with."""
    return (old.listeners, old.routes, _servers(old)) == (new.listeners, new.routes, _servers(new))


def _servers(gateway: Gateway) -> list[tuple[object, ...]]:
    """What Envoy is told of every backend and pool; how the gateway picks is none of it."""
    fields = Backend.model_fields
    return [tuple(getattr(one, name) for name in fields) for one in gateway.upstreams]
