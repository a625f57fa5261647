"""The PolicySuite document (`*_test.yaml` beside policies).

A case gives a principal and either a call by its attributes, the items of a list, or a raw HTTP
request; and what must come out.
"""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from gateway.config.section import Section
from gateway.config.selection import Metadata
from gateway.model.passage import Part, Stage

_DEFAULT_NOW = datetime.fromisoformat("2026-01-01T00:00:00Z")


class PrincipalInput(Section):
    """An identity as it comes out of authentication."""

    id: str = Field(
        min_length=1,
        description="A SPIFFE id, jwt:ISSUER#SUBJECT, key:NAME, metadata:NAMESPACE#SUBJECT or "
        "anonymous.",
    )
    actors: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    claims: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])


class CallInput(Section):
    """A call without its HTTP request. Everything but `method` is an attribute of the variable that
    describes it: `mcp`, `llm` or `a2a`."""

    method: str = Field(min_length=1)
    attributes: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    name: str | None = None
    uri: str | None = None
    model: str | None = None
    agent: str | None = None
    arguments: dict[str, JsonValue] | None = None


class ListInput(Section):
    """Items as a server would list them: names, URIs, URI templates or models."""

    method: Literal[
        "tools/list", "prompts/list", "resources/list", "resources/templates/list", "models/list"
    ]
    items: tuple[str, ...]


class RequestInput(Section):
    """An HTTP request as a client would send it."""

    method: str = "POST"
    path: str = "/mcp"
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    body: JsonValue = Field(
        default=None, description="Text is sent as it is, anything else as JSON."
    )


class TextInput(Section):
    """A text that passes the gateway, for Guardrails: those that apply to the case's `call`, all of
    the folder where it has none."""

    stage: Stage
    text: str
    part: Part = Part.USER
    tool: str = Field(default="", description="The tool that is called, or defined.")


class Want(Section):
    """What must come out; what is not given is not compared."""

    decision: Literal["allow", "deny", "malformed"] | None = None
    rule: str | None = Field(
        default=None,
        description='"policy/rule" that decided, "base" for a base message, "" for the default.',
    )
    reason: str | None = Field(
        default=None, description="What the caller is told; of a malformed request its class."
    )
    needed_scopes: tuple[str, ...] | None = None
    shadow: tuple[str, ...] | None = Field(
        default=None, description='"policy/rule" of the shadow rules that would change it.'
    )
    shown: tuple[str, ...] | None = Field(default=None, description="Of a list: what is left.")
    action: Literal["block", "mask", "annotate", "log", "none"] | None = Field(
        default=None, description="The strongest action of the Guardrails that are enforced."
    )
    guardrails: tuple[str, ...] | None = Field(
        default=None, description="Those that found something, in shadow too."
    )
    findings: tuple[str, ...] | None = Field(
        default=None, description='What they found: "detector/category".'
    )
    skipped: tuple[str, ...] | None = Field(
        default=None, description='What they could not judge: "guardrail/reason".'
    )
    masked: str | None = Field(default=None, description="Of a text: what is left of it.")


class Case(Section):
    """One input and what must come out. Exactly one of `call`, `list` and `request`, or `text`,
    which may have a `call` beside it."""

    name: str = Field(min_length=1, max_length=200)
    principal: str = Field(
        default="anonymous", description='A key of `principals`, or "anonymous".'
    )
    backend: str | None = Field(default=None, description="Unset: the suite's.")
    route: str | None = Field(default=None, description="Unset: the suite's.")
    listener: str = ""
    source_address: str = "127.0.0.1"
    now: AwareDatetime | None = Field(default=None, description="Unset: the suite's.")
    taints: tuple[str, ...] = Field(
        default=(), description="Names of Provenance documents: what `request.taints` holds."
    )
    headers: dict[str, str] = Field(
        default_factory=dict[str, str], description="Request headers, for `call` and `list`."
    )
    call: CallInput | None = None
    list: ListInput | None = None
    request: RequestInput | None = None
    text: TextInput | None = None
    want: Want

    @model_validator(mode="after")
    def _one_input(self) -> Self:
        given = sum(one is not None for one in (self.call, self.list, self.request))
        if given != 1 and (self.text is None or given or self.list or self.request):
            raise ValueError("a case has exactly one of call, list and request, or a text")
        if self.text is not None and (self.list or self.request):
            raise ValueError("a text has at most a call beside it")
        if self.text is None and self.want.masked is not None:
            raise ValueError("only a text is wanted masked")
        if (self.list is None) != (self.want.shown is None):
            raise ValueError("a list wants `shown`, and nothing else does")
        return self


class SuiteSpec(Section):
    """Cases, and what they have in common."""

    backend: str = ""
    route: str = ""
    protocol: Literal["mcp", "openai", "anthropic", "a2a"] = Field(
        default="mcp", description="Of the raw requests of cases."
    )
    path: str = Field(default="/mcp", description="The route's path, for these requests.")
    now: AwareDatetime = _DEFAULT_NOW
    principals: dict[str, PrincipalInput] = Field(default_factory=dict[str, PrincipalInput])
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _known_principals(self) -> Self:
        for case in self.cases:
            if case.principal != "anonymous" and case.principal not in self.principals:
                raise ValueError(f'the case "{case.name}" names an unknown principal')
        return self


class PolicySuite(Section):
    """A file of cases for the policies of its folder."""

    apiVersion: Literal["gatehouse.dev/v1"]  # noqa: N815  the field's Kubernetes-style spelling
    kind: Literal["PolicySuite"]
    metadata: Metadata
    spec: SuiteSpec
