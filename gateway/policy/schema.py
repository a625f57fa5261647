"""The AccessPolicy document. JSON Schema and the reference page are generated from these types.

Pure: no I/O, no clock. Every model refuses unknown keys. An absent field does not constrain; an
empty list is an error, because it reads as "nobody" and would mean "everybody".

Patterns (`Pattern`): `*` stands for any run of characters, none included, and also for `/`, `:`
and `.`; every other character stands for itself, in its case. The whole value must match.
"""

from typing import Annotated, Literal

from pydantic import Field

from gateway.config.section import Name, Section
from gateway.config.selection import Metadata, Patterns, Target, Words


class AccessRule(Section):
    """One rule. It matches a call when every field that is given matches."""

    name: Name
    effect: Literal["allow", "deny"] = Field(description="A matching deny beats every allow.")
    principals: Patterns | None = Field(
        default=None, description="Patterns of Principal.id, one of which must match."
    )
    actors: Patterns | None = Field(
        default=None,
        description="Patterns of which one must match one of the identities that act for the "
        "principal (the agent behind which a user stands).",
    )
    methods: Words | None = Field(
        default=None,
        description='Methods, exact or with `*` ("resources/*"). Unset: every method that carries '
        "what the rule names.",
    )
    tools: Patterns | None = Field(default=None, description="Tool names of tools/call.")
    prompts: Patterns | None = Field(
        default=None, description="Prompt names of prompts/get and of completion/complete."
    )
    resources: Patterns | None = Field(
        default=None,
        description="URIs of resources/read, subscribe, unsubscribe and completion/complete.",
    )
    models: Patterns | None = Field(
        default=None, description="Models that a model server is asked for."
    )
    agents: Patterns | None = Field(
        default=None,
        description="Agents: the backend's name, and behind a slash the tenant if there is one.",
    )
    scopes: Words | None = Field(
        default=None,
        description="Scopes that the credential must all have. Where only scopes are lacking, an "
        "allow rule makes the refusal name them, so that the client can ask for more.",
    )
    when: str | None = Field(
        default=None,
        min_length=1,
        max_length=4096,
        description="A CEL expression of type bool over mcp, llm, a2a, principal, request and now.",
    )
    reason: str | None = Field(
        default=None, max_length=500, description="What a refused caller is told."
    )
    mode: Literal["enforce", "shadow"] | None = Field(
        default=None, description="`shadow`: reported, never decides. Unset: the policy's mode."
    )


class AccessSpec(Section):
    """What a policy says, and of what."""

    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    mode: Literal["enforce", "shadow"] = "enforce"
    rules: Annotated[tuple[AccessRule, ...], Field(min_length=1)]


class AccessPolicy(Section):
    """Who may do what at which backends. Any matching deny refuses, else any matching allow
    allows, else the call is refused."""

    apiVersion: Literal["gatehouse.dev/v1"]  # noqa: N815  the field's Kubernetes-style spelling
    kind: Literal["AccessPolicy"]
    metadata: Metadata
    spec: AccessSpec
