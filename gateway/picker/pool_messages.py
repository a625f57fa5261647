"""What the supervisor tells a worker of the pools' model servers, and how the worker reads it.

Two messages: `pools` is the whole truth about who is a member and healthy, `loads` a batch of what
the members said last. Both are JSON. Pure: no I/O, no clock.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast, get_args

from gateway.model.engine import EngineLoad
from gateway.model.jsonvalue import JsonMapping, JsonObject, JsonValue
from gateway.picker.endpoint import Endpoint, Role

POOLS: Final = "pools"
LOADS: Final = "loads"

Report: TypeAlias = tuple[str, str, EngineLoad | None]
"""Pool, "ip:port", and its newest load: None when it could not be asked, or was not understood."""

_COUNTS: Final = ("waiting", "running", "cache_tokens", "block_tokens", "max_adapters")
_NUMBERS: Final = (
    "kv_usage",
    "prefix_hits",
    "prefix_queries",
    "ttft_sum",
    "ttft_count",
    "prompt_tokens",
    "generation_tokens",
)
_ADAPTERS: Final = ("running_adapters", "waiting_adapters")


class PoolMessageError(ValueError):
    """A message that this version did not write."""


def endpoints_message(pools: Mapping[str, Sequence[Endpoint]]) -> JsonObject:
    """All members of all pools, by the name of the pool."""
    listed: JsonObject = {
        name: [_endpoint(one) for one in members] for name, members in pools.items()
    }
    return {"type": POOLS, "endpoints": listed}


def read_endpoints(message: JsonMapping) -> dict[str, tuple[Endpoint, ...]]:
    """The inverse of `endpoints_message`. Raises PoolMessageError for anything else."""
    pools = _object(message.get("endpoints"))
    return {name: tuple(map(_read_endpoint, _list(value))) for name, value in pools.items()}


def loads_message(reports: Iterable[Report], now: float) -> JsonObject:
    """What was scraped; `now` is on the clock of `EngineLoad.at`, in seconds. The message tells
    ages, because two processes need not have one clock."""
    rows: list[JsonValue] = []
    for pool, address, load in reports:
        age = 0.0 if load is None else max(now - load.at, 0.0)
        rows.append([pool, address, None if load is None else load_json(load), age])
    return {"type": LOADS, "loads": rows}


def read_loads(message: JsonMapping, now: float) -> list[Report]:
    """The inverse of `loads_message`, with `at` on the reader's clock, whose time is `now`. Raises
    PoolMessageError for anything else."""
    reports: list[Report] = []
    for row in _list(message.get("loads")):
        match row:
            case [str() as pool, str() as address, None, int() | float()]:
                reports.append((pool, address, None))
            case [str() as pool, str() as address, dict() as load, int() | float() as age]:
                reports.append((pool, address, _read_load(load, now - age)))
            case _:
                raise PoolMessageError("not a load")
    return reports


def load_json(load: EngineLoad) -> JsonObject:
    """What is known of a load, without when; also for people to read."""
    known: JsonObject = {
        name: value
        for name in (*_COUNTS, *_NUMBERS)
        if (value := cast("float | None", getattr(load, name))) is not None
    }
    for name in _ADAPTERS:
        adapters = cast("frozenset[str]", getattr(load, name))
        if adapters:
            known[name] = [*sorted(adapters)]
    return known


def _endpoint(one: Endpoint) -> JsonObject:
    return {
        "address": one.address,
        "healthy": one.healthy,
        "role": one.role,
        "region": one.region,
        "zone": one.zone,
        "round_trip": one.round_trip,
        "labels": dict[str, JsonValue](one.labels),
    }


def _read_endpoint(value: JsonValue) -> Endpoint:
    match value:
        case {
            "address": str() as address,
            "healthy": bool() as healthy,
            "role": str() as role,
            "region": str() as region,
            "zone": str() as zone,
            "round_trip": int() | float() as round_trip,
            "labels": dict() as labels,
        } if role in get_args(Role):
            texts = {key: text for key, text in labels.items() if isinstance(text, str)}
            return Endpoint(
                address, healthy, cast("Role", role), region, zone, float(round_trip), texts
            )
        case _:
            raise PoolMessageError("not an endpoint")


def _read_load(load: JsonMapping, at: float) -> EngineLoad:
    known: dict[str, Any] = {name: _count(load.get(name)) for name in _COUNTS}
    known |= {name: _number(load.get(name)) for name in _NUMBERS}
    known |= {name: _names(load.get(name, [])) for name in _ADAPTERS}
    return EngineLoad(at=at, **known)


def _count(value: JsonValue) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise PoolMessageError("not a count")


def _number(value: JsonValue) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise PoolMessageError("not a number")
    return float(value)


def _names(value: JsonValue) -> frozenset[str]:
    return frozenset(name for name in _list(value) if isinstance(name, str))


def _object(value: JsonValue) -> JsonObject:
    if not isinstance(value, dict):
        raise PoolMessageError("not an object")
    return value


def _list(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise PoolMessageError("not a list")
    return value
