"""Headers that only the gateway may write, and that a client can send."""

import re
from collections.abc import Sequence
from typing import Final

from gateway.edge.headers import OWNED_NAMES, OWNED_PATTERN, OWNED_PREFIXES
from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.removals import Removals, removals_of
from gateway.edge.lint.setup import Setup


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        extensions = manager.node["early_header_mutation_extensions"]
        missing = _missing(removals_of([rule for one in extensions.items for rule in _rules(one)]))
        if missing:
            yield extensions, f"clients can send {', '.join(missing)}"


def _rules(extension: Node) -> Sequence[Node]:
    return extension["typed_config.mutations"].items


def _missing(removals: Removals) -> list[str]:
    return [
        *(name for name in OWNED_NAMES if not removals.removes(name)),
        *(f"{prefix}*" for prefix in OWNED_PREFIXES if not removals.removes_all(prefix)),
        *([] if _pattern_gone(removals) else [OWNED_PATTERN]),
    ]


def _pattern_gone(removals: Removals) -> bool:
    literal = re.split(r"[.*]", OWNED_PATTERN)[0]
    return OWNED_PATTERN in removals.patterns or removals.removes_all(literal)


DANGER: Final = Danger(
    name="unstripped-headers",
    level="danger",
    reason="a client speaks in the gateway's name, or asks Envoy for retries and timeouts",
    fix="remove them by early_header_mutation_extensions, as the snippet does",
    find=_find,
)
