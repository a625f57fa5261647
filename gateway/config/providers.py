"""The types of `guardrail_providers` in gateway.yaml: services that judge texts for guardrails."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, SecretStr

from gateway.config.backend import BackendAuth
from gateway.config.section import LocalPath, Name, Seconds, Section

_URL: Final = r"^https?://[^/?#@\s]+(/[^?#\s]*)?$"
_RESOURCE: Final = r"^[A-Za-z0-9][A-Za-z0-9:._-]{0,127}$"

Resource = Annotated[str, Field(pattern=_RESOURCE)]
"""One segment of a resource name of Google's."""

Url = Annotated[str, Field(max_length=1024, pattern=_URL)]

Filter: TypeAlias = Literal["rai", "pi_and_jailbreak", "malicious_uris", "csam", "sdp"]


class ProviderAccess(Section):
    """How an HTTP service is reached. No redirect is followed."""

    ca: LocalPath | None = Field(
        default=None, description="Path of the PEM CA; unset: the system's."
    )
    auth: BackendAuth | None = Field(default=None, description="A header with a credential.")
    token_file: LocalPath | None = Field(
        default=None,
        description="A bearer token that another process keeps fresh: read again when the file "
        "changes. In place of `auth`.",
    )


class ModelArmor(ProviderAccess):
    """Google Model Armor over REST, or a server of its form, such as another gateway.

    It is sent each text alone, in the pieces that `piece` says.
    """

    project: Resource
    location: Resource = Field(description='Such as "europe-west4"; says the host, too.')
    template: Resource
    metadata_server: Url | None = Field(
        default=None,
        description="Where the token of the machine's own service account comes from: on Google's "
        'machines and clusters "http://metadata.google.internal". In place of `token_file`.',
    )
    models: dict[str, Resource] = Field(
        default_factory=dict[str, Resource],
        description="Other templates by the name of the model that is asked.",
    )
    url: Url | None = Field(
        default=None,
        description="In place of https://modelarmor.LOCATION.rep.googleapis.com.",
    )
    piece: Annotated[int, Field(ge=1_000, le=200_000)] = Field(
        default=32_000,
        description="Characters of the longest text that is sent whole; what is longer goes in "
        "pieces that overlap by 500.",
    )
    may_skip: tuple[Filter, ...] = Field(
        default=(),
        description="Filters that may say EXECUTION_SKIPPED and the text still counts as judged.",
    )


class Webhook(ProviderAccess):
    """A webhook in the form of agentgateway's prompt guards: POST URL/request and URL/response."""

    url: Url
    category: Name = Field(default="webhook", description="Of its findings, which have no own.")


class LiteLlm(ProviderAccess):
    """A server of LiteLLM's generic guardrail API: POST URL/beta/litellm_basic_guardrail_api."""

    url: Url
    category: Name = Field(default="litellm", description="Of its findings, which have no own.")


class OpenAiModeration(ProviderAccess):
    """OpenAI's moderation endpoint: POST URL/moderations."""

    url: Url = "https://api.openai.com/v1"
    model: str = Field(default="omni-moderation-latest", min_length=1, max_length=128)


class GuardModel(ProviderAccess):
    """A model that is trained to judge, on an OpenAI-compatible server.

    `llama-guard` is asked by URL/chat/completions once for each text, `shieldgemma` by
    URL/completions once for each text and category.
    """

    url: Url = Field(description='With the version: "http://127.0.0.1:8000/v1".')
    model: str = Field(min_length=1, max_length=256)
    form: Literal["llama-guard", "shieldgemma"]
    logprobs: bool = Field(
        default=True,
        description="Ask for log-probabilities, from which LOW, MEDIUM and HIGH come. Without them "
        "whatever the model calls unsafe is HIGH.",
    )
    piece: Annotated[int, Field(ge=500, le=100_000)] = Field(
        default=8_000,
        description="Characters of the longest text that is sent whole; what is longer goes in "
        "pieces that overlap by 500. The model's context must hold it.",
    )


class GuardService(Section):
    """A server of gatehouse.guardrail.v1.Guardrail (protos/guardrail.proto) over gRPC."""

    address: str = Field(description="host:port.")
    tls: bool = True
    ca: LocalPath | None = Field(
        default=None, description="Path of the PEM CA; unset: gRPC's own list."
    )
    token: SecretStr | None = Field(
        default=None, description="Sent as `authorization: Bearer`; only with TLS or on loopback."
    )


class ProviderBreaker(Section):
    """When a provider is left alone for a while: `failures` within `window` seconds open the
    circuit for `rest` seconds, and then one question tries it."""

    failures: int = Field(default=5, ge=1, le=1000)
    window: Seconds = 10
    rest: Seconds = 5


class ProviderCache(Section):
    """Verdicts are kept by a hash of what was asked, whatever they say; failures are not."""

    entries: int = Field(default=4096, ge=0, le=1_000_000, description="0 keeps none.")
    ttl: Seconds = 300


class GuardrailProvider(Section):
    """A service that judges texts. Exactly one of `model_armor`, `webhook`, `litellm`,
    `openai_moderation`, `guard_model` and `grpc` says which."""

    name: Name
    model_armor: ModelArmor | None = None
    webhook: Webhook | None = None
    litellm: LiteLlm | None = None
    openai_moderation: OpenAiModeration | None = None
    guard_model: GuardModel | None = None
    grpc: GuardService | None = None
    timeout: Annotated[float, Field(gt=0, le=60)] = Field(
        default=1.0, description="Seconds for a whole question, waiting included."
    )
    concurrency: int = Field(
        default=64, ge=1, le=10_000, description="Requests to it at once, of each worker."
    )
    max_characters: int = Field(
        default=1_000_000,
        ge=1,
        le=16_000_000,
        description="Of all texts of a question; a larger one is not asked and counts as skipped.",
    )
    breaker: ProviderBreaker = ProviderBreaker()
    cache: ProviderCache = ProviderCache()

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which sections it has; a right one has exactly one."""
        return tuple(kind for kind in KINDS if getattr(self, kind) is not None)


KINDS: Final = ("model_armor", "webhook", "litellm", "openai_moderation", "guard_model", "grpc")
"""Sections of a provider of which it has exactly one."""
