"""The document of `gatehouse status`: names, numbers and states, never values or secrets."""

from collections.abc import Mapping, Sequence

from gateway.adapters.jwks import KeySetState
from gateway.bootstrap.load import Loaded
from gateway.model.engine import EngineLoad
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.picker.endpoint import Endpoint
from gateway.picker.pool_messages import load_json
from gateway.supervisor.workers import Worker


def configuration_status(loaded: Loaded, number: int, error: str) -> JsonObject:
    """What is in force; `error` says why what is on disk is not."""
    return {
        "snapshot": number,
        "digest": loaded.digest,
        "configuration_error": error,
        "policies": [source.model.metadata.name for source in loaded.sources],
    }


def process_status(
    workers: Sequence[Worker],
    endpoints: Mapping[tuple[str, str], bool],
    key_sets: Sequence[KeySetState],
) -> JsonObject:
    """Workers, endpoints and key sets, one object each."""
    return {
        "workers": [_worker(worker) for worker in workers],
        "endpoints": [
            {"backend": backend, "endpoint": endpoint, "healthy": healthy}
            for (backend, endpoint), healthy in endpoints.items()
        ],
        "key_sets": [
            {"issuer": state.issuer, "keys": state.keys, "error": state.error} for state in key_sets
        ],
    }


def pool_status(
    pools: Mapping[str, Sequence[Endpoint]],
    loads: Mapping[tuple[str, str], EngineLoad],
    faults: Sequence[str],
    now: float,
) -> JsonObject:
    """Pools with their servers and what each said last (`age` seconds ago); `faults` are of files
    of members that cannot be used. `now` is on the clock of the loads."""

    def load(pool: str, endpoint: Endpoint) -> JsonValue:
        newest = loads.get((pool, endpoint.address))
        if newest is None:
            return None
        return {**load_json(newest), "age": round(max(now - newest.at, 0), 1)}

    return {
        "pools": [
            {
                "name": name,
                "endpoints": [
                    {
                        "address": one.address,
                        "healthy": one.healthy,
                        "role": one.role,
                        "load": load(name, one),
                    }
                    for one in endpoints
                ],
            }
            for name, endpoints in pools.items()
        ],
        "member_faults": [*faults],
    }


def _worker(worker: Worker) -> JsonValue:
    return {
        "index": worker.index,
        "pid": worker.pid,
        "running": worker.serving,
        "restarts": worker.restarts,
    }
