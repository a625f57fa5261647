"""Ceiling policies, one file each, found by scanning this package: up to which saturation a band
is served."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from gateway.picker.flow.ceiling_policy import CeilingPolicy


@cache
def find_ceilings() -> Mapping[str, CeilingPolicy]:
    """Every policy by its name. TypeError for a file of this package that has no `CEILING`."""
    found: dict[str, CeilingPolicy] = {}
    for module in pkgutil.iter_modules(__path__):
        policy: object = getattr(
            importlib.import_module(f"{__name__}.{module.name}"), "CEILING", None
        )
        if not isinstance(policy, CeilingPolicy):
            raise TypeError(f"{__name__}.{module.name} has no CEILING")
        found[policy.name] = policy
    return MappingProxyType(found)
