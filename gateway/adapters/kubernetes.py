"""The pods of Kubernetes clusters that are members of pools.

The supervisor alone runs this. What was known stays in force while an API is down, refuses us or
says what is not understood: only an answer that a pod is gone takes a server away.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from gateway.adapters.kubernetes_api import IN_CLUSTER, Access, access_of
from gateway.adapters.kubernetes_objects import Selection, members_of, selection_of
from gateway.adapters.kubernetes_watch import MOST_OBJECTS, PACE, Collection, Kind, Pace
from gateway.config.pool import Kubernetes, Member, Pool
from gateway.config.schema import Gateway

LOG: Final = logging.getLogger("gatehouse.kubernetes")
FIRST_SECONDS: Final = 3.0
"""How long a start or a reload waits for the pods of a new section."""

PODS: Final = "/api/v1/namespaces/{namespace}/pods"
POOLS: Final = "/apis/inference.networking.k8s.io/v1/namespaces/{namespace}/inferencepools"


class _Pods:
    """The pods of one section. `members` are the last that were known, `fault` says why they may be
    old, and `known` is set once there was a first list."""

    def __init__(
        self,
        section: Kubernetes,
        access: Callable[[], Access],
        told: Callable[[], None],
        pace: Pace,
    ) -> None:
        self.members: tuple[Member, ...] = ()
        self.fault = ""
        self.known = asyncio.Event()
        self._section = section
        self._access = access
        self._told = told
        self._pace = pace
        self._moved = asyncio.Event()
        self._pool: Collection[Selection] | None = None
        self._pods: Collection[tuple[Member, ...]] | None = None

    async def run(self) -> None:
        """Follow pods, and the InferencePool that selects them, until cancelled."""
        name, port = self._section.inference_pool, self._section.port
        if name is None:
            ports = () if port is None else (port,)
            await self._collection(Selection(self._section.selector, ports)).follow()
            return
        kind = Kind(POOLS, {"fieldSelector": f"metadata.name={name}"})
        pool = Collection(self._access, kind, selection_of, self._on_pool, self._pace)
        self._pool = pool
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pool.follow())
            await self._follow_selected(pool, name, tasks)

    async def _follow_selected(
        self, pool: Collection[Selection], name: str, tasks: asyncio.TaskGroup
    ) -> None:
        """The pods of the newest selection; one that is gone leaves the last one in force."""
        selected: Selection | None = None
        following: asyncio.Task[None] | None = None
        while True:
            await self._moved.wait()
            self._moved.clear()
            newest = (pool.objects or {}).get(name)
            if newest is None or newest == selected:
                continue
            if following is not None:
                following.cancel()
            selected = newest
            following = tasks.create_task(self._collection(newest).follow())

    def _collection(self, selection: Selection) -> Collection[tuple[Member, ...]]:
        most = MOST_OBJECTS // max(len(selection.ports), 1)
        kind = Kind(PODS, {"labelSelector": selection.query()}, most)
        read = partial(members_of, ports=selection.ports)
        self._pods = Collection(self._access, kind, read, self._on_pods, self._pace)
        return self._pods

    def _on_pool(self) -> None:
        self._moved.set()
        self._on_pods()

    def _on_pods(self) -> None:
        """Members or faults may be others now."""
        before = self.members, self.fault
        pods = self._pods
        if pods is not None and pods.objects is not None:
            found = sorted(pods.objects.items())
            self.members = tuple(member for _, members in found for member in members)
            self.known.set()
        self.fault = self._why()
        if self.fault and self.fault != before[1]:
            LOG.error("%s", self.fault)
        if before != (self.members, self.fault):
            self._told()

    def _why(self) -> str:
        section, pool = self._section, self._pool
        whose = f"Kubernetes, InferencePool {section.inference_pool}"
        if pool is None:
            whose = f"Kubernetes, pods with {Selection(section.selector, ()).query()}"
        why = (pool.fault if pool else "") or (self._pods.fault if self._pods else "")
        listed = pool.objects if pool else None
        if not why and listed is not None and section.inference_pool not in listed:
            why = "there is none of this name"
        return f"{whose}: {why}; the members before stay in force" if why else ""


class PodMembers:
    """Follows the pods of every pool with a section `kubernetes`. `environment` and `mounted` are
    where a pod finds its own cluster."""

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        mounted: Path = IN_CLUSTER,
        pace: Pace = PACE,
    ) -> None:
        self._environment = environment
        self._mounted = mounted
        self._pace = pace
        self._found: dict[str, tuple[_Pods, asyncio.Task[None]]] = {}
        self._moved = asyncio.Event()

    async def follow(self, *gateways: Gateway, patience: float = FIRST_SECONDS) -> None:
        """Follow the pods of these configurations' pools alone, from now on. Waits up to `patience`
        seconds for those that are new."""
        pools = (pool for gateway in gateways for pool in gateway.pools)
        sections = {_key(pool.kubernetes): pool.kubernetes for pool in pools if pool.kubernetes}
        for key in self._found.keys() - sections.keys():
            self._found.pop(key)[1].cancel()
        fresh = [self._begin(key, sections[key]) for key in sections.keys() - self._found.keys()]
        with suppress(TimeoutError):  # said in `faults`, and they come when they come
            async with asyncio.timeout(patience):
                for pods in fresh:
                    await pods.known.wait()

    def _begin(self, key: str, section: Kubernetes) -> _Pods:
        access = partial(access_of, section, self._environment, self._mounted)
        pods = _Pods(section, access, self._moved.set, self._pace)
        task = asyncio.create_task(pods.run())
        task.add_done_callback(lambda _: self._moved.set())
        self._found[key] = pods, task
        return pods

    def members(self, pool: Pool) -> tuple[Member, ...]:
        """The pods of `pool` that are ready, by the last that is known."""
        found = self._found.get(_key(pool.kubernetes)) if pool.kubernetes else None
        return found[0].members if found else ()

    @property
    def faults(self) -> tuple[str, ...]:
        """Why members may be old, a text for each section of which they may be."""
        return tuple(pods.fault for pods, _ in self._found.values() if pods.fault)

    async def changed(self) -> None:
        """Returns when members or faults may be others than at the call before; raises what ended
        a follower, which nothing should."""
        await self._moved.wait()
        self._moved.clear()
        for _, task in self._found.values():
            if task.done():
                task.result()

    async def close(self) -> None:
        """Follow nobody any more."""
        tasks = [task for _, task in self._found.values()]
        self._found = {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _key(section: Kubernetes) -> str:
    return section.model_dump_json()
