"""The Guardrail document. JSON Schema and the reference page are generated from these types.

Pure: no I/O, no clock. Which detectors there are, and what they take, is known to their package,
which checks `DetectorUse.options` in a second step.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, JsonValue, model_validator

from gateway.config.section import Name, Seconds, Section
from gateway.config.selection import CallMatch, Metadata, Target
from gateway.guardrails.exclusions import Exclusion
from gateway.model.finding import Action
from gateway.model.passage import Part, Stage

HOLD_BACK: Final = 128
"""Characters of a stream that are held back where a Guardrail does not say."""

MAX_BYTES: Final = 1024 * 1024
"""Bytes of one text that are judged where a Guardrail does not say."""

Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Threshold = Literal["LOW", "MEDIUM", "HIGH"]


class DetectorUse(Section):
    """One detector, and what its findings make of a message."""

    type: Label
    options: dict[str, JsonValue] = Field(
        default_factory=dict[str, JsonValue], description="What this detector is told."
    )
    categories: Annotated[tuple[Label, ...], Field(min_length=1)] | None = Field(
        default=None, description="Those of its categories that count. Unset: all."
    )
    threshold: Threshold | None = Field(
        default=None, description="The level from which on a finding counts. Unset: `MEDIUM`."
    )
    score: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="The score from which on it counts, in place of a threshold."
    )
    action: Action | None = Field(default=None, description="Unset: the Guardrail's.")

    @model_validator(mode="after")
    def _one_threshold(self) -> Self:
        if self.threshold is not None and self.score is not None:
            raise ValueError("a detector has either a threshold or a score")
        return self


class ProviderUse(Section):
    """A provider of gateway.yaml, which is asked when nothing local has blocked, and what its
    findings make of a message."""

    name: Name
    categories: Annotated[tuple[Label, ...], Field(min_length=1)] | None = Field(
        default=None, description="Those of its categories that count. Unset: all."
    )
    threshold: Threshold = "MEDIUM"
    action: Action | None = Field(
        default=None, description="Unset: what the provider itself asks for."
    )
    parts: Annotated[tuple[Part, ...], Field(min_length=1)] | None = Field(
        default=None,
        description="Whose words it is asked about. Unset: those of the scope, or all.",
    )


class Scope(Section):
    """Which strings of a message are judged: every one, keys too, where nothing is said."""

    parts: Annotated[tuple[Part, ...], Field(min_length=1)] | None = Field(
        default=None, description="Whose words. Unset: those that each detector is made for."
    )
    keys: bool = Field(default=True, description="Whether the keys of objects are judged, too.")


class Streaming(Section):
    """How answers are judged that come in pieces."""

    hold_back: Annotated[int, Field(ge=0, le=4096)] = Field(
        default=HOLD_BACK,
        description="Characters that are held back, so that what begins in them can be found "
        "before the client has it.",
    )


class GuardrailSpec(Section):
    """What a Guardrail looks for, where, and what follows."""

    targets: tuple[Target, ...] = Field(
        default=(), description="Required, but in a floor: that is for everything if it has none."
    )
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    match: CallMatch = CallMatch()
    scope: Scope = Scope()
    detectors: tuple[DetectorUse, ...] = ()
    providers: tuple[ProviderUse, ...] = Field(
        default=(), description="Services of `guardrail_providers` that are asked as well."
    )
    action: Action = Action.BLOCK
    mode: Literal["enforce", "shadow"] = Field(
        default="enforce", description="`shadow`: recorded, changes no message."
    )
    on_error: Literal["closed", "open"] = Field(
        default="closed",
        description="Whether a message goes on of which something could not be judged. It is "
        "recorded as skipped either way.",
    )
    on_oversize: Literal["block", "scan_windows", "skip_logged"] = Field(
        default="block",
        description="What becomes of a text of more than max_bytes: refused, judged to its end "
        "window by window, or judged up to there and recorded as skipped.",
    )
    max_bytes: Annotated[int, Field(ge=1, le=64 * 1024 * 1024)] = Field(
        default=MAX_BYTES, description="Of one text, in UTF-8."
    )
    timeout: Seconds = Field(
        default=1.0, description="In seconds, for one whole message; then the rest is skipped."
    )
    streaming: Streaming = Streaming()
    exclusions: tuple[Exclusion, ...] = Field(
        default=(), description="Findings that are none for this Guardrail."
    )
    floor: bool = Field(
        default=False,
        description="A floor of the organisation: for everything of its targets, always. No other "
        "Guardrail may be weaker about the same detector and category.",
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.detectors and not self.providers:
            raise ValueError("a guardrail has detectors, or providers, or both")
        return self

    @model_validator(mode="after")
    def _targets_or_floor(self) -> Self:
        if not self.targets and not self.floor:
            raise ValueError("only a floor has no targets: name a backend or a route")
        return self

    @model_validator(mode="after")
    def _whole_floor(self) -> Self:
        if self.floor and self.match != CallMatch():
            raise ValueError("a floor is for everything of its targets: leave match out")
        if self.floor and self.mode == "shadow":
            raise ValueError("a floor in shadow is none: leave mode out")
        return self


class Guardrail(Section):
    """What is looked for in the words of agents, models and tools, and what follows."""

    apiVersion: Literal["gatehouse.dev/v1"]  # noqa: N815  the field's Kubernetes-style spelling
    kind: Literal["Guardrail"]
    metadata: Metadata
    spec: GuardrailSpec
