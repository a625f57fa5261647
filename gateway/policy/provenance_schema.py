"""The Provenance document: which results make a conversation tainted.

Pure: no I/O, no clock. JSON Schema and the reference page are generated from these types.
"""

from typing import Annotated, Literal

from pydantic import Field

from gateway.config.section import Name, Seconds, Section
from gateway.config.selection import Metadata, Patterns, Target

Found = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}(/[a-z][a-z0-9_]{0,62})?$")]


class ProvenanceRule(Section):
    """Results that taint. Every field that is given must hold; without any, every result does."""

    name: Name
    tools: Patterns | None = Field(default=None, description="Tools whose results taint.")
    resources: Patterns | None = Field(
        default=None, description="URIs of resources whose contents taint."
    )
    agents: Patterns | None = Field(default=None, description="Agents whose answers taint.")
    findings: Annotated[tuple[Found, ...], Field(min_length=1)] | None = Field(
        default=None,
        description="Detectors, or detector/category, of which a Guardrail must have a finding "
        "that counts in the result.",
    )


class ProvenanceSpec(Section):
    """What taints, for whom and for how long."""

    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    scope: Literal["session", "principal"] = Field(
        default="session",
        description="What is tainted: the principal in this MCP session, A2A context or agent "
        "session (by the headers of agents), and the principal alone where there is none; or the "
        "principal whatever it does.",
    )
    ttl: Seconds = Field(default=3600.0, description="Seconds until a taint is forgotten.")
    rules: Annotated[tuple[ProvenanceRule, ...], Field(min_length=1)]


class Provenance(Section):
    """A taint, by the name of the document: AccessPolicies read it as `request.taints`."""

    apiVersion: Literal["gatehouse.dev/v1"]  # noqa: N815  the field's Kubernetes-style spelling
    kind: Literal["Provenance"]
    metadata: Metadata
    spec: ProvenanceSpec
