"""Engines, one file each, found by scanning this package: which metrics a model server tells."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from gateway.picker.engine import Engine


@cache
def find_engines() -> Mapping[str, Engine]:
    """Every engine by its name. TypeError for a file of this package that has no `ENGINE`."""
    found: dict[str, Engine] = {}
    for module in pkgutil.iter_modules(__path__):
        engine: object = getattr(
            importlib.import_module(f"{__name__}.{module.name}"), "ENGINE", None
        )
        if not isinstance(engine, Engine):
            raise TypeError(f"{__name__}.{module.name} has no ENGINE")
        found[engine.name] = engine
    return MappingProxyType(found)
