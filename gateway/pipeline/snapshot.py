"""Everything that a judgement depends on, immutable and numbered. No I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.identity.keys import KeySource
from gateway.identity.rules import ListenerRules
from gateway.policy.engine import PolicySet
from gateway.protocols.base import Protocol
from gateway.sessions.seal import Sealer


@dataclass(frozen=True, slots=True)
class RouteStage:
    """A configured route. `protocol` is None for a route that lets everything pass unjudged.

    `path` is its URL path, `body_limit` in bytes, `scopes` what its RFC 9728 metadata offers.
    """

    name: str
    path: str
    listener: str | None
    backend: str
    protocol: Protocol | None
    body_limit: int
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of the configuration. A stream keeps the one that it began with."""

    number: int
    digest: str
    routes: Mapping[str, RouteStage]
    listeners: Mapping[str, ListenerRules]
    policies: PolicySet
    keys: KeySource
    sealer: Sealer
    authorization_servers: tuple[str, ...] = ()
    response_bytes: int = 4 * 1024 * 1024
    opaque: bool = False
    record_endpoint: bool = False
    record_path: str = "-"
    decision_seconds: float = 5.0
    drain_seconds: float = 10.0
    streams: int = 50_000

    @property
    def body_limit(self) -> int:
        """The largest body that any route takes, in bytes."""
        return max((route.body_limit for route in self.routes.values()), default=0)
