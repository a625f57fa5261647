"""The types of gateway.yaml. JSON Schema and the reference page are generated from them.

Every model refuses unknown keys. Values are validated as JSON (pydantic's JSON mode), so that a
YAML list is a tuple here and nothing else is coerced. Durations are
seconds (float), sizes are bytes (int).
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, SecretStr

from gateway.config.backend import Backend
from gateway.config.model_armor import ModelArmorServer
from gateway.config.picker_protocol import PickerProtocol
from gateway.config.pool import Hints, Pool
from gateway.config.providers import GuardrailProvider
from gateway.config.section import LocalPath, Name, Port, Seconds, Section
from gateway.config.state import State, StateSetting
from gateway.config.tools import Tools

Telling: TypeAlias = Literal["gatehouse", "native", "off"]
UsageRead: TypeAlias = Literal["off", "json", "all"]


class ListenerTls(Section):
    """TLS of a listener. With `client_ca` a client certificate signed by it is required unless
    `client_certificate` is `optional`."""

    certificate: LocalPath = Field(description="Path of the PEM certificate chain.")
    key: LocalPath = Field(description="Path of the PEM private key.")
    client_ca: LocalPath | None = Field(default=None, description="Path of the PEM CA of clients.")
    client_certificate: Literal["required", "optional"] = "required"


class ListenerIdentity(Section):
    """Which proofs of identity a listener accepts, and which one is the principal.

    The first of `accept` that the request carries and that verifies is primary; the others that
    verify become actors. A credential that is present and wrong is refused, never skipped.
    """

    accept: tuple[Literal["spiffe", "xfcc", "jwt", "key", "metadata", "anonymous"], ...] = (
        "spiffe",
        "jwt",
        "key",
    )
    xfcc_from: tuple[str, ...] = Field(
        default=(), description="SPIFFE ids of hops whose x-forwarded-client-cert is believed."
    )
    metadata_namespaces: tuple[str, ...] = Field(
        default=(),
        description="Filter metadata namespaces with a payload that a filter of Envoy verified.",
    )


class Listener(Section):
    """One address that Envoy listens on."""

    name: Name
    address: str = Field(default="127.0.0.1", description="IP address to bind.")
    port: Port
    tls: ListenerTls | None = None
    identity: ListenerIdentity = ListenerIdentity()


class Route(Section):
    """One URL path of a listener, spoken in one protocol, served by one backend.

    MCP has one URL. Of `openai`, `anthropic` and `a2a` the path is the base URL that clients are
    given, and everything below it is the protocol's: "/v1" for the OpenAI SDKs, "/anthropic" for
    Anthropic's (which append /v1/messages), "/agents/triage" for an agent, and for the gRPC binding
    of A2A the service itself, "/lf.a2a.v1.A2AService".
    """

    name: Name
    listener: Name | None = Field(default=None, description="Unset: every listener.")
    path: str = Field(
        pattern=r"^/", description="Exact path, without a query; a base path for some protocols."
    )
    protocol: Literal["mcp", "openai", "anthropic", "a2a", "unjudged"] = Field(
        description="`unjudged` lets everything pass unread; each pass is recorded."
    )
    backend: Name = Field(description="A backend, or a pool of model servers.")
    pools: tuple[Name, ...] = Field(
        default=(),
        description="Further pools, which requests for their models go to; `backend` is a pool "
        "then, too.",
    )
    upstream_path: str | None = Field(
        default=None,
        pattern=r"^/",
        description="Path at the backend in place of the route's, whatever the backend's own is: "
        "routes of several protocols may share a pool. Unset: `path` of the backend.",
    )
    hints: tuple[Hints, ...] = Field(
        default=(),
        description="Whose control headers of the endpoint picker protocol count, and which.",
    )
    mode: Literal["buffered", "duplex", "check"] = Field(
        default="buffered",
        description="How Envoy hands over the request; each holds it until the verdict. `check` is "
        "access control alone, by ext_authz: no body is changed and no response is read. Of MCP it "
        "takes requests of 2026-07-28 other than lists and subscriptions.",
    )
    body_limit: int = Field(
        default=4 * 1024 * 1024, ge=1024, le=64 * 1024 * 1024, description="Bytes of request body."
    )
    batches: bool = Field(default=False, description="Accept JSON-RPC batches of 2025-03-26.")
    allowed_origins: tuple[str, ...] = Field(
        default=(), description="Browser origins that may call; others with Origin are refused."
    )
    scopes: tuple[str, ...] = Field(
        default=(),
        description="The whole set of scopes that the route's RFC 9728 metadata offers to clients.",
    )
    aliases: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Models by the names that clients use; the backend is sent the value.",
    )
    usage: UsageRead = Field(
        default="off",
        description="Read token usage of answers: of JSON, or of streams too, which are asked for "
        "it. Of messages with Envoy a request has 2 with `off`; `json` adds 2 for a JSON answer "
        "and 1 for a stream; `all` adds 1 for each piece of a stream as well.",
    )
    metadata: Telling = Field(
        default="gatehouse",
        description="What Envoy is told of a judged request, for filters behind the gateway: "
        "attributes and decision in the namespace `gatehouse`; with `native` also what Envoy's own "
        "MCP filter would say, in the namespace of that; `off`: the ids of the request alone.",
    )
    blocked_as: Literal["error", "model_armor"] = Field(
        default="error",
        description="How blocked content is refused: with the protocol's own error, or, on routes "
        "of OpenAI's protocol, with the answer that clients of Google's Model Armor know.",
    )

    @property
    def below(self) -> bool:
        """Whether everything below the path belongs to the route."""
        return self.protocol in {"openai", "anthropic", "a2a"}


class JwtIssuer(Section):
    """A token issuer. Exactly one of `jwks_file` and `jwks_url`."""

    issuer: str = Field(min_length=1, description="Exact value of the `iss` claim.")
    audiences: tuple[str, ...] = Field(min_length=1, description="One of them must be in `aud`.")
    jwks_file: LocalPath | None = None
    jwks_url: str | None = Field(default=None, pattern=r"^https?://")
    algorithms: tuple[
        Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"],
        ...,
    ] = ("RS256", "ES256", "EdDSA")
    leeway: Annotated[float, Field(ge=0, le=300)] = 30
    required_claims: tuple[str, ...] = ("exp", "sub")
    scope_claim: str = Field(default="scope", description="Space separated, or a list.")
    refresh: Seconds = Field(default=300, description="Between fetches of the key set.")


class ApiKey(Section):
    """An API key, known by its hash only."""

    name: Name
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Hex SHA-256 of the key.")
    scopes: tuple[str, ...] = ()


class Identity(Section):
    """Who can be who, for every listener."""

    jwt: tuple[JwtIssuer, ...] = ()
    keys: tuple[ApiKey, ...] = ()
    authorization_servers: tuple[str, ...] = Field(
        default=(), description="authorization_servers in the RFC 9728 metadata."
    )
    resource_base: str | None = Field(
        default=None,
        pattern=r"^https?://[^/]+$",
        description="Public origin of the gateway for RFC 9728; unset: the request's own.",
    )


def _none_if_only_empty(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    """What `["${NAME:-}"]` leaves where the environment does not say."""
    return () if [key.get_secret_value() for key in keys] == [""] else keys


class Sessions(Section):
    """Sealing of session ids. The first key seals, every key opens."""

    keys: Annotated[tuple[SecretStr, ...], AfterValidator(_none_if_only_empty)] = Field(
        default=(),
        description='Each at least 32 random bytes in base64, e.g. "file:seal.key"; a single empty '
        "one is none.",
    )
    ttl: Seconds = Field(default=86_400, description="After which a session id is refused.")


class Limits(Section):
    """Bounds on everything that a client can make grow."""

    streams: int = Field(default=50_000, ge=1, description="Concurrent requests per cluster.")
    decision_seconds: Seconds = Field(default=5, description="For one judgement, own deadline.")
    drain_seconds: Seconds = Field(default=10, description="For streams at shutdown or reload.")
    heap_bytes: int = Field(
        default=1 << 30,
        ge=1 << 26,
        description="Envoy's heap ceiling. Give it 2.5 times as much: it looks at intervals.",
    )
    held_bytes: int = Field(
        default=256 * 1024 * 1024,
        ge=1 << 20,
        description="Of request bodies that one worker holds; what exceeds it is told to retry.",
    )
    response_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, description="Of a response, or one event, that is read."
    )


class Record(Section):
    """Where audit records go, and how much callers are told."""

    path: LocalPath = Field(default="-", description='A file of JSON lines, or "-" for stdout.')
    endpoint: Literal["when-known", "always"] = Field(
        default="when-known",
        description="`always` asks Envoy for every response head, one message more a request.",
    )
    tell: Literal["reason", "opaque"] = Field(
        default="reason", description="`opaque`: a denied tool looks like an unknown one."
    )


def _none_if_empty(value: str | None) -> str | None:
    """What `${NAME:-}` leaves where the environment does not say."""
    return value or None


class Telemetry(Section):
    """OpenTelemetry export."""

    otlp_endpoint: Annotated[str | None, AfterValidator(_none_if_empty)] = Field(
        default=None, description="host:port of OTLP over gRPC; unset or empty: none."
    )
    service_name: str = "gatehouse"
    sampling: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="Share of the traces that begin at the gateway that is recorded. A trace that "
        "a client began is recorded where its traceparent says so.",
    )


class Service(Section):
    """The gateway's own processes."""

    workers: int = Field(default=1, ge=1, le=64)
    admin: str = Field(default="127.0.0.1:9909", description="host:port; loopback by default.")
    envoy_admin: str = Field(
        default="127.0.0.1:9901",
        description='Envoy\'s own admin address, host:port, or "unix": a socket in the run folder, '
        "for an Envoy in another container.",
    )
    listen: str = Field(
        default="unix",
        description='"unix": sockets in a private folder (of `serve`: in the run folder), for an '
        "Envoy on this machine; "
        '"host:port": the first worker\'s address, the others take the ports above it.',
    )
    run: LocalPath = Field(default=".run", description="Folder of Envoy's files.")
    tls: ListenerTls | None = Field(default=None, description="mTLS between Envoy and workers.")
    endpoint_picker: PickerProtocol | None = Field(
        default=None,
        description="Workers also pick for proxies that somebody else configures "
        "(docs/picker-protocol.md).",
    )
    model_armor: ModelArmorServer | None = None


class Gateway(Section):
    """gateway.yaml as a whole."""

    apiVersion: Literal["gatehouse.dev/v1"]  # noqa: N815  the field's Kubernetes-style spelling
    kind: Literal["Gateway"] = "Gateway"
    listeners: tuple[Listener, ...] = Field(min_length=1)
    routes: tuple[Route, ...] = Field(min_length=1)
    backends: tuple[Backend, ...] = ()
    pools: tuple[Pool, ...] = ()
    policies: LocalPath = Field(default="policies", description="Folder of documents.")
    guardrail_providers: tuple[GuardrailProvider, ...] = ()
    base: Literal["implied", "explicit"] = Field(
        default="implied",
        description="`implied`: whoever may use something of a backend may also open a session, "
        "list and ping; `explicit`: only rules that name these methods allow them.",
    )
    identity: Identity = Identity()
    sessions: Sessions = Sessions()
    state: StateSetting = State()
    limits: Limits = Limits()
    tools: Tools = Tools()
    record: Record = Record()
    telemetry: Telemetry = Telemetry()
    service: Service = Service()

    @property
    def upstreams(self) -> tuple[Backend, ...]:
        """Backends and pools: whatever a route leads to."""
        return (*self.backends, *self.pools)
