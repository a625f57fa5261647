"""The compiled rules with what is needed to judge by them. Pure: no I/O, no clock."""

from dataclasses import dataclass

from gateway.policy.cel import Runtime
from gateway.policy.index import RuleIndex


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules of a snapshot. With `implied_base`, whoever may use something of a backend may
    also send its base messages."""

    index: RuleIndex
    runtime: Runtime
    implied_base: bool = True
