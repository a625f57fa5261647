"""The InferenceObjectives and InferenceModelRewrites of Kubernetes clusters that are of pools.

The supervisor alone runs this. What was known stays while an API is down or refuses us. A cluster
in which nobody installed a kind has none of it.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from gateway.adapters.kubernetes_api import IN_CLUSTER, Access, access_of
from gateway.adapters.kubernetes_watch import PACE, Collection, Kind, Pace
from gateway.config.gie_cluster import GROUPS, KINDS, ClusterObject, cluster_object
from gateway.config.pool import Kubernetes, Pool
from gateway.config.schema import Gateway

LOG: Final = logging.getLogger("gatehouse.kubernetes")
FIRST_SECONDS: Final = 3.0
"""How long a start or a reload waits for the objects of a new namespace."""

MOST_OBJECTS: Final = 1_000
"""Of one kind, in a namespace."""

PATH: Final = "/apis/{group}/v1alpha2/namespaces/{{namespace}}/{kind}s"


class _Followed:
    """The objects of one kind and group in a namespace. `answered` is set once the API said what
    there is, or why it does not."""

    def __init__(
        self,
        access: Callable[[], Access],
        which: tuple[str, str],
        told: Callable[[], None],
        pace: Pace,
    ) -> None:
        kind, group = which
        self.kind = kind
        self.answered = asyncio.Event()
        self._group = group
        self._told = told
        self._fault = ""
        path = PATH.format(group=group, kind=kind.lower())
        read = partial(cluster_object, kind=kind, group=group)
        about = Kind(path, {}, MOST_OBJECTS, optional=True)
        self._collection = Collection(access, about, read, self._on_change, pace)
        self.task = asyncio.create_task(self._collection.follow())
        self.task.add_done_callback(lambda _: told())

    def _on_change(self) -> None:
        self.answered.set()
        fault = self.fault
        if fault and fault != self._fault:
            LOG.error("%s", fault)
        self._fault = fault
        self._told()

    @property
    def fault(self) -> str:
        """Why the objects may be old, "" if they are not."""
        why = self._collection.fault
        what = f"Kubernetes, {self.kind.lower()}s.{self._group}"
        return f"{what}: {why}; those before stay in force" if why else ""

    @property
    def objects(self) -> Iterator[ClusterObject]:
        """Those that are there, by name."""
        for _, one in sorted((self._collection.objects or {}).items()):
            if one is not None:
                yield one


class PoolObjects:
    """Follows the objects in the namespace of every pool that follows an InferencePool.
    `environment` and `mounted` are where a pod finds its own cluster."""

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        mounted: Path = IN_CLUSTER,
        pace: Pace = PACE,
    ) -> None:
        self._environment = environment
        self._mounted = mounted
        self._pace = pace
        self._found: dict[str, list[_Followed]] = {}
        self._moved = False

    async def follow(self, *gateways: Gateway, patience: float = FIRST_SECONDS) -> None:
        """Follow the objects for these configurations' pools alone, from now on. Waits up to
        `patience` seconds for an answer about those that are new."""
        pools = (pool for gateway in gateways for pool in gateway.pools)
        wanted = [section for pool in pools if (section := _section(pool)) is not None]
        sections = {_key(section): section for section in wanted}
        for key in self._found.keys() - sections.keys():
            for one in self._found.pop(key):
                one.task.cancel()
        fresh = sections.keys() - self._found.keys()
        for key in fresh:
            self._found[key] = self._begin(sections[key])
        with suppress(TimeoutError):  # they come when they come
            async with asyncio.timeout(patience):
                for one in [one for key in fresh for one in self._found[key]]:
                    await one.answered.wait()

    def _begin(self, section: Kubernetes) -> list[_Followed]:
        access = partial(access_of, section, self._environment, self._mounted)
        kinds = [(kind, group) for kind in KINDS for group in GROUPS]
        return [_Followed(access, one, self._on_change, self._pace) for one in kinds]

    def _on_change(self) -> None:
        self._moved = True

    def objects(self, pool: Pool) -> tuple[ClusterObject, ...]:
        """What is said of `pool`, by the last that is known; with it what cannot be read so far
        that it tells its pool."""
        section = _section(pool)
        if section is None:
            return ()
        named: dict[tuple[str, str], ClusterObject] = {}
        for followed in self._found.get(_key(section), ()):
            for one in followed.objects:
                if one.pool in {section.inference_pool, None}:
                    named.setdefault((one.kind, one.name), one)
        return tuple(named.values())

    @property
    def faults(self) -> tuple[str, ...]:
        """Why objects may be old, a text for each kind of which they may be."""
        every = (one.fault for followed in self._found.values() for one in followed)
        return tuple(dict.fromkeys(fault for fault in every if fault))

    def moved(self) -> bool:
        """Whether objects or faults may be others than at the call before; raises what ended a
        follower, which nothing should."""
        moved, self._moved = self._moved, False
        for one in (one for followed in self._found.values() for one in followed) if moved else ():
            if one.task.done():
                one.task.result()
        return moved

    async def close(self) -> None:
        """Follow nobody any more."""
        tasks = [one.task for followed in self._found.values() for one in followed]
        self._found = {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _section(pool: Pool) -> Kubernetes | None:
    """Where objects about `pool` may be; None if there are none that count."""
    section = pool.kubernetes
    if section is None or section.inference_pool is None or not section.objects:
        return None
    return section


def _key(section: Kubernetes) -> str:
    """Of where the objects are; several pools may share it."""
    return section.model_dump_json(include={"namespace", "server", "token_file", "ca"})
