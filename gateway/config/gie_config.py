"""llm-d's EndpointPickerConfig, as it is (llm-d router v0.10, and its older group). Pure."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from gateway.config.gie_foreign import Duration, Foreign, ForeignMetadata, Quantity

Ref = Annotated[str, Field(min_length=1)]


class PluginSpec(Foreign):
    """A plugin; other parts refer to it by its name, which is its type unless given."""

    name: str = ""
    type: Annotated[str, Field(min_length=1)]
    parameters: dict[str, JsonValue] | None = None

    @property
    def reference(self) -> str:
        """What other parts call it."""
        return self.name or self.type


class PluginRef(Foreign):
    """A reference to a plugin."""

    plugin_ref: Ref


class SchedulingPlugin(PluginRef):
    """A plugin within a profile."""

    weight: Annotated[float, Field(ge=0, le=1_000_000)] | None = None


class SchedulingProfile(Foreign):
    """Plugins of one profile, each taken for what it is."""

    name: Ref
    plugins: tuple[SchedulingPlugin, ...] = ()


class OptionalRef(Foreign):
    """A reference that may be left out."""

    plugin_ref: str = ""


class RequestHandler(Foreign):
    """What reads requests."""

    parsers: tuple[PluginRef, ...] = ()


class PriorityBandConfig(Foreign):
    """What holds for waiting requests of one priority."""

    priority: int = 0
    max_bytes: Quantity | None = None
    max_requests: Quantity | None = None
    fairness_policy_ref: str = ""
    ordering_policy_ref: str = ""


class FlowControlConfig(Foreign):
    """How requests wait; it counts only with the feature gate flowControl."""

    max_bytes: Quantity | None = None
    max_requests: Quantity | None = None
    default_request_ttl: Duration | None = Field(default=None, alias="defaultRequestTTL")
    no_endpoint_request_ttl: Duration | None = Field(default=None, alias="noEndpointRequestTTL")
    default_priority_band: PriorityBandConfig | None = None
    default_negative_priority_band: PriorityBandConfig | None = None
    priority_bands: tuple[PriorityBandConfig, ...] = ()
    usage_limit_policy_plugin_ref: str = ""
    saturation_detector: OptionalRef | None = None
    enable_eviction: bool = False


class EndpointPickerConfig(Foreign):
    """How llm-d's endpoint picker is set up."""

    api_version: Literal["llm-d.ai/v1alpha1", "inference.networking.x-k8s.io/v1alpha1"]
    kind: Literal["EndpointPickerConfig"]
    metadata: ForeignMetadata | None = None
    feature_gates: tuple[str, ...] = ()
    plugins: tuple[PluginSpec, ...] = ()
    scheduling_profiles: tuple[SchedulingProfile, ...] = ()
    request_handler: RequestHandler | None = None
    parser: OptionalRef | None = None
    saturation_detector: OptionalRef | None = None
    data_layer: dict[str, JsonValue] | None = None
    data: dict[str, JsonValue] | None = None
    flow_control: FlowControlConfig | None = None

    def gate(self, name: str) -> bool:
        """Whether a feature gate is on; of several mentions the last counts."""
        mentions = [gate.partition("=") for gate in self.feature_gates]
        on = [value.lower() != "false" for gate, _, value in mentions if gate == name]
        return on[-1] if on else False
