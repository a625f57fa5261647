"""What pools are like at the moment, as gauges: the supervisor asks the process that picks whenever
it is asked for metrics, so that nothing of an endpoint or a process that is gone stays behind."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from gateway.model.jsonvalue import JsonObject, JsonValue

ENDPOINTS: Final = 1_000
"""Endpoints that have series of their own, of a gateway."""

_OF_ENDPOINT: Final = {
    "gatehouse_pool_in_flight_requests": "Requests sent to the endpoint that have not ended.",
    "gatehouse_pool_running_requests": "Requests that the endpoint says it runs.",
    "gatehouse_pool_waiting_requests": "Requests that the endpoint says wait in it.",
    "gatehouse_pool_kv_usage_ratio": "Share of its KV cache that the endpoint says is in use.",
    "gatehouse_pool_load_known": "1 while the endpoint tells its metrics.",
    "gatehouse_pool_kv_event_blocks": "Blocks of its cache that are known by its KV events.",
    "gatehouse_pool_kv_event_joined_requests": "Ended requests whose prompts are told from others.",
    "gatehouse_pool_kv_event_unjoined_requests": "Those whose prompts are not, or not wholly.",
}
_OF_STATE: Final = {
    "gatehouse_state_connected": ("connected", "1 while picks are shared through `state`."),
    "gatehouse_state_peers": ("peers", "Other gateways that share theirs."),
    "gatehouse_state_peer_requests": ("peer_requests", "Their requests that have not ended."),
}
_OF_BAND: Final = {
    "gatehouse_pool_queue_requests": "Requests that wait in the gateway.",
    "gatehouse_pool_queue_bytes": "Bytes that are held for them.",
    "gatehouse_pool_queue_oldest_seconds": "For how long the oldest of them has waited.",
}


class PoolGauges:
    """In the registry of the supervisor."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._gauges = {
            **{
                name: Gauge(name, text, ["pool", "endpoint"], registry=registry)
                for name, text in _OF_ENDPOINT.items()
            },
            **{
                name: Gauge(name, text, ["pool", "priority"], registry=registry)
                for name, text in _OF_BAND.items()
            },
            **{
                name: Gauge(name, text, ["state"], registry=registry)
                for name, (_, text) in _OF_STATE.items()
            },
            "gatehouse_pool_saturation_ratio": Gauge(
                "gatehouse_pool_saturation_ratio",
                "How full the pool is by its own measure: 1 and over is full.",
                ["pool"],
                registry=registry,
            ),
        }

    def show(self, view: JsonObject) -> None:
        """Pools as `view` has them, and nothing else."""
        for gauge in self._gauges.values():
            gauge.clear()
        if state := _object(view.get("state")):
            for name, (key, _) in _OF_STATE.items():
                self._set(name, state.get(key), "redis")
        left = ENDPOINTS
        for pool in _objects(view.get("pools")):
            name = str(pool.get("name"))
            queue = _object(pool.get("queue"))
            self._set("gatehouse_pool_saturation_ratio", queue.get("saturation"), name)
            for band in _objects(queue.get("bands")):
                self._show_band(name, band)
            for endpoint in list(_objects(pool.get("endpoints")))[:left]:
                left -= 1
                self._show_endpoint(name, endpoint)
                if pool.get("scraped"):
                    known = bool(endpoint.get("load"))
                    self._set("gatehouse_pool_load_known", known, name, _address(endpoint))

    def _show_band(self, pool: str, band: JsonObject) -> None:
        labels = (pool, str(band.get("priority")))
        self._set("gatehouse_pool_queue_requests", band.get("waiting"), *labels)
        self._set("gatehouse_pool_queue_bytes", band.get("bytes"), *labels)
        self._set("gatehouse_pool_queue_oldest_seconds", band.get("oldest"), *labels)

    def _show_endpoint(self, pool: str, endpoint: JsonObject) -> None:
        labels = (pool, _address(endpoint))
        flight, load = _object(endpoint.get("in_flight")), _object(endpoint.get("load"))
        self._set("gatehouse_pool_in_flight_requests", _own(flight), *labels)
        self._set("gatehouse_pool_running_requests", load.get("running"), *labels)
        self._set("gatehouse_pool_waiting_requests", load.get("waiting"), *labels)
        self._set("gatehouse_pool_kv_usage_ratio", load.get("kv_usage"), *labels)
        events = _object(endpoint.get("kv_events"))
        self._set("gatehouse_pool_kv_event_blocks", events.get("blocks"), *labels)
        self._set("gatehouse_pool_kv_event_joined_requests", events.get("joined"), *labels)
        self._set("gatehouse_pool_kv_event_unjoined_requests", events.get("unjoined"), *labels)

    def _set(self, name: str, value: JsonValue, *labels: str) -> None:
        """What is not known has no series."""
        if isinstance(value, int | float):
            self._gauges[name].labels(*labels).set(value)


def _own(flight: JsonObject) -> JsonValue:
    """Requests without those of other gateways, which tell them themselves."""
    match flight.get("requests"), flight.get("elsewhere", 0):
        case int(requests), int(elsewhere):
            return requests - elsewhere
        case _:
            return None


def _address(endpoint: JsonObject) -> str:
    return str(endpoint.get("address"))


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _objects(value: JsonValue) -> Iterator[JsonObject]:
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            yield one
