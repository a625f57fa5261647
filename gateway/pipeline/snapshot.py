"""Everything that a judgement depends on, immutable and numbered. No I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.config.pool import Trace
from gateway.config.schema import ListenerTls, Telling, UsageRead
from gateway.config.state import State
from gateway.identity.keys import KeySource
from gateway.identity.rules import ListenerRules
from gateway.picker.plan import PickerPlan
from gateway.pipeline.foreign_proxy import ForeignProxy
from gateway.pipeline.hints import NO_HINTS, HintRules
from gateway.pipeline.pool import PoolStage
from gateway.policy.engine import PolicySet
from gateway.protocols.base import Protocol
from gateway.sessions.envelope import Envelope
from gateway.sessions.seal import Sealer


@dataclass(frozen=True, slots=True)
class RouteStage:
    """A configured route. `protocol` is None for a route that lets everything pass unjudged.

    `path` is its URL path, `body_limit` in bytes, `scopes` what its RFC 9728 metadata offers,
    `aliases` the names that it gives to models, `metadata` what Envoy is told of its requests.
    `pools` are the pools that it leads to, the first being its backend; `hints` says whose control
    headers count. `sampled` is the protocol for a share of the requests, whose streams are read to
    learn from them; `usage` says which answers are read anyway, `renamed` what each
    of the `aliases` stands for.
    """

    name: str
    path: str
    listener: str | None
    backend: str
    protocol: Protocol | None
    body_limit: int
    scopes: tuple[str, ...] = ()
    aliases: frozenset[str] = frozenset()
    metadata: Telling = "gatehouse"
    pools: tuple[PoolStage, ...] = ()
    hints: HintRules = NO_HINTS
    sampled: Protocol | None = None
    usage: UsageRead = "off"
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def sample(self) -> float:
        """The share of its streams that is read, 0 to 1."""
        return max((pool.sample for pool in self.pools), default=0.0) if self.sampled else 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of the configuration. A stream keeps the one that it began with.

    `routes` goes by the names of Envoy's routes and has, while a reload is on its way, also those
    that Envoy is about to forget. `pickers` says of each pool, by its name, how it picks, `traces`
    where it is kept how its requests were served; `trace_key` hides the hashes of their prompts.
    `foreign` is about proxies that somebody else configures, None where they are not served.
    `state` is where gateways share what they have placed, sealed with `envelope`.
    """

    number: int
    digest: str
    routes: Mapping[str, RouteStage]
    listeners: Mapping[str, ListenerRules]
    policies: PolicySet
    keys: KeySource
    sealer: Sealer
    pickers: Mapping[str, PickerPlan] = field(default_factory=dict[str, PickerPlan])
    traces: Mapping[str, Trace] = field(default_factory=dict[str, Trace])
    trace_key: bytes = field(default=b"", repr=False)
    foreign: ForeignProxy | None = None
    authorization_servers: tuple[str, ...] = ()
    response_bytes: int = 4 * 1024 * 1024
    opaque: bool = False
    record_endpoint: bool = False
    record_path: str = "-"
    otlp_endpoint: str | None = None
    worker_tls: ListenerTls | None = None
    service_name: str = "gatehouse"
    sampling: float = 1.0
    decision_seconds: float = 5.0
    drain_seconds: float = 10.0
    streams: int = 50_000
    held_bytes: int = 256 * 1024 * 1024
    state: State = field(default_factory=State)
    envelope: Envelope | None = None

    body_limit: int = field(init=False)
    """The largest body that any route takes, in bytes."""

    def __post_init__(self) -> None:
        largest = max((route.body_limit for route in self.routes.values()), default=0)
        object.__setattr__(self, "body_limit", largest)
