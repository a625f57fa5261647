"""Everything that a judgement depends on, immutable and numbered. No I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.config.model_armor import ModelArmorServer
from gateway.config.pool import Trace
from gateway.config.providers import GuardrailProvider
from gateway.config.schema import ListenerTls, Telling, UsageRead
from gateway.config.state import State
from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.tools.book import ToolBook
from gateway.identity.keys import KeySource
from gateway.identity.rules import ListenerRules
from gateway.model.passage import Stage
from gateway.picker.plan import PickerPlan
from gateway.pipeline.foreign_proxy import ForeignProxy
from gateway.pipeline.hints import NO_HINTS, HintRules
from gateway.pipeline.pool import PoolStage
from gateway.policy.engine import PolicySet
from gateway.policy.matching import GuardrailMatches
from gateway.policy.provenance import ProvenanceBook
from gateway.protocols.base import Protocol
from gateway.sessions.envelope import Envelope
from gateway.sessions.seal import Sealer

_MODELS: Final = frozenset({Stage.RESPONSE, Stage.TOOL_CALL, Stage.TOOL_RESULT})
ANSWERS: Final[Mapping[str, frozenset[Stage]]] = {
    "openai": _MODELS,
    "anthropic": _MODELS,
    "mcp": frozenset(Stage) - {Stage.REQUEST, Stage.TOOL_CALL},
    "a2a": frozenset({Stage.A2A_MESSAGE, Stage.A2A_ARTIFACT, Stage.AGENT_CARD}),
}
"""The stages that texts of an answer can have, by protocol."""


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
class ModelArmorStage:
    """Where Model Armor's API is served, and who may use it. `files` is a digest of its certificate
    and key, so that a change of these is one of the stage."""

    server: ModelArmorServer
    rules: ListenerRules
    files: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of the configuration. A stream keeps the one that it began with.

    `routes` goes by the names of Envoy's routes and has, while a reload is on its way, also those
    that Envoy is about to forget. `pickers` says of each pool, by its name, how it picks, `traces`
    where it is kept how its requests were served; `trace_key` hides the hashes of their prompts.
    `foreign` is about proxies that somebody else configures, None where they are not served.
    `guarded` says which of the `guardrails` apply to a call, `provenance` which results taint
    what comes after them; `taint_key` hides whose taints are kept,
    `text_key` which texts the records tell of by a hash. `tools` are those of MCP servers
    as they were reviewed.
    `providers` are those that guardrails may ask.
    `state` is where gateways share what they have placed, sealed with `envelope`. `model_armor` is
    how that API is served, None where it is not.
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
    guardrails: GuardrailBook = field(default_factory=GuardrailBook)
    guarded: GuardrailMatches = field(default_factory=GuardrailMatches)
    provenance: ProvenanceBook = field(default_factory=ProvenanceBook)
    taint_key: bytes = field(default=b"", repr=False)
    text_key: bytes = field(default=b"", repr=False)
    providers: tuple[GuardrailProvider, ...] = field(default=(), repr=False)
    tools: ToolBook = field(default_factory=ToolBook)
    model_armor: ModelArmorStage | None = None

    body_limit: int = field(init=False)
    """The largest body that any route takes, in bytes."""

    screened: frozenset[str] = field(init=False)
    """The routes, by their names, of whose answers some guardrail may have to see a text."""

    def __post_init__(self) -> None:
        routes = frozenset(one.name for one in self.routes.values() if self._screens(one))
        object.__setattr__(self, "screened", routes)
        largest = max((route.body_limit for route in self.routes.values()), default=0)
        object.__setattr__(self, "body_limit", largest)

    def _screens(self, route: RouteStage) -> bool:
        if route.protocol is None:
            return False
        backends = {route.backend, *(pool.name for pool in route.pools)}
        narrowed = {rule.policy for rule in self.guarded.rules}
        about = [
            rule.policy
            for rule in self.guarded.rules
            if backends & rule.backends or route.name in rule.routes
        ]
        always = [name for name in self.guardrails.guards if name not in narrowed]
        stages = self.guardrails.stages((*about, *always))
        return bool(stages & ANSWERS[route.protocol.name])
