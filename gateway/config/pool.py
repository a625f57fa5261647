"""The types of pools in gateway.yaml: model servers among which the gateway picks."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, SecretStr

from gateway.config.backend import Backend
from gateway.config.section import LocalPath, Name, Port, Section

Engine: TypeAlias = Literal["vllm", "sglang", "trtllm", "triton", "openai"]
Hint: TypeAlias = Literal["objective", "fairness", "slo", "rewrite", "session", "subset"]


class Member(Section):
    """One model server of a pool, where more than its address matters."""

    address: str = Field(description="host:port.")
    role: Literal["both", "prefill", "decode", "encode"] = Field(
        default="both", description="What it does where prefill and decode are separate servers."
    )
    region: str = ""
    zone: str = ""
    round_trip_ms: Annotated[float, Field(ge=0, le=60_000)] = Field(
        default=0, description="Network time beyond that of the nearest servers."
    )
    labels: dict[str, str] = Field(
        default_factory=dict[str, str], description="For filters and scorers of a profile."
    )


class Scrape(Section):
    """Where the model servers of a pool tell how busy they are."""

    enabled: bool = True
    path: str = Field(default="/metrics", pattern=r"^/")
    port: Port | None = Field(default=None, description="Unset: that of the endpoint.")
    scheme: Literal["http", "https"] = "http"
    ca: LocalPath | None = Field(default=None, description="Path of the PEM CA; unset: system's.")
    token: SecretStr | None = Field(default=None, description="Bearer token.")


class Slo(Section):
    """What answers should keep to, unless the request says otherwise."""

    ttft_ms: Annotated[float, Field(gt=0)] | None = None
    tpot_ms: Annotated[float, Field(gt=0)] | None = None


class RewriteTarget(Section):
    """One of the models that a name stands for."""

    model: str = Field(min_length=1)
    weight: Annotated[int, Field(ge=0, le=1_000_000)] | None = Field(
        default=None, description="Share of the requests; all unset: equal shares."
    )


class Rewrite(Section):
    """A model name that requests use and the models that they get."""

    model: str | None = Field(default=None, description="Unset: every request without another.")
    targets: tuple[RewriteTarget, ...] = Field(min_length=1)


class Pool(Backend):
    """Model servers that may serve the same requests; for each the gateway picks the one that will
    answer soonest. Members come from `endpoints`, `members` and `file`."""

    members: tuple[Member, ...] = Field(
        default=(), description="Model servers, where more than the address matters."
    )
    file: LocalPath | None = Field(
        default=None, description="A YAML list of further `members`, which is watched."
    )
    engine: Engine = Field(
        default="vllm", description="Which metrics they tell; `openai`: any other, by counts alone."
    )
    models: tuple[str, ...] = Field(
        default=(), description="Names that requests may use; empty: any, in the only pool."
    )
    adapters: dict[str, str] = Field(
        default_factory=dict[str, str], description="LoRA adapters by name, and their base models."
    )
    rewrites: tuple[Rewrite, ...] = ()
    objectives: dict[str, int] = Field(
        default_factory=dict[str, int],
        description="Priorities by the names that the objective header uses; negative: sheddable.",
    )
    scrape: Scrape = Scrape()
    slo: Slo = Slo()
    picker: Name = Field(
        default="default", description="The EndpointPicker document; `default` is built in."
    )
    sample: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.05,
        description="Share of the answers that are read, after the first hundred, to learn what "
        "was cached and how soon the first token came.",
    )


class Hints(Section):
    """Control headers of the endpoint picker protocol that count, for these principals."""

    principals: tuple[str, ...] = Field(
        default=("*",), description="As in rules of policies; patterns with * are possible."
    )
    allow: tuple[Hint, ...] = Field(min_length=1)
