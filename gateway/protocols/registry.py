"""The protocol plugins, found by scanning this package."""

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Final

from gateway import protocols
from gateway.protocols.base import Protocol, Settings

_NO_PLUGINS: Final = frozenset({"base", "registry", "screening", "streaming", "withheld"})

Plugin = Callable[[Settings], Protocol]
"""Makes the protocol of a route."""


@cache
def protocol_names() -> tuple[str, ...]:
    """The name of every plugin, which is that of its module or package."""
    modules = pkgutil.iter_modules(protocols.__path__)
    return tuple(sorted(module.name for module in modules if module.name not in _NO_PLUGINS))


def plugin_of(name: str) -> Plugin:
    """The plugin of a protocol. Only those that routes name are ever imported: each costs a worker
    milliseconds at its start. LookupError for an unknown name, TypeError for a module without
    `PROTOCOL`."""
    if name not in protocol_names():
        raise LookupError(f"no protocol {name}")
    module = importlib.import_module(f"{protocols.__name__}.{name}")
    plugin: Plugin | None = getattr(module, "PROTOCOL", None)
    if plugin is None:
        raise TypeError(f"{module.__name__} has no PROTOCOL")
    return plugin
