"""Pods and InferencePools of a Kubernetes API as members of a pool. Pure: no I/O, no clock.

Source: Kubernetes API, core/v1 Pod; Gateway API Inference Extension, InferencePool v1; role labels
of llm-d router v0.10.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from gateway.config.addresses import Address, is_ip, may_be_reached
from gateway.config.gie_resources import Selector, TargetPort
from gateway.config.pool import LabelKey, LabelValue, Member
from gateway.model.jsonvalue import JsonObject

ROLE_LABEL: Final = "llm-d.ai/role"
REGION_LABEL: Final = "topology.kubernetes.io/region"
ZONE_LABEL: Final = "topology.kubernetes.io/zone"
MOST_PORTS: Final = 8

_Role: TypeAlias = Literal["both", "prefill", "decode", "encode"]
_ROLES: Final[dict[str, _Role]] = {
    "": "both",
    "both": "both",
    "prefill-decode": "both",
    "encode-prefill-decode": "both",
    "decode": "decode",
    "prefill": "prefill",
    "encode-prefill": "prefill",
    "encode": "encode",
}


class ObjectError(ValueError):
    """An object that is not as the API says; the text quotes nothing of it."""


class _Read(BaseModel):
    """A part of an object, of which only what is named here matters: newer clusters say more."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )


class _Metadata(_Read):
    name: str = Field(min_length=1, max_length=253)
    resource_version: str = Field(min_length=1, max_length=256)
    labels: dict[str, str] = Field(default_factory=dict[str, str])
    deletion_timestamp: str | None = None


class _Condition(_Read):
    type: str
    status: str


class _PodStatus(_Read):
    pod_ip: str = Field(default="", alias="podIP")
    conditions: list[_Condition] = Field(default_factory=list[_Condition])


class _Pod(_Read):
    metadata: _Metadata
    status: _PodStatus = _PodStatus()


class _PoolSpec(_Read):
    selector: Selector
    target_ports: list[TargetPort] = Field(min_length=1, max_length=MOST_PORTS)


class _Pool(_Read):
    metadata: _Metadata
    spec: _PoolSpec


_LABELS: Final = TypeAdapter(dict[LabelKey, LabelValue])


@dataclass(frozen=True, slots=True)
class Selection:
    """Which pods serve, and on which ports."""

    labels: dict[str, str]
    ports: tuple[int, ...]

    def query(self) -> str:
        """As `labelSelector` of a request: pods that have all of the labels."""
        return ",".join(f"{key}={value}" for key, value in sorted(self.labels.items()))


def name_and_version(value: JsonObject) -> tuple[str, str]:
    """The name and resourceVersion of any object. Raises ObjectError."""
    metadata = value.get("metadata")
    try:
        found = _Metadata.model_validate(metadata)
    except ValidationError:
        raise ObjectError("an object without name and resourceVersion") from None
    return found.name, found.resource_version


def selection_of(value: JsonObject) -> Selection:
    """What an InferencePool selects. Raises ObjectError, also for a selector of which a part is not
    understood: pods that nobody meant must not get requests."""
    try:
        pool = _Pool.model_validate(value)
        labels = _LABELS.validate_python(pool.spec.selector.match_labels, strict=True)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"][:4])
        raise ObjectError(f"an InferencePool that cannot be used, at {where or 'labels'}") from None
    return Selection(labels, tuple(dict.fromkeys(port.number for port in pool.spec.target_ports)))


def members_of(value: JsonObject, ports: tuple[int, ...]) -> tuple[Member, ...]:
    """A pod as a member for each of `ports`; none while it is not ready, on its way out, or of a
    role that is not known. Raises ObjectError."""
    try:
        pod = _Pod.model_validate(value)
    except ValidationError:
        raise ObjectError("a pod that cannot be read") from None
    labels = pod.metadata.labels
    role = _ROLES.get(labels.get(ROLE_LABEL, ""))
    if role is None or not _serves(pod):
        return ()
    return tuple(
        Member(
            address=str(Address(pod.status.pod_ip, port)),
            role=role,
            region=labels.get(REGION_LABEL, ""),
            zone=labels.get(ZONE_LABEL, ""),
            labels=labels,
        )
        for port in ports
    )


def _serves(pod: _Pod) -> bool:
    """Whether it is ready, not being deleted, and at an address that pods can have: a forged one
    must not lead to where clouds keep their metadata."""
    ready = any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions)
    host = pod.status.pod_ip
    reachable = is_ip(host) and may_be_reached(host, private=True)
    return ready and pod.metadata.deletion_timestamp is None and reachable
