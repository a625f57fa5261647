"""Identity methods, one file each, found by scanning this package."""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from gateway.identity.base import Method


def find_methods() -> Mapping[str, Method]:
    """Every method by its name. TypeError for a file of this package that has no `METHOD`."""
    found: dict[str, Method] = {}
    for module in pkgutil.iter_modules(__path__):
        method: object = getattr(
            importlib.import_module(f"{__name__}.{module.name}"), "METHOD", None
        )
        if not isinstance(method, Method):
            raise TypeError(f"{__name__}.{module.name} has no METHOD")
        found[method.name] = method
    return MappingProxyType(found)
