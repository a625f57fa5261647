"""Who the upstream servers are: names, files and pods followed, health checked, pools asked how
busy they are. Envoy is told by EDS, the workers by messages."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from gateway.adapters.kubernetes import PodMembers
from gateway.adapters.kubernetes_resources import PoolObjects
from gateway.bootstrap.load import Loaded
from gateway.config.addresses import parse_address
from gateway.config.backend import Backend
from gateway.config.pool import Member, Pool
from gateway.config.schema import Gateway
from gateway.model.jsonvalue import JsonObject
from gateway.picker.endpoint import Endpoint
from gateway.picker.engines import find_engines
from gateway.supervisor.cluster import ClusterWord
from gateway.supervisor.health import EndpointHealth, EndpointKey
from gateway.supervisor.member_files import MemberFiles
from gateway.supervisor.metrics import SupervisorMetrics
from gateway.supervisor.pool_news import PoolNews
from gateway.supervisor.resolve import Resolver
from gateway.supervisor.rollout import Rollout
from gateway.supervisor.scrape import PACE, Pace, Scraper, Source
from gateway.supervisor.status import pool_status
from gateway.supervisor.workers import WorkerPool

LOG: Final = logging.getLogger("gatehouse.supervisor")
RESOLVE_SECONDS: Final = 5.0
FILES_SECONDS: Final = 0.25


class Discovery:
    """Follows the servers of what is in force. `health` maps a server to the interval of its
    checks, as the targets here do. `cluster` is what clusters say of pools beside their members."""

    def __init__(self, workers: WorkerPool, metrics: SupervisorMetrics, pace: Pace = PACE) -> None:
        self.health = EndpointHealth(self._on_health)
        self.news = PoolNews(workers.stand, workers.tell)
        self._metrics = metrics
        self._resolver = Resolver()
        self._files = MemberFiles()
        self._pods = PodMembers()
        self.cluster = ClusterWord(PoolObjects())
        metrics.watch_clusters(
            {"members": lambda: self._member_faults, "objects": lambda: self.cluster.faults}
        )
        self._scraper = Scraper(self.news.note, pace)
        self._looking = asyncio.Lock()
        self._rollout: Rollout | None = None

    def serve(self, rollout: Rollout) -> None:
        """Whose servers these are from now on."""
        self._rollout = rollout

    async def find(self, *gateways: Gateway) -> dict[EndpointKey, float]:
        """Every server of the first of `gateways`, and the interval of its checks in seconds. The
        files, pods and objects of all of them are followed."""
        await asyncio.to_thread(self._files.follow, *gateways)
        await asyncio.gather(self._pods.follow(*gateways), self.cluster.followed.follow(*gateways))
        return await self._resolver.resolve(self._with_members(gateways[0]))

    def _with_members(self, gateway: Gateway) -> list[Backend]:
        """Backends, and pools with all of their members as endpoints."""
        return [self._whole(one) if isinstance(one, Pool) else one for one in gateway.upstreams]

    def _whole(self, pool: Pool) -> Pool:
        addresses = tuple(member.address for member in self._members(pool))
        return pool.model_copy(update={"endpoints": addresses, "members": ()})

    def _members(self, pool: Pool) -> tuple[Member, ...]:
        return self._files.members(pool, self._pods.members(pool))

    def known(self, targets: Mapping[EndpointKey, float]) -> dict[EndpointKey, bool]:
        """Their health; of those that nobody has looked at yet the best is believed."""
        state = self.health.state()
        return {key: state.get(key, True) for key in targets}

    async def announce(
        self, targets: Mapping[EndpointKey, float], gateway: Gateway, before: Gateway | None = None
    ) -> None:
        """Tell workers the servers of the pools of `gateway`, and of pools that `before` alone has:
        requests may still be on their way to these."""
        endpoints = self._endpoints(gateway, self.known(targets))
        if before is not None:
            endpoints = {**self._endpoints(before, self.health.state()), **endpoints}
        if endpoints or self.news.endpoints:
            await self.news.announce(endpoints)

    def _endpoints(
        self, gateway: Gateway, health: Mapping[EndpointKey, bool]
    ) -> dict[str, tuple[Endpoint, ...]]:
        return {
            pool.name: tuple(
                _endpoint(member, address, healthy=health[pool.name, address])
                for address, member in self._at(pool).items()
                if (pool.name, address) in health
            )
            for pool in gateway.pools
        }

    def _at(self, pool: Pool) -> dict[str, Member]:
        """The members by "ip:port"; a name may have several."""
        return {
            address: member
            for member in self._members(pool)
            for address in self._resolver.found(member.address)
        }

    async def watch(self, targets: Mapping[EndpointKey, float], gateway: Gateway) -> None:
        """Check and ask these servers, which are in force."""
        self.health.watch(targets)
        self._scraper.watch(self._sources(targets, gateway))
        await self.announce(targets, gateway)

    def _sources(
        self, targets: Mapping[EndpointKey, float], gateway: Gateway
    ) -> dict[EndpointKey, Source]:
        return {
            (pool.name, address): _source(pool, member, address)
            for pool in gateway.pools
            if pool.scrape.enabled and find_engines()[pool.engine].read is not None
            for address, member in self._at(pool).items()
            if (pool.name, address) in targets
        }

    # --- while it runs ------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow names, files and pods, and send what servers say, until cancelled."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._follow_names())
            parts.create_task(self._follow_files())
            parts.create_task(self._follow_pods())
            parts.create_task(self.news.run())

    async def _follow_names(self) -> None:
        while True:
            await asyncio.sleep(RESOLVE_SECONDS)
            await self._look_again()

    async def _follow_files(self) -> None:
        while True:
            await asyncio.sleep(FILES_SECONDS)
            if await asyncio.to_thread(self._files.changed):
                await self._look_again()

    async def _follow_pods(self) -> None:
        while True:
            await self._pods.changed()
            await self._look_again()

    async def _look_again(self) -> None:
        """What is in force may have other servers now, or know more of them. One look at a time: an
        older one must not have the last word."""
        async with self._looking:
            if self._rollout is not None:
                await self._look(self._rollout)

    async def _look(self, rollout: Rollout) -> None:
        loaded = rollout.loaded
        targets = await self._resolver.resolve(self._with_members(loaded.gateway))
        same = set(targets) == set(self.health.state())
        try:
            moved = same or await self._retarget(rollout, loaded, targets)
            if moved and loaded is rollout.loaded:
                await self.watch(targets, loaded.gateway)
        except OSError as error:  # a full disk must not end what runs
            LOG.error("endpoints cannot be written: %s", error)  # noqa: TRY400

    async def _retarget(
        self, rollout: Rollout, loaded: Loaded, targets: Mapping[EndpointKey, float]
    ) -> bool:
        """Whether Envoy has the new ones. None at all is what a name service says that fails;
        a pool may be empty, by its file or its pods."""
        believed = bool(targets or loaded.gateway.pools)
        return believed and await rollout.retarget(loaded, self.known(targets))

    async def _on_health(self) -> None:
        self._metrics.show_health(self.health.state())
        if self._rollout is None:
            return
        await self._rollout.write_health(self.health.state)
        state = self.health.state()
        gateway = self._rollout.loaded.gateway
        if gateway.pools:
            await self.news.announce(self._endpoints(gateway, state))

    def status(self) -> JsonObject:
        """Pools, their servers, and the newest load of each."""
        now = asyncio.get_running_loop().time()
        pools = pool_status(self.news.endpoints, self.news.loads, self._member_faults, now)
        return {**pools, "object_faults": [*self.cluster.faults]}

    @property
    def _member_faults(self) -> tuple[str, ...]:
        return (*self._files.faults, *self._pods.faults)

    async def close(self) -> None:
        """Stop checking and asking."""
        await self._pods.close()
        await self.cluster.followed.close()
        await self.health.close()
        await self._scraper.close()


def _endpoint(member: Member, address: str, *, healthy: bool) -> Endpoint:
    return Endpoint(
        address=address,
        healthy=healthy,
        role=member.role,
        region=member.region,
        zone=member.zone,
        round_trip=member.round_trip_ms / 1000,
        labels=member.labels,
    )


def _source(pool: Pool, member: Member, address: str) -> Source:
    scrape = pool.scrape
    host, _, port = address.rpartition(":")
    named = parse_address(member.address)
    own_name = named.host if named is not None and not named.literal else ""
    secured = scrape.scheme == "https"
    return Source(
        url=f"{scrape.scheme}://{host}:{scrape.port or port}{scrape.path}",
        engine=find_engines()[pool.engine],
        host=(pool.tls.server_name if pool.tls else own_name) if secured else "",
        ca=scrape.ca,
        token=scrape.token.get_secret_value() if scrape.token else "",
    )
