"""Rules that a route in mode `check` could never honour: what they allow needs its response, and
such a route decides on requests alone. Pure: no I/O, no clock.
"""

from collections.abc import Collection, Iterator
from typing import Final

from gateway.config.yamltree import Path
from gateway.model.problem import Problem
from gateway.policy.schema import AccessRule
from gateway.policy.source import PolicySource

NEEDS_RESPONSE: Final = frozenset(
    {
        "initialize",  # its session id has to be sealed
        "GET",
        "DELETE",
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "subscriptions/listen",  # judged again while it lasts
        "models/list",
        "GetAgentCard",  # rewritten to the gateway's URL
        "GetExtendedAgentCard",
    }
)
"""Methods that are refused on every route in mode `check`."""


def checked_findings(
    source: PolicySource, rule: AccessRule, path: Path, checked: Collection[tuple[str, str]]
) -> Iterator[Problem]:
    """Methods that an allow rule names although all of the policy's targets, each ("backend" or
    "route", name), are among those that only routes in mode `check` lead to."""
    targets = [
        ("backend", one.backend) if one.backend else ("route", one.route or "")
        for one in source.model.spec.targets
    ]
    if rule.effect != "allow" or not targets or not set(targets) <= set(checked):
        return
    for number, method in enumerate(rule.methods or ()):
        if method in NEEDS_RESPONSE:
            message = f"{method} needs its response, and a route in mode check never sees one"
            fix = "leave it out, or give the route mode: buffered"
            yield source.error((*path, "methods", number), message, fix)
