"""Policies, principals and contexts for tests, made by the same loaders as a user's files."""

from collections.abc import Collection
from pathlib import Path
from typing import Literal

from gateway.config.document import Document, parse_documents, validate
from gateway.model.head import Headers, RequestHead
from gateway.model.principal import Principal, PrincipalKind
from gateway.model.problem import Problem
from gateway.policy.cel import Runtime
from gateway.policy.compile import compile_policies
from gateway.policy.context import RequestContext
from gateway.policy.engine import PolicySet
from gateway.policy.schema import AccessPolicy
from gateway.policy.source import PolicySource

HEADER = "apiVersion: gatehouse.dev/v1\nkind: AccessPolicy\n"
AGENT = Principal(PrincipalKind.SPIFFE, "cluster.local", "spiffe://cluster.local/agent")
USER = Principal(PrincipalKind.JWT, "https://issuer", "user")
BACKENDS = frozenset({"tracker", "elsewhere"})
ROUTES = frozenset({"public", "private"})


def documents(text: str, file: str = "policy.yaml") -> tuple[Document, ...]:
    """The documents of a YAML text, which must be sound."""
    found = parse_documents(text, file, {}, Path())
    result = tuple(one for one in found if isinstance(one, Document))
    assert len(result) == len(found), found
    return result


def policy_sources(*found: Document, text: str = "") -> list[PolicySource]:
    """The policies among documents, which must be of the right form."""
    sources: list[PolicySource] = []
    for one in found:
        if isinstance(one.value, dict) and one.value["kind"] == "AccessPolicy":
            model = validate(one, AccessPolicy)
            assert isinstance(model, AccessPolicy), model
            sources.append(PolicySource(model, one.place, text))
    return sources


def compiled(
    text: str,
    *,
    base: Literal["implied", "explicit"] = "implied",
    backends: Collection[str] = BACKENDS,
    runtime: Runtime | None = None,
) -> PolicySet | tuple[Problem, ...]:
    """The policies of a YAML text compiled, or what is wrong with them."""
    return compile_policies(
        policy_sources(*documents(text), text=text),
        backends=backends,
        routes=ROUTES,
        base=base,
        runtime=runtime,
    )


def policies(
    text: str,
    *,
    base: Literal["implied", "explicit"] = "implied",
    runtime: Runtime | None = None,
) -> PolicySet:
    """The policies of a YAML text, which must be sound."""
    found = compiled(text, base=base, runtime=runtime)
    assert isinstance(found, PolicySet), [str(problem) for problem in found]
    return found


def rules(*lines: str, base: Literal["implied", "explicit"] = "implied") -> PolicySet:
    """One policy `p` for the backend tracker with a rule a line, in YAML's flow style."""
    return policies(policy_text(*lines), base=base)


def policy_text(*lines: str) -> str:
    """The YAML of one policy `p` for the backend tracker; its first rule is on line 7."""
    head = f"{HEADER}metadata: {{name: p}}\nspec:\n  targets: [{{backend: tracker}}]\n  rules:\n"
    return head + "".join(f"  - {{{line}}}\n" for line in lines)


def problems(*lines: str) -> list[str]:
    """What is wrong with one policy of these rules, as people read it."""
    found = compiled(policy_text(*lines))
    return [str(one) for one in (found.warnings if isinstance(found, PolicySet) else found)]


def context(
    backend: str = "tracker", *, now: float = 0.0, headers: dict[str, str] | None = None
) -> RequestContext:
    """A POST to the backend."""
    head = RequestHead("POST", "/mcp", headers=Headers((headers or {}).items()), route="route")
    return RequestContext(head, backend, now)


def policy(text: str) -> AccessPolicy | tuple[Problem, ...]:
    """One document validated."""
    return validate(documents(text)[0], AccessPolicy)
