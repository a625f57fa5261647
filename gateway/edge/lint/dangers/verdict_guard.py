"""A request that goes on although nobody has judged it."""

from typing import Final

from gateway.config.wiring import AUDIT_ID, VERDICT_NAMESPACES
from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import Filter, Manager, Route, Setup


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        rules = _rules(manager)
        if not any(wants_verdict(one.config["rules"]) for one in rules):
            asks = manager.ours[-1]
            yield asks.node, f"no filter after {asks.name} wants its verdict"
            continue
        for route in manager.forwarded:
            if not any(_guards(one, route) for one in rules):
                yield route.node["name"], f"{route.shown} goes on without a verdict"


def _rules(manager: Manager) -> list[Filter]:
    """RBAC filters after the last that asks."""
    last = max(manager.filters.index(one) for one in manager.ours)
    return [one for one in manager.filters[last:] if one.type == "RBAC"]


def _guards(one: Filter, route: Route) -> bool:
    """Whether a filter guards a route, which may bring rules of its own, or none at all."""
    own = route.of_filter(one)
    return route.has(one) and wants_verdict((own["rbac"] if own.given else one.config)["rules"])


def wants_verdict(rules: Node) -> bool:
    """Whether every policy of RBAC rules needs the audit id of a verdict."""
    policies = rules["policies"].entries.values()
    allows = rules.given and rules["action"].text in {"", "ALLOW"}
    return allows and all(
        permissions and all(_needs(one) for one in permissions)
        for permissions in (policy["permissions"].items for policy in policies)
    )


def _needs(permission: Node) -> bool:
    both = permission["and_rules.rules"].items
    if any(_needs(one) for one in both):
        return True
    matcher = permission["sourced_metadata.metadata_matcher"]
    matcher = matcher if matcher.given else permission["metadata"]
    keys = [one["key"].text for one in matcher["path"].items]
    return (
        matcher["filter"].text in VERDICT_NAMESPACES
        and keys == [AUDIT_ID]
        and matcher["value.present_match"].on
        and not matcher["invert"].on
    )


DANGER: Final = Danger(
    name="verdict-guard",
    level="danger",
    reason="ext_proc lets a request go on when the stream ends cleanly before an answer, whatever "
    "failure_mode_allow says",
    fix="let an RBAC filter want the audit id in dynamic metadata, as the snippet does",
    find=_find,
)
