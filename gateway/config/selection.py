"""What documents select calls by: names, patterns, targets, and the fields of a match.

Pure: no I/O, no clock. An absent field does not constrain; an empty list is an error, because it
reads as "nobody" and would mean "everybody".
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.config.section import Name, Section

Pattern = Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]+$")]
Patterns = Annotated[tuple[Pattern, ...], Field(min_length=1)]
Word = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[\x21-\x7e]+$")]
Words = Annotated[tuple[Word, ...], Field(min_length=1)]


class Target(Section):
    """Where a policy applies: one backend or one route, by its name in gateway.yaml."""

    backend: Name | None = None
    route: Name | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.backend is None) == (self.route is None):
            raise ValueError("a target names either a backend or a route")
        return self


class Metadata(Section):
    """How records and other documents name this one."""

    name: Name
    description: str = ""


class CallMatch(Section):
    """Which calls are meant. It matches a call when every field that is given matches."""

    principals: Patterns | None = Field(
        default=None, description="Patterns of Principal.id, one of which must match."
    )
    actors: Patterns | None = Field(
        default=None,
        description="Patterns of which one must match one of the identities that act for the "
        "principal.",
    )
    methods: Words | None = Field(
        default=None,
        description='Methods, exact or with `*` ("resources/*"). Unset: every method in which the '
        "stages occur and that carries what the match names.",
    )
    tools: Patterns | None = Field(default=None, description="Tool names of tools/call.")
    prompts: Patterns | None = Field(default=None, description="Prompt names of prompts/get.")
    resources: Patterns | None = Field(default=None, description="URIs of resources/read.")
    models: Patterns | None = Field(
        default=None, description="Models that a model server is asked for."
    )
    agents: Patterns | None = Field(
        default=None,
        description="Agents: the backend's name, and behind a slash the tenant if there is one.",
    )
    when: str | None = Field(
        default=None,
        min_length=1,
        max_length=4096,
        description="A CEL expression of type bool over mcp, llm, a2a, principal, request and now. "
        "Where it has no value the call is matched.",
    )
