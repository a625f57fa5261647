"""How Envoy hands a request over: what we generate, and what the service reads back. Pure.

Envoy sends it as gRPC metadata `x-gatehouse-wiring` on every ext_proc stream, per route where a
route differs. Form: `1;listener=NAME;mode=buffered;override=1;timeout=6.0`. Beside it there is the
name of Envoy's route, which says how a request was routed. ext_authz sends both as context
extensions of the route.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias, cast, get_args

from gateway.config.schema import Route

METADATA_KEY: Final = "x-gatehouse-wiring"

METADATA_NAMESPACE: Final = "gatehouse"
"""Dynamic metadata that the service writes about a request that it let through."""

RPC_ID: Final = "rpc_id"
"""In that namespace: the caller's request id as JSON text, where there is exactly one."""

AUDIT_ID: Final = "audit_id"
"""In that namespace: the request's audit id."""

CHECK_NAMESPACE: Final = "envoy.filters.http.ext_authz"
"""Where the same is found on routes in mode `check`: ext_authz writes there and nowhere else."""

VERDICT_NAMESPACES: Final = (METADATA_NAMESPACE, CHECK_NAMESPACE)
"""Where the facts about a judged request are, by who asked for the verdict."""

NATIVE_NAMESPACE: Final = "envoy.filters.http.mcp"
"""That of Envoy's own MCP filter; routes with `metadata: native` write there as well."""

ROUTE_KEY: Final = "x-gatehouse-route"
"""The context extension with the routed name; that with the wiring is METADATA_KEY."""

POOL_HEADER: Final = "x-gateway-pool"
"""Written by the service with its verdict: the pool of the route that the request goes to. With
`clear_route_cache` Envoy looks for the route again and finds that pool's."""

DESTINATION: Final = "x-gateway-destination-endpoint"
"""The endpoints to try in order, "ip:port,ip:port": the key in LB_NAMESPACE, and a header."""

LB_NAMESPACE: Final = "envoy.lb"
"""Dynamic metadata in which Envoy's load balancer looks for the endpoints that were picked."""

SERVED: Final = "x-gateway-destination-endpoint-served"
"""In LB_NAMESPACE of a response: the "ip:port" that served, as proxies tell an endpoint picker."""

FOREIGN_ROUTE: Final = "_picker"
"""In a snapshot: the route by which requests of proxies are judged that somebody else configures.
Envoy's routes have names with a colon, or the one for the rest."""

SUBSET_NAMESPACE: Final = "envoy.lb.subset_hint"
"""Where a filter in front says which endpoints may be picked (endpoint picker protocol)."""

MAX_RETRIES: Final = "x-envoy-max-retries"
"""Written by the service: how often Envoy may try again; not beyond the endpoints of a list."""

RETRY_HEADER: Final = "x-envoy-retry-on"
"""Written by the service for a request that may be repeated although a server has read it."""

RETRY_REPEATABLE: Final = "reset,retriable-status-codes"
"""The value of RETRY_HEADER: nothing came back, or a 503."""

LONGEST_WAIT: Final = 73.0
"""Seconds in the queue of a pool, in all; Envoy is asked to wait for a little longer."""

PICKER_SOCKET: Final = "GATEHOUSE_PICKER"
"""In the environment of workers: the socket of the process that picks for all of them."""

QUEUE_SECONDS: Final = 75.0
"""The longest that the service may ask Envoy to wait for one verdict (override_message_timeout):
the time of a request in the queue of a pool ends before."""

METADATA_PREFIX: Final = "_metadata:"
"""Of the name of the route that serves another route's RFC 9728 document."""

Mode: TypeAlias = Literal["head", "buffered", "duplex", "check"]
"""`head`: request headers only. `buffered`: the whole request body in one message; the response
only by mode_override. `duplex`: both bodies and trailers, streamed, each held until answered.
`check`: ext_authz, the whole request in one message, no other body and no response."""


def routed_name(route: Route) -> str:
    """The name of Envoy's route for `route`: PROTOCOL:NAME@BACKEND.

    It says where Envoy sends the request and not only what it matched: a route that keeps its name
    and changes its backend has another name here, so that no request is judged for one backend and
    sent to the other while a reload is on its way.
    """
    return f"{route.protocol}:{route.name}@{route.backend}"


class WiringError(ValueError):
    """Metadata that this version did not write."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a stream can deliver.

    `listener` is the listener's name, `override` whether Envoy obeys mode_override, and `timeout`
    the seconds (> 0) after which Envoy gives up on an answer to one message. The rest is for the
    streams of proxies that somebody else configures, and never written: with `foreign` every
    request is one of FOREIGN_ROUTE, and `reads` is whether the body of a response can be had.
    """

    listener: str
    mode: Mode
    override: bool
    timeout: float
    foreign: bool = False
    reads: bool = True

    def __str__(self) -> str:
        return (
            f"1;listener={self.listener};mode={self.mode}"
            f";override={int(self.override)};timeout={self.timeout}"
        )


# Every request of a route brings the same text; configuration bounds how many there are.
@lru_cache(maxsize=256)
def parse_wiring(text: str) -> Wiring:
    """The inverse of `str(wiring)`. Raises WiringError for anything else."""
    version, *parts = text.split(";")
    fields = dict(part.split("=", 1) for part in parts if "=" in part)
    if version != "1" or set(fields) != {"listener", "mode", "override", "timeout"}:
        raise WiringError("not the wiring that this version of the gateway generates")
    mode, override = fields["mode"], fields["override"]
    if mode not in get_args(Mode) or override not in {"0", "1"}:
        raise WiringError("unknown mode or override")
    try:
        timeout = float(fields["timeout"])
    except ValueError:
        raise WiringError("timeout is not a number") from None
    return Wiring(fields["listener"], cast("Mode", mode), override == "1", timeout)
