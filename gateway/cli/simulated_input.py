"""What `gatehouse simulate` was asked: the trace, the profiles, the servers."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median_low
from typing import Final

from gateway.bootstrap.load import load
from gateway.config.endpoint_picker import EndpointPickerSpec
from gateway.config.pool import Pool, Slo
from gateway.config.shape import nearest
from gateway.simulation.hardware import SERVERS, Server
from gateway.simulation.mooncake import Row
from gateway.simulation.overlap import most_at_once
from gateway.simulation.presets import PRESETS
from gateway.simulation.replaying import MOST_ENDPOINTS, Profile

_RANGE: Final = re.compile(r"(\d{1,4})(?:\.\.(\d{1,4}))?", re.ASCII)
_RATE: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)(x?)", re.ASCII)


class InputError(ValueError):
    """Something that was asked for cannot be; the text says what can."""


@dataclass(frozen=True, slots=True)
class Documents:
    """What may be picked by, and the SLOs of the pool."""

    pickers: Mapping[str, EndpointPickerSpec]
    slo: Slo


def documents_of(config: Path | None, pool: str, *, demo: bool) -> Documents:
    """The presets, and the documents and the pool of a configuration. Raises InputError, and
    ConfigurationError as `load`."""
    if config is None:
        return Documents(PRESETS, Slo())
    loaded = load(config, os.environ, demo=demo)
    return Documents({**PRESETS, **loaded.pickers}, _pool(config, loaded.gateway.pools, pool).slo)


def _pool(config: Path, pools: Sequence[Pool], name: str) -> Pool:
    """The one of that name, or the only one."""
    fitting = [one for one in pools if name in {"", one.name}]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(one.name for one in pools) or "none"
    raise InputError(f"--pool: {config} has the pools: {known}; name one")


def rows_of_pool(path: Path, rows: Sequence[Row], pool: str) -> Sequence[Row]:
    """Those that a pool served; all, where the trace names no pool. Raises InputError."""
    names = sorted({row.served.pool for row in rows if row.served and row.served.pool})
    if not names:
        return rows
    if not pool and len(names) > 1:
        raise InputError(f"--pool: {path} has the pools {', '.join(names)}; name one")
    own = [row for row in rows if row.served and row.served.pool == (pool or names[0])]
    if not own:
        raise InputError(f'--pool: {path} has nothing of "{pool}", but of {", ".join(names)}')
    return own


def profiles_of(text: str, known: Mapping[str, EndpointPickerSpec]) -> list[Profile]:
    """The profiles of a list with commas. Raises InputError."""
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in known:
            near = nearest(name, known)
            fix = f'did you mean "{near}"?' if near else f"known are {', '.join(known)}"
            raise InputError(f'--profiles: there is no profile "{name}"; {fix}')
    return [Profile(name, known) for name in names]


def counts_of(text: str, served: int | None) -> list[int]:
    """The numbers of endpoints: `N`, `N..M`, or those of the trace. Raises InputError."""
    if not text and served is not None:
        return [served]
    found = _RANGE.fullmatch(text)
    if found is None:
        why = "the trace does not say how many served it; " if not text else ""
        raise InputError(f"--endpoints: {why}want a number, or a range like 6..12")
    low = int(found[1])
    high = int(found[2] or low)
    if not 1 <= low <= high <= MOST_ENDPOINTS:
        raise InputError(f"--endpoints: want 1 to {MOST_ENDPOINTS}, the smaller number first")
    return list(range(low, high + 1))


def speed_of(text: str, rows: Sequence[Row]) -> float:
    """How many times as fast the trace is replayed. Raises InputError."""
    found = _RATE.fullmatch(text)
    if found is None or not float(found[1]) > 0:
        raise InputError("--rate: want requests per second, like 12, or times the trace's, like 2x")
    if found[2]:
        return float(found[1])
    span = rows[-1].at - rows[0].at
    if not span > 0:
        raise InputError("--rate: all requests of the trace come at once; want a factor, like 2x")
    return float(found[1]) * span / len(rows)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The server to simulate, by what name, and where its limits come from: "asked", "recorded" by
    the gateway, "seen" in the trace, or by default None."""

    server: Server
    hardware: str
    cache_from: str | None = None
    sequences_from: str | None = None


def server_of(
    name: str,
    rows: Sequence[Row],
    cache_tokens: int | None = None,
    blocks: int | None = None,
    sequences: int | None = None,
) -> Chosen:
    """The server of that name, with a cache as asked (in tokens or in blocks), else as recorded,
    else as its memory has it; and with as many requests at a time as asked, else as the trace shows
    a limit, else vLLM's. Raises InputError."""
    if name not in SERVERS:
        raise InputError(f'--hardware: there is no "{name}"; known are {", ".join(SERVERS)}')
    if cache_tokens is not None and blocks is not None:
        raise InputError("--blocks: --cache-tokens says the same; want one of them")
    server = SERVERS[name]
    told = [row.served.cache_tokens for row in rows if row.served and row.served.cache_tokens]
    asked = blocks * server.block if blocks is not None else cache_tokens
    cache, cache_from = (asked, "asked") if asked else (None, None)
    if told and not asked:
        cache, cache_from = median_low(told), "recorded"
    limit, limit_from = (sequences, "asked") if sequences else (most_at_once(rows), "seen")
    return Chosen(
        replace(server, cache_tokens=cache, sequences=limit or server.sequences),
        name,
        cache_from,
        limit_from if limit else None,
    )
