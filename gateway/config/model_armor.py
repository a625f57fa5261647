"""The type of `service.model_armor` in gateway.yaml: Model Armor's API, served by the gateway."""

from typing import Literal

from pydantic import Field

from gateway.config.section import LocalPath, Name, Section


class ModelArmorServer(Section):
    """Answer requests of Model Armor's REST API, so that its clients may use our Guardrails."""

    address: str = Field(
        description="host:port; of several workers each listens on it, as the kernel spreads them."
    )
    certificate: LocalPath | None = Field(
        default=None, description="Path of the PEM certificate chain; unset: plain HTTP."
    )
    key: LocalPath | None = Field(default=None, description="Path of the PEM private key.")
    accept: tuple[Literal["jwt", "key", "anonymous"], ...] = Field(
        default=("jwt", "key"), description="Methods of identity, as of a listener."
    )
    templates: dict[str, Name] = Field(
        default_factory=dict[str, Name],
        description="Guardrails by the template ids that clients name; empty: by their own names.",
    )
    max_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, le=64 * 1024 * 1024, description="Of one request."
    )
    concurrency: int = Field(
        default=64, ge=1, le=10_000, description="Requests at once, of each worker; more get 429."
    )
