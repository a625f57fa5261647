"""What objects of clusters say of pools, over what the files say: which are in force, and why
others are not."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gateway.adapters.kubernetes_resources import PoolObjects
from gateway.bootstrap.load import Loaded
from gateway.config.gie_cluster import ClusterObject
from gateway.config.gie_overlay import Key, Overlaid, overlaid

LOG: Final = logging.getLogger("gatehouse.supervisor")
MOST_TOLD: Final = 50
"""Faults that are told at once; of the others the number is."""


class ClusterWord:
    """`followed` are the objects of the clusters. Those that were in force once stay so where
    newer ones cannot be used."""

    def __init__(self, followed: PoolObjects) -> None:
        self.followed = followed
        self._used: Mapping[Key, ClusterObject] = {}
        self._faults: tuple[str, ...] = ()
        self._warnings: tuple[str, ...] = ()

    def over(self, loaded: Loaded) -> tuple[Loaded, Overlaid]:
        """`loaded`, which is of files alone, with what clusters say of its pools, and what came
        of each object. Takes the longer the more objects there are; does no I/O."""
        found = {pool.name: self.followed.objects(pool) for pool in loaded.gateway.pools}
        if not any(found.values()):
            return loaded, Overlaid(loaded.gateway)
        said = overlaid(loaded.gateway, found, self._used)
        return replace(loaded, gateway=said.gateway), said

    def settle(self, said: Overlaid) -> None:
        """This is in force now."""
        self._used = said.used
        for fault in _new(said.faults, self._faults):
            LOG.error("%s", fault)
        for warning in _new(said.warnings, self._warnings):
            LOG.warning("%s", warning)
        self._faults, self._warnings = said.faults, said.warnings

    @property
    def faults(self) -> tuple[str, ...]:
        """Why what clusters say may be old, or is not in force."""
        return (*self.followed.faults, *_some(self._faults))


def _new(now: tuple[str, ...], before: tuple[str, ...]) -> tuple[str, ...]:
    known = set(before)
    return _some(tuple(one for one in now if one not in known))


def _some(texts: tuple[str, ...]) -> tuple[str, ...]:
    if len(texts) <= MOST_TOLD:
        return texts
    return (*texts[:MOST_TOLD], f"and {len(texts) - MOST_TOLD} more")
