"""Fairness policies, one file each, found by scanning this package: which flow of a band goes
next."""

from collections.abc import Mapping
from functools import cache

from gateway.picker.flow.fairness_policy import FairnessPolicy
from gateway.plugins import plugins_of


@cache
def find_fairness() -> Mapping[str, FairnessPolicy]:
    """Every policy by its name. TypeError for a file of this package that has no `FAIRNESS`."""
    return plugins_of(__name__, "FAIRNESS", FairnessPolicy)
