"""Plugins of a package, one file each, by their names. Pure: no I/O but imports, no clock."""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol, TypeVar


class Named(Protocol):
    """What can be called by its name."""

    @property
    def name(self) -> str:
        """As documents name it."""
        ...


N = TypeVar("N", bound=Named)


def plugins_of(package: str, attribute: str, kind: type[N]) -> Mapping[str, N]:
    """What each module of the imported `package` offers as `attribute`, a `kind`, by its name.
    TypeError for a module without one."""
    found: dict[str, N] = {}
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        name = f"{package}.{module.name}"
        plugin: object = getattr(importlib.import_module(name), attribute, None)
        if not isinstance(plugin, kind):
            raise TypeError(f"{name} has no {attribute}")
        found[plugin.name] = plugin
    return MappingProxyType(found)
