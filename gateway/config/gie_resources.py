"""InferencePool, InferenceObjective and InferenceModelRewrite, as they are in Kubernetes.

Pure: no I/O, no clock. Source: Gateway API Inference Extension (InferencePool v1) and llm-d router
v0.10 (the other two, under its own group and under the older one).
"""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, JsonValue

from gateway.config.gie_foreign import Foreign, ForeignMetadata, PoolRef
from gateway.config.section import Port

FailureMode: TypeAlias = Literal["FailClose", "FailOpen"]
LlmdVersion: TypeAlias = Literal["llm-d.ai/v1alpha2", "inference.networking.x-k8s.io/v1alpha2"]


class Selector(Foreign):
    """Which pods belong to a pool: those with all of these labels."""

    match_labels: Annotated[dict[str, str], Field(min_length=1, max_length=64)]


class TargetPort(Foreign):
    """A port on which each pod of a pool serves."""

    number: Port


class EndpointPickerRef(Foreign):
    """The Service that picks for a pool."""

    group: str = ""
    kind: str = "Service"
    name: Annotated[str, Field(min_length=1)]
    port: TargetPort | None = None
    failure_mode: FailureMode = "FailClose"


class InferencePoolSpec(Foreign):
    """Which pods serve, where, and who picks."""

    selector: Selector
    target_ports: Annotated[tuple[TargetPort, ...], Field(min_length=1, max_length=8)]
    app_protocol: Literal["http", "kubernetes.io/h2c"] = "http"
    endpoint_picker_ref: EndpointPickerRef | None = None


class InferencePool(Foreign):
    """Model servers in a Kubernetes cluster."""

    api_version: Literal["inference.networking.k8s.io/v1"]
    kind: Literal["InferencePool"]
    metadata: ForeignMetadata
    spec: InferencePoolSpec
    status: JsonValue = None


class InferenceObjectiveSpec(Foreign):
    """How urgent the requests are that name this objective."""

    pool_ref: PoolRef
    priority: Annotated[int, Field(ge=-(2**31), lt=2**31)] = 0


class InferenceObjective(Foreign):
    """A name that requests give for their priority."""

    api_version: LlmdVersion
    kind: Literal["InferenceObjective"]
    metadata: ForeignMetadata
    spec: InferenceObjectiveSpec
    status: JsonValue = None


class ModelMatch(Foreign):
    """The model name that a rule is for."""

    type: Literal["Exact"] = "Exact"
    value: Annotated[str, Field(min_length=1)]


class RewriteMatch(Foreign):
    """What a rule is for."""

    model: ModelMatch


class TargetModel(Foreign):
    """A model that requests get."""

    model_rewrite: Annotated[str, Field(min_length=1)]
    weight: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class RewriteRule(Foreign):
    """What is asked for and what is got; without matches it is for every request."""

    matches: tuple[RewriteMatch, ...] = ()
    targets: Annotated[tuple[TargetModel, ...], Field(min_length=1)]


class InferenceModelRewriteSpec(Foreign):
    """The rules of one object, the first that matches counts."""

    pool_ref: PoolRef
    rules: tuple[RewriteRule, ...]


class InferenceModelRewrite(Foreign):
    """Model names that requests use and the models that they get."""

    api_version: LlmdVersion
    kind: Literal["InferenceModelRewrite"]
    metadata: ForeignMetadata
    spec: InferenceModelRewriteSpec
    status: JsonValue = None


@dataclass(frozen=True, slots=True)
class PoolParts:
    """What an InferencePool says, in our own words. `failure_mode` is whether requests pass while
    its picker is away."""

    name: str
    namespace: str
    selector: dict[str, str]
    ports: tuple[int, ...]
    http2: bool
    failure_mode: FailureMode

    def addresses(self, ip: str) -> tuple[str, ...]:
        """The endpoints of the pod with this address: one for each port."""
        host = f"[{ip}]" if ":" in ip else ip
        return tuple(f"{host}:{port}" for port in self.ports)


def pool_parts(pool: InferencePool) -> PoolParts:
    """The parts of a pool; a port that is named twice counts once."""
    ref = pool.spec.endpoint_picker_ref
    return PoolParts(
        name=pool.metadata.name,
        namespace=pool.metadata.namespace,
        selector=dict(pool.spec.selector.match_labels),
        ports=tuple(dict.fromkeys(port.number for port in pool.spec.target_ports)),
        http2=pool.spec.app_protocol == "kubernetes.io/h2c",
        failure_mode=ref.failure_mode if ref else "FailClose",
    )
