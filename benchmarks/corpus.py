"""Policies and principals of the measured gateways, and the requests that they judge.

A corpus of N policies: one for the tool `probe-1`, and in the largest ten for `probe-10` and a
hundred for `probe-100`; the rest are for other backends, principals and tools and never match. Half
of all policies have a `when`. Of the policies of a wide probe the first half are denies whose
`when` is false, so all of them are evaluated before an allow can match.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.support.gatehouse import key_entry, policy

PROBES: Final = (1, 10, 100)
"""How many policies can match the tool `probe-N`."""

OWNER: Final = "acme"


@dataclass(frozen=True, slots=True)
class Corpus:
    """The rules of one gateway, as documents."""

    policies: tuple[dict[str, Any], ...]
    backends: tuple[str, ...]
    principals: int

    @property
    def keys(self) -> list[dict[str, Any]]:
        """The entries of identity.keys."""
        return [key_entry(principal(i), api_key(i)) for i in range(self.principals)]


def corpus(size: int) -> Corpus:
    """`size` policies; 1,000 are spread over 50 backends, 200 principals and 2,000 tools."""
    backends = tuple(f"backend-{i}" for i in range(max(1, size // 20)))
    principals = max(1, size // 5)
    probes = PROBES if size >= sum(PROBES) else PROBES[:1]
    policies = [one for width in probes for one in _probe(width, backends[0])]
    policies += [_spread(i, backends, principals) for i in range(size - len(policies))]
    return Corpus(tuple(policies), backends, principals)


def principal(number: int) -> str:
    """The name of an API key."""
    return f"caller-{number}"


def api_key(number: int) -> str:
    """The key that a caller sends; it opens nothing but a benchmark."""
    return f"benchmark-key-{number}"


def _probe(width: int, backend: str) -> Sequence[dict[str, Any]]:
    fields: dict[str, Any] = {"tools": [f"probe-{width}"], "principals": [f"key:{principal(0)}"]}
    if width == 1:
        when = f'mcp.arguments.owner == "{OWNER}"'
        return [policy("probe-1", backend, _rule("allow", when=when, **fields))]
    denies = [
        _rule("deny", when=f'mcp.arguments.owner == "other-{i}"', **fields)
        for i in range(width // 2)
    ]
    allows = [_rule("allow", **fields) for _ in range(width - len(denies))]
    return [
        policy(f"probe-{width}-{i}", backend, rule) for i, rule in enumerate([*denies, *allows])
    ]


def _spread(number: int, backends: Sequence[str], principals: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "tools": [f"tool-{2 * number}", f"tool-{2 * number + 1}"],
        "principals": [f"key:{principal(number % principals)}"],
    }
    if number % 2:
        fields["when"] = f'mcp.arguments.project.startsWith("team-{number}")'
    effect = "deny" if number % 10 == 0 else "allow"
    backend = backends[number % len(backends)]
    return policy(f"policy-{number}", backend, _rule(effect, **fields))


def _rule(effect: str, **fields: Any) -> dict[str, Any]:
    return {"name": "rule", "effect": effect, **fields}
