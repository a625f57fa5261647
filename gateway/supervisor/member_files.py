"""The files of pools: members that come and go while the gateway runs."""

import logging
from pathlib import Path
from typing import Final

from gateway.config.member_file import read_members
from gateway.config.members import static_members
from gateway.config.pool import Member, Pool
from gateway.config.schema import Gateway
from gateway.supervisor.watch import Watch

LOG: Final = logging.getLogger("gatehouse.supervisor")


class MemberFiles:
    """Remembers what each file last said: one that is broken, or gone for a moment, takes no server
    away. `faults` says what is wrong with those that cannot be used now, and where."""

    def __init__(self) -> None:
        self.faults: tuple[str, ...] = ()
        self._read: dict[Path, tuple[Member, ...]] = {}
        self._broken: dict[Path, str] = {}
        self._watch = Watch(())

    def follow(self, *gateways: Gateway) -> None:
        """Watch the files of these configurations' pools; a new one is read at once. Blocks."""
        pools = (pool for gateway in gateways for pool in gateway.pools)
        files = {Path(pool.file) for pool in pools if pool.file is not None}
        fresh = files - self._read.keys()
        self._read = {file: found for file, found in self._read.items() if file in files}
        self._broken = {file: why for file, why in self._broken.items() if file in files}
        self._watch.replace(files)
        for file in fresh:
            self._take(file)

    def changed(self) -> bool:
        """Whether some file has other members than before. Blocks."""
        if not self._watch.changed():
            return False
        before = dict(self._read)
        for file in before:
            self._take(file)
        return before != self._read

    def _take(self, file: Path) -> None:
        members, problems = read_members(file)
        why = "\n".join(map(str, problems))
        if not problems:
            self._read[file] = members
            self._broken.pop(file, None)
        else:
            self._read.setdefault(file, ())
            if self._broken.get(file) != why:
                LOG.error("the members before stay in force: %s", why)
            self._broken[file] = why
        self.faults = tuple(self._broken.values())

    def members(self, pool: Pool, found: tuple[Member, ...] = ()) -> tuple[Member, ...]:
        """Those of gateway.yaml, of the pool's file, and what else was `found`; one that several
        have is as the first of these says, and one of `endpoints` as `members` say."""
        listed = self._read.get(Path(pool.file), ()) if pool.file is not None else ()
        known = {one.address: one for one in (*found, *listed)}
        known |= {one.address: one for one in static_members(pool)}
        return tuple(known.values())
