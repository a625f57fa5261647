"""The EndpointPicker document: how a pool chooses the endpoint of a request.

Pure: no I/O, no clock. JSON Schema and the reference page are generated from these types. Which
plugins there are, and what they take, is known to the picker, which checks `Plugin.parameters`.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, JsonValue, Tag, model_validator

from gateway.config.document import Document
from gateway.config.section import Name, Seconds, Section
from gateway.config.shape import nearest
from gateway.config.yamltree import Path
from gateway.model.problem import Problem

BUILT_IN: Final = "default"
"""The document that there is without being written."""

PluginName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Fairness: TypeAlias = Literal["global-strict", "round-robin", "least-attained-service"]
Ordering: TypeAlias = Literal["fcfs", "edf", "slo-deadline"]
Ceiling: TypeAlias = Literal["static", "priority-holdback", "soft-reflective"]
Decider: TypeAlias = Literal["cost", "prefix", "always", "never"]
Bound = Annotated[int, Field(ge=0)]


class Metadata(Section):
    """How pools and other documents name this one."""

    name: Name
    description: str = ""


class Plugin(Section):
    """A filter or a picker by its type, with its parameters beside it."""

    model_config = ConfigDict(extra="allow")

    type: PluginName

    @property
    def parameters(self) -> dict[str, JsonValue]:
        """What stands beside `type` (and `weight`)."""
        return dict(self.model_extra or {})


class Scorer(Plugin):
    """A scorer by its type, with its parameters beside it."""

    weight: Annotated[float, Field(ge=0, le=1_000_000)] = Field(
        default=1.0, description="Its scores, 0 to 1, are multiplied by this and summed."
    )


class PluginChain(Section):
    """Filters in turn, then weighted scorers, then a picker."""

    filters: tuple[Plugin, ...] = Field(default=(), description="Each leaves candidates out.")
    scorers: tuple[Scorer, ...] = Field(default=(), description="The highest sum is the best.")
    picker: Plugin = Plugin(type="max-score-picker")


class PluginProfile(PluginChain):
    """The field's own profile, with the semantics of the Gateway API Inference Extension."""

    prefill: PluginChain | None = Field(
        default=None,
        description="What chooses the endpoint that prefills first, where `disaggregation` splits.",
    )


class Band(Section):
    """What holds for waiting requests of one priority."""

    max_requests: Bound | None = 5000
    max_bytes: Bound | None = Field(default=1_000_000_000, description="Of request bodies.")
    fairness: Fairness = Field(default="global-strict", description="Which flow is next.")
    ordering: Ordering = Field(default="fcfs", description="Which request of a flow is next.")


class PriorityBand(Band):
    """A band that differs from the usual one."""

    priority: Annotated[int, Field(ge=-(2**31), lt=2**31)] = Field(
        description="Higher is more urgent; requests below 0 may be shed."
    )


class Flow(Section):
    """How requests wait while the pool is full."""

    enabled: bool = Field(
        default=True, description="Without it nothing waits: a full pool drops what may be shed."
    )
    ttl: Seconds = Field(default=60.0, description="A request waits no longer than this.")
    no_endpoint_ttl: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=0.0, description="How long a request waits in a pool without endpoints."
    )
    max_requests: Bound | None = Field(default=None, description="In all bands; unset: unbounded.")
    max_bytes: Bound | None = Field(default=None, description="Of bodies in all bands.")
    band: Band = Field(default=Band(), description="Of priorities that `bands` does not list.")
    bands: tuple[PriorityBand, ...] = ()
    ceiling: Ceiling = Field(
        default="static", description="Up to which saturation each band is served."
    )
    min_ceiling: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="Of the lowest band; `priority-holdback` needs it."
    )
    max_ceiling: Annotated[float, Field(gt=0, le=1)] = 1.0
    domain: Literal["rank", "value"] = Field(
        default="rank", description="Whether holdback goes by the order of priorities or by value."
    )
    eviction: bool = Field(
        default=False,
        description="Whether running requests below priority 0 are ended for waiting ones above.",
    )
    max_flows: Annotated[int, Field(ge=1, le=10_000_000)] = Field(
        default=10_000, description="Flows that are told apart; the requests of more share one."
    )
    max_waiting: Annotated[int, Field(ge=1)] | None = Field(
        default=16, description="Requests that a server may have waiting on top of running ones."
    )
    max_in_flight: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Requests that a server is sent at a time."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        priorities = [band.priority for band in self.bands]
        if len(set(priorities)) < len(priorities):
            raise ValueError("two bands have the same priority")
        if self.ceiling == "priority-holdback" and self.min_ceiling is None:
            raise ValueError("the ceiling priority-holdback needs min_ceiling")
        if self.min_ceiling is not None and self.min_ceiling > self.max_ceiling:
            raise ValueError("min_ceiling is above max_ceiling")
        return self


class Disaggregation(Section):
    """Whether another endpoint prefills first."""

    decider: Decider = Field(
        default="cost",
        description="`cost`: where that is predicted to be faster, transfer included; `prefix`: by "
        "the two bounds below; plugins know no cost and take it as `never`.",
    )
    non_cached_tokens: Bound = Field(
        default=0, description="Least part of the prompt that is not cached; 0: never."
    )
    prompt_tokens: Bound = Field(default=0, description="Least length of the prompt.")


def _kind_of_profile(value: object) -> str:
    return "plugins" if isinstance(value, dict | PluginProfile) else "cost"


def _any_of(schema: dict[str, JsonValue]) -> None:
    """The form that other choices have, too."""
    schema["anyOf"] = schema.pop("oneOf")


Profile = Annotated[
    Annotated[Literal["cost"], Tag("cost")] | Annotated[PluginProfile, Tag("plugins")],
    Discriminator(_kind_of_profile),  # so that an error speaks of the kind that was meant
]


class EndpointPickerSpec(Section):
    """How to choose: one profile, or the shares of other documents."""

    profile: Profile = Field(
        default="cost",
        description="`cost`: predicted time to the first token; or a section of plugins.",
        json_schema_extra=_any_of,
    )
    split: dict[Name, Annotated[float, Field(ge=0, le=1_000_000)]] | None = Field(
        default=None,
        description="Other documents and their shares of the requests, in place of a profile.",
    )
    shadow: Name | None = Field(
        default=None, description="Another document that is asked as well and never decides."
    )
    flow: Flow = Field(
        default=Flow(enabled=False),
        description="How requests wait; without this section none does, and model servers queue.",
    )
    disaggregation: Disaggregation = Disaggregation()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.split is not None and isinstance(self.profile, PluginProfile):
            raise ValueError("give either a profile or a split")
        if self.split is not None and not sum(self.split.values()) > 0:
            raise ValueError("a split needs a share above 0")
        return self


class EndpointPicker(Section):
    """How pools that name this document choose the endpoint of a request."""

    apiVersion: Literal["gatehouse.dev/v1"]  # noqa: N815  the field's Kubernetes-style spelling
    kind: Literal["EndpointPicker"]
    metadata: Metadata
    spec: EndpointPickerSpec = EndpointPickerSpec()


def flow_values(flow: Flow) -> dict[str, object]:
    """The settings of flow control as plain values by name; `band` is a dict and `bands` a dict of
    such dicts by priority."""
    values: dict[str, object] = {
        name: getattr(flow, name) for name in Flow.model_fields if name not in {"band", "bands"}
    }
    values["band"] = _band_values(flow.band)
    values["bands"] = {band.priority: _band_values(band) for band in flow.bands}
    return values


def _band_values(band: Band) -> dict[str, object]:
    return {name: getattr(band, name) for name in Band.model_fields}


def check_references(
    found: Mapping[str, tuple[Document, EndpointPicker]],
) -> tuple[Problem, ...]:
    """What is wrong with the names of other documents in `split` and `shadow`. `found` has every
    EndpointPicker document by its name."""
    return tuple(
        problem
        for document, picker in found.values()
        for problem in _references(document, picker, found)
    )


def _references(
    document: Document,
    picker: EndpointPicker,
    found: Mapping[str, tuple[Document, EndpointPicker]],
) -> Iterator[Problem]:
    named: list[tuple[Path, str]] = [
        (("spec", "split", name), name) for name in picker.spec.split or {}
    ]
    if picker.spec.shadow is not None:
        named.append((("spec", "shadow"), picker.spec.shadow))
    for path, name in named:
        if name not in found and name != BUILT_IN:
            near = nearest(name, [*found, BUILT_IN])
            fix = f'did you mean "{near}"?' if near else "write it, or name another"
            yield document.problem(path, f'there is no EndpointPicker "{name}"', fix)
        elif name == picker.metadata.name:
            yield document.problem(path, f'"{name}" is this document itself')
        elif name in found and _leads_on(found[name][1]):
            message = f'"{name}" has a split or shadow of its own, which would not count'
            yield document.problem(path, message, "name a document with a profile")


def _leads_on(picker: EndpointPicker) -> bool:
    return picker.spec.split is not None or picker.spec.shadow is not None
