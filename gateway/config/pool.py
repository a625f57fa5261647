"""The types of pools in gateway.yaml: model servers among which the gateway picks."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

from gateway.config.backend import Backend
from gateway.config.section import LocalPath, Name, Port, Section

Engine: TypeAlias = Literal["vllm", "sglang", "trtllm", "triton", "openai"]
Hint: TypeAlias = Literal["objective", "fairness", "slo", "rewrite", "session", "subset"]


def _mounted(value: str, info: ValidationInfo) -> str:
    context: dict[str, Path] | None = info.context
    return str((context["folder"] / value).absolute()) if context else value


MountedPath: TypeAlias = Annotated[
    str, Field(min_length=1, pattern=r"^[^\x00]+$"), AfterValidator(_mounted)
]
"""A path whose links are followed whenever it is opened: Kubernetes changes a mounted file by
pointing a link elsewhere, so that what it leads to today is gone tomorrow."""

ObjectName: TypeAlias = Annotated[
    str, Field(max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
]
LabelKey: TypeAlias = Annotated[
    str,
    Field(
        max_length=317,
        pattern=r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?"
        r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
    ),
]
LabelValue: TypeAlias = Annotated[
    str, Field(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")
]


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


class Kubernetes(Section):
    """Pods of a cluster that are members while they are ready: those that an InferencePool (v1)
    selects, or those with the labels of `selector`."""

    namespace: Name | None = Field(
        default=None, description="Unset: that of the gateway's own pod."
    )
    inference_pool: ObjectName | None = Field(
        default=None, description="Name of the InferencePool, which says labels and ports."
    )
    selector: Annotated[dict[LabelKey, LabelValue], Field(max_length=64)] = Field(
        default_factory=dict[str, str], description="Labels that each pod has, all of them."
    )
    port: Port | None = Field(default=None, description="Where pods of `selector` serve.")
    objects: bool = Field(
        default=True,
        description="Whether InferenceObjectives and InferenceModelRewrites that name the "
        "InferencePool count.",
    )
    server: str | None = Field(
        default=None, description="https://host:port of the API; unset: the gateway's own cluster."
    )
    token_file: MountedPath | None = Field(
        default=None,
        description="Holds the bearer token; read whenever one is needed. Unset: that of the "
        "pod's service account.",
    )
    ca: MountedPath | None = Field(
        default=None,
        description="PEM CA of the API; unset: that of the pod, and with `server` the system's.",
    )


class Scrape(Section):
    """Where the model servers of a pool tell how busy they are."""

    enabled: bool = True
    path: str = Field(default="/metrics", pattern=r"^/")
    port: Port | None = Field(default=None, description="Unset: that of the endpoint.")
    scheme: Literal["http", "https"] = "http"
    ca: LocalPath | None = Field(default=None, description="Path of the PEM CA; unset: system's.")
    token: SecretStr | None = Field(default=None, description="Bearer token.")


class KvEvents(Section):
    """Where the model servers of a pool publish what comes into their prefix caches and leaves
    them (vLLM's `--kv-events-config`), at the host of each."""

    port: Port = Field(
        default=5557,
        description="Of the ZMQ publisher; a member's label `kv-events-port` goes before it.",
    )
    replay_port: Port | None = Field(
        default=None,
        description="Where what was missed can be had again; a member's label `kv-replay-port` "
        "goes before it. Unset: what was missed is lost.",
    )
    topic: Annotated[str, Field(max_length=256)] = Field(
        default="", description="What topics begin with; others are not read."
    )


class Slo(Section):
    """What answers should keep to, unless the request says otherwise."""

    ttft_ms: Annotated[float, Field(gt=0)] | None = None
    tpot_ms: Annotated[float, Field(gt=0)] | None = None


def _a_file(value: str) -> str:
    if value == "-":
        raise ValueError("want a file; a trace is read again")
    return value


class Trace(Section):
    """Where it is kept how requests were served, without a word of what they said, for
    `gatehouse trace export`."""

    file: Annotated[LocalPath, AfterValidator(_a_file)] = Field(
        description="JSON lines; the older half is beside it, named FILE.1."
    )
    max_bytes: Annotated[int, Field(ge=65_536, le=1 << 40)] = Field(
        default=256 * 1024 * 1024, description="Of both together."
    )


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
    answer soonest. Members come from `endpoints`, `members`, `file` and `kubernetes`."""

    members: tuple[Member, ...] = Field(
        default=(), description="Model servers, where more than the address matters."
    )
    file: LocalPath | None = Field(
        default=None, description="A YAML list of further `members`, which is watched."
    )
    kubernetes: Kubernetes | None = Field(
        default=None, description="Further members: pods, which are watched."
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
    kv_events: KvEvents | None = Field(
        default=None, description="Unset: nobody listens, and caches are known by requests alone."
    )
    slo: Slo = Slo()
    picker: Name = Field(
        default="default", description="The EndpointPicker document; `default` is built in."
    )
    trace: Trace | None = Field(
        default=None, description="Keeps how requests were served; unset: the last 1,000 picks are."
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
