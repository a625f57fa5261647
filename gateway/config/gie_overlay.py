"""What objects of clusters say of the pools of a configuration, over what its files say. Pure: no
I/O, no clock.

Files count where both say something. An object that cannot be used leaves the last one of its name
in force that could; it never keeps another one out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeAlias

from gateway.config.gie import Gie
from gateway.config.gie_cluster import ClusterObject, told
from gateway.config.gie_merge import merged
from gateway.config.schema import Gateway
from gateway.model.problem import Problem

Key: TypeAlias = tuple[str, str, str]
"""Pool of gateway.yaml, kind, name."""

MOST_BYTES: Final = 4 * 1024 * 1024
"""Of all objects together: every worker gets them."""

_ROUNDS: Final = 8


@dataclass(frozen=True, slots=True)
class Overlaid:
    """`gateway` with the objects `used`; `faults` and `warnings` are about those that are not, or
    have no effect."""

    gateway: Gateway
    used: Mapping[Key, ClusterObject] = field(default_factory=dict[Key, ClusterObject])
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def overlaid(
    gateway: Gateway,
    found: Mapping[str, Sequence[ClusterObject]],
    before: Mapping[Key, ClusterObject],
) -> Overlaid:
    """`gateway` with the objects `found` of its pools; `before` are those in force now."""
    choice = _Choice(gateway, before)
    for pool, objects in found.items():
        for one in objects:
            choice.take((pool, one.kind, one.name), one.of(pool))
    choice.bound()
    return choice.settled()


class _Choice:
    """Which objects come into force: the newest, else the last that could be used, else none."""

    def __init__(self, gateway: Gateway, before: Mapping[Key, ClusterObject]) -> None:
        self._gateway = gateway
        self._before = before
        self._chosen: dict[Key, ClusterObject] = {}
        self._faults: dict[Key, str] = {}

    def take(self, key: Key, newest: ClusterObject) -> None:
        self._chosen[key] = newest
        if newest.model is None:
            self._leave(key, newest.fault)

    def _leave(self, key: Key, why: str) -> None:
        """Not the newest of this name."""
        old = self._before.get(key)
        if old is not None and self._chosen.get(key) != old:
            self._chosen[key] = old
            why += "; the one before stays in force"
        elif self._chosen.pop(key, None) is not None:
            why += "; it is not in force"
        self._faults.setdefault(key, why)

    def bound(self) -> None:
        """No more than fits, those in force first, then the oldest."""
        room = MOST_BYTES
        for key in sorted(self._chosen, key=self._rank):
            room -= self._chosen[key].size
            if room < 0:
                where = self._chosen.pop(key).document.file
                why = f"{where}: objects have more than {MOST_BYTES} bytes together"
                self._faults[key] = f"{why}; it is not in force"

    def _rank(self, key: Key) -> tuple[bool, datetime, Key]:
        model = self._chosen[key].model
        created = model.metadata.creation_timestamp if model else None
        moment = created or datetime.max.replace(tzinfo=UTC)
        return (
            key not in self._before,
            moment if moment.tzinfo else moment.replace(tzinfo=UTC),
            key,
        )

    def settled(self) -> Overlaid:
        """What they say together. Those that are new are at fault before those in force are."""
        for _ in range(_ROUNDS):
            whole = merged(self._gateway, self._gie())
            errors = self._of_objects(one for one in whole.problems if one.severity == "error")
            if not errors:
                warnings = tuple(told(one) for one in whole.problems)
                faults = tuple(self._faults[key] for key in sorted(self._faults))
                return Overlaid(whole.gateway, self._chosen, faults, warnings)
            fresh = [key for key in errors if self._chosen[key] != self._before.get(key)]
            for key in fresh or errors:
                self._leave(key, told(errors[key]))
        why = "objects of the cluster contradict each other; none of them is in force"
        return Overlaid(self._gateway, {}, (why, *self._faults.values()))

    def _gie(self) -> Gie:
        chosen = (self._chosen[key] for key in sorted(self._chosen))
        return Gie(documents=tuple((one.model, one.document) for one in chosen if one.model))

    def _of_objects(self, problems: Iterable[Problem]) -> dict[Key, Problem]:
        """The first problem of each object."""
        found: dict[Key, Problem] = {}
        for problem in problems:
            for key, one in self._chosen.items():
                if one.document.file == problem.place.file:
                    found.setdefault(key, problem)
        return found
