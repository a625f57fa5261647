"""Envoy's admin address: has it taken what was written, or refused it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

import httpx

from gateway.config.schema import Gateway
from gateway.edge.layout import Layout
from gateway.edge.routes import routes_name
from gateway.model.jsonvalue import JsonValue

TIMEOUT_SECONDS: Final = 2.0
_STATS: Final = r"(update_rejected|update_failure|version_text)$"


class Verdict(Enum):
    """What became of written versions."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One file as Envoy sees it: the version in force, and how many it has turned down so far."""

    version: str = ""
    turned_down: int = 0


def admin_address(gateway: Gateway) -> str:
    """Where Envoy's admin address is: `host:port`, or `unix:PATH` of the socket in the run folder
    if `service.envoy_admin` is "unix"."""
    address = gateway.service.envoy_admin
    if address != "unix":
        return address
    return f"unix:{Layout(Path(gateway.service.run)).envoy_admin}"


class EnvoyAdmin:
    """A client of one Envoy's admin address, `host:port` or `unix:PATH`. Errors are
    httpx.HTTPError."""

    def __init__(self, address: str) -> None:
        path = address.removeprefix("unix:") if address.startswith("unix:") else None
        self._client = httpx.AsyncClient(
            base_url=f"http://{'localhost' if path else address}",
            transport=httpx.AsyncHTTPTransport(uds=path),
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )

    async def ready(self) -> bool:
        """Whether Envoy serves: listeners are open and every file was read."""
        try:
            answer = await self._client.get("/ready")
        except httpx.TransportError:
            return False
        return answer.is_success

    async def subscriptions(self, gateway: Gateway) -> dict[str, Subscription]:
        """The state of every file of `gateway`, by the keys of `EnvoyFiles`."""
        answer = await self._client.get("/stats", params={"format": "json", "filter": _STATS})
        answer.raise_for_status()
        return read_subscriptions(_json(answer), gateway)

    async def drain_listeners(self) -> None:
        """Take no new connections; what is open goes on."""
        (await self._client.post("/drain_listeners")).raise_for_status()

    async def active_requests(self, gateway: Gateway) -> int:
        """Requests that are being served on the listeners of `gateway`."""
        params = {"format": "json", "filter": r"\.downstream_rq_active$"}
        answer = await self._client.get("/stats", params=params)
        answer.raise_for_status()
        values = _values(_json(answer))
        names = [f"http.{listener.name}.downstream_rq_active" for listener in gateway.listeners]
        return sum(count for name in names if isinstance(count := values.get(name), int))

    async def close(self) -> None:
        """Closes the connection."""
        await self._client.aclose()


def _json(answer: httpx.Response) -> JsonValue:
    """The body; httpx.DecodingError when it is none that Envoy writes."""
    try:
        value: JsonValue = answer.json()
    except ValueError as error:
        raise httpx.DecodingError("no JSON", request=answer.request) from error
    return value


def read_subscriptions(stats: JsonValue, gateway: Gateway) -> dict[str, Subscription]:
    """The subscriptions in an answer of /stats?format=json."""
    values = _values(stats)
    prefixes = {"clusters": "cluster_manager.cds"}
    for listener in gateway.listeners:
        name = routes_name(listener.name)
        prefixes[f"routes/{listener.name}"] = f"http.{listener.name}.rds.{name}"
    for backend in gateway.upstreams:
        prefixes[f"endpoints/{backend.name}"] = f"cluster.{backend.name}"
    return {key: _subscription(values, prefix) for key, prefix in prefixes.items()}


def verdict(
    before: Mapping[str, Subscription],
    now: Mapping[str, Subscription],
    wanted: Mapping[str, str],
) -> tuple[Verdict, tuple[str, ...]]:
    """What became of the versions `wanted`, and the keys that are not in force yet.

    `before` was read before they were written. One that was turned down makes the whole rejected.
    """
    missing = tuple(key for key, version in wanted.items() if _version(now, key) != version)
    if not missing:
        return Verdict.ACCEPTED, ()
    refused = tuple(key for key in missing if _turned_down(now, key) > _turned_down(before, key))
    return (Verdict.REJECTED, refused) if refused else (Verdict.PENDING, missing)


def followed(state: Mapping[str, Subscription], wanted: Mapping[str, str]) -> dict[str, str]:
    """What of `wanted` an Envoy in this state is going to take. One with routes and clusters of its
    own, from a snippet or a printed bootstrap, reads none of ours, and endpoints where its clusters
    name the file."""
    if any(one.version for key, one in state.items() if not key.startswith("endpoints/")):
        return dict(wanted)
    return {key: version for key, version in wanted.items() if _version(state, key)}


def _version(state: Mapping[str, Subscription], key: str) -> str:
    return state.get(key, Subscription()).version


def _turned_down(state: Mapping[str, Subscription], key: str) -> int:
    return state.get(key, Subscription()).turned_down


def _values(stats: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(stats, dict) or not isinstance(entries := stats.get("stats"), list):
        return {}
    return {
        str(entry["name"]): entry["value"]
        for entry in entries
        if isinstance(entry, dict) and "name" in entry and "value" in entry
    }


def _subscription(values: Mapping[str, JsonValue], prefix: str) -> Subscription:
    version = values.get(f"{prefix}.version_text")
    counts = [values.get(f"{prefix}.{name}") for name in ("update_rejected", "update_failure")]
    return Subscription(
        version=version if isinstance(version, str) else "",
        turned_down=sum(count for count in counts if isinstance(count, int)),
    )
