"""Ordering policies, one file each, found by scanning this package: which request of a flow goes
first."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from gateway.picker.flow.ordering_policy import Ordering


@cache
def find_ordering() -> Mapping[str, Ordering]:
    """Every policy by its name. TypeError for a file of this package that has no `ORDERING`."""
    found: dict[str, Ordering] = {}
    for module in pkgutil.iter_modules(__path__):
        policy: object = getattr(
            importlib.import_module(f"{__name__}.{module.name}"), "ORDERING", None
        )
        if not isinstance(policy, Ordering):
            raise TypeError(f"{__name__}.{module.name} has no ORDERING")
        found[policy.name] = policy
    return MappingProxyType(found)
