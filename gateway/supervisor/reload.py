"""Follows the files of the configuration: what is on disk comes into force, or is reported."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.adapters.jwks import JwksKeeper
from gateway.bootstrap.load import ConfigurationError, Loaded
from gateway.config.schema import JwtIssuer
from gateway.supervisor.discovery import Discovery
from gateway.supervisor.metrics import SupervisorMetrics
from gateway.supervisor.rollout import Rollout, RolloutError
from gateway.supervisor.watch import Watch

LOG: Final = logging.getLogger("gatehouse.supervisor")
WATCH_SECONDS: Final = 0.25
CLUSTER_SECONDS: Final = 1.0
"""Between two looks at what clusters say: many objects may change at once."""


@dataclass
class Reload:
    """Reads with `read` (which raises `ConfigurationError`) whenever a watched file changed.
    `error` says why what is on disk is not in force; "" when it is. `files` is the last that came
    from the files alone, over which clusters say more; None before the first reload: the rollout's.
    """

    read: Callable[[], Loaded]
    rollout: Rollout
    keys: JwksKeeper
    discovery: Discovery
    metrics: SupervisorMetrics
    error: str = ""
    files: Loaded | None = None
    _behind: bool = False

    def first(self, loaded: Loaded) -> Loaded:
        """`loaded`, of files, with what clusters say of its pools; it will be in force first."""
        whole, said = self.discovery.cluster.over(loaded)
        self.discovery.cluster.settle(said)
        self.files = loaded
        return whole

    async def run(self, watch: Watch) -> None:
        """Follow changes until cancelled. What could not be used is tried again when any file
        that it names changes. What clusters say is followed, too."""
        clock = asyncio.get_running_loop()
        looked = clock.time()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if await asyncio.to_thread(watch.changed):
                watch.replace(await self.reload())
            if clock.time() - looked >= CLUSTER_SECONDS:
                looked = clock.time()
                await self.follow_cluster()

    async def follow_cluster(self) -> None:
        """Take what clusters say now, if that is something else; what cannot come into force is
        tried again at the next call."""
        if not self.discovery.cluster.followed.moved() and not self._behind:
            return
        files = self.files or self.rollout.loaded
        try:
            whole, said = await asyncio.to_thread(self.discovery.cluster.over, files)
            if whole.digest == self.rollout.loaded.digest:
                self.discovery.cluster.settle(said)
                self._behind = False
                return
            await self._bring_in(files)
        except (RolloutError, OSError) as error:
            self._not_taken(str(error))
        except Exception as error:  # noqa: BLE001  a fault here must not end what runs
            self._not_taken(type(error).__name__)
        else:
            self._behind = False
            self._in_force()

    def _not_taken(self, why: str) -> None:
        if not self._behind:
            LOG.error("what clusters say of pools is not in force: %s", why)
        self._behind = True

    async def reload(self) -> tuple[Path, ...]:
        """Take what is on disk, or keep what is in force and say why; the files to watch."""
        watched = self.rollout.loaded.watched
        try:
            new = (await asyncio.to_thread(self.read)).with_key_of(self.rollout.loaded)
            watched = (*watched, *new.watched)
            await self._bring_in(new)
        except ConfigurationError as error:
            self._kept(str(error))
            return (*watched, *error.watched)
        except (RolloutError, OSError) as error:
            self._kept(str(error))
            return watched
        except Exception as error:  # noqa: BLE001  a fault here must not end what runs
            self._kept(f"{type(error).__name__} while reloading")
            return watched
        self._applied()
        return self.rollout.loaded.watched

    async def _bring_in(self, new: Loaded) -> None:
        old, files = self.rollout.loaded, new
        targets = await self.discovery.find(new.gateway, old.gateway)
        new, said = await asyncio.to_thread(self.discovery.cluster.over, files)
        await self._follow_issuers(_of_both(old, new))
        await self.discovery.announce(targets, new.gateway, old.gateway)
        try:
            # Health is asked last: keys may take seconds to come.
            await self.rollout.replace(new, self.discovery.known(targets))
        except Exception:
            await self._follow_issuers(old.gateway.identity.jwt)
            await self.discovery.announce(self.discovery.health.targets, old.gateway)
            raise
        self.files = files
        self.discovery.cluster.settle(said)
        await self.discovery.watch(targets, new.gateway)
        await self._follow_issuers(new.gateway.identity.jwt)

    async def _follow_issuers(self, issuers: Sequence[JwtIssuer]) -> None:
        if self.keys.replace(issuers):
            await self.keys.refresh_due()

    def _kept(self, why: str) -> None:
        self.error = why
        self.metrics.broken.set(1)
        self.metrics.reloads.labels("kept").inc()
        LOG.error("snapshot %d stays in force: %s", self.rollout.number, why)

    def _applied(self) -> None:
        self.error = ""
        self.metrics.broken.set(0)
        for warning in self.rollout.loaded.warnings:
            LOG.warning("%s", warning)
        self._in_force()

    def _in_force(self) -> None:
        self.metrics.reloads.labels("applied").inc()
        self.metrics.snapshot.set(self.rollout.number)
        LOG.warning("snapshot %d (%s) is in force", self.rollout.number, self.rollout.loaded.digest)


def _of_both(old: Loaded, new: Loaded) -> Sequence[JwtIssuer]:
    """The issuers of a new configuration, and those that it drops: their keys are needed until it
    is in force, and for good if it is rejected."""
    wanted = new.gateway.identity.jwt
    names = {one.issuer for one in wanted}
    return (*wanted, *(one for one in old.gateway.identity.jwt if one.issuer not in names))
