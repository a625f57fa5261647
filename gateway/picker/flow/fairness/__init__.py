"""Fairness policies, one file each, found by scanning this package: which flow of a band goes
next."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from gateway.picker.flow.fairness_policy import FairnessPolicy


@cache
def find_fairness() -> Mapping[str, FairnessPolicy]:
    """Every policy by its name. TypeError for a file of this package that has no `FAIRNESS`."""
    found: dict[str, FairnessPolicy] = {}
    for module in pkgutil.iter_modules(__path__):
        policy: object = getattr(
            importlib.import_module(f"{__name__}.{module.name}"), "FAIRNESS", None
        )
        if not isinstance(policy, FairnessPolicy):
            raise TypeError(f"{__name__}.{module.name} has no FAIRNESS")
        found[policy.name] = policy
    return MappingProxyType(found)
