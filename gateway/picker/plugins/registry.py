"""The plugins of the field's own profile, found by scanning their packages."""

import importlib
import json
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from random import Random
from types import ModuleType
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from gateway.model.jsonvalue import JsonValue
from gateway.picker.plugins import filters, pickers, scorers
from gateway.picker.plugins.base import Filter, Picker, Scorer

Made = TypeVar("Made", Filter, Scorer, Picker)


@dataclass(frozen=True, slots=True)
class ParameterFault:
    """What is wrong with a parameter; `path` leads to it, `unknown` if there is none so named."""

    path: tuple[str | int, ...]
    message: str
    unknown: bool = False


class ParameterError(ValueError):
    """Parameters that a plugin does not take."""

    def __init__(self, faults: tuple[ParameterFault, ...]) -> None:
        self.faults = faults
        super().__init__("; ".join(_said(fault) for fault in faults))


def _said(fault: ParameterFault) -> str:
    return f"{'.'.join(map(str, fault.path))}: {fault.message}"


@dataclass(frozen=True, slots=True)
class PluginType(Generic[Made]):
    """A type of filter, scorer or picker."""

    name: str
    parameters: type[Any]
    plugin: Callable[[Any, Random], Made]

    @property
    def parameter_names(self) -> frozenset[str]:
        """What it may be given."""
        return frozenset(field.name for field in fields(self.parameters))

    def read(self, values: Mapping[str, JsonValue]) -> object:
        """The parameters as this type's dataclass. ParameterError with every fault."""
        adapter: TypeAdapter[Any] = TypeAdapter(self.parameters)
        try:
            return adapter.validate_json(json.dumps(values))
        except ValidationError as error:
            raise ParameterError(_faults(error)) from None

    def make(self, values: Mapping[str, JsonValue], random: Random) -> Made:
        """A plugin with these parameters. ParameterError if it does not take them."""
        return self.plugin(self.read(values), random)


def _faults(error: ValidationError) -> tuple[ParameterFault, ...]:
    return tuple(
        ParameterFault(
            found["loc"],
            found["msg"].removeprefix("Value error, "),
            found["type"] in {"unexpected_keyword_argument", "extra_forbidden"},
        )
        for found in error.errors(include_url=False, include_input=False)
    )


@cache
def filter_types() -> Mapping[str, PluginType[Filter]]:
    """Every filter by its type."""
    return _scanned(filters)


@cache
def scorer_types() -> Mapping[str, PluginType[Scorer]]:
    """Every scorer by its type."""
    return _scanned(scorers)


@cache
def picker_types() -> Mapping[str, PluginType[Picker]]:
    """Every picker by its type."""
    return _scanned(pickers)


def known_plugins() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Parameter names by kind ("filters", "scorers", "picker") and type, as readers of foreign
    configurations want them."""
    return {
        "filters": {name: found.parameter_names for name, found in filter_types().items()},
        "scorers": {name: found.parameter_names for name, found in scorer_types().items()},
        "picker": {name: found.parameter_names for name, found in picker_types().items()},
    }


def _scanned(package: ModuleType) -> Mapping[str, PluginType[Any]]:
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return {found.name: found for found in (_type_in(package, name) for name in names)}


def _type_in(package: ModuleType, module_name: str) -> PluginType[Any]:
    module = importlib.import_module(f"{package.__name__}.{module_name}")
    plugin: Callable[[Any, Random], Any] | None = getattr(module, "plugin", None)
    parameters: type[Any] | None = getattr(module, "Parameters", None)
    if plugin is None or parameters is None:
        raise TypeError(f"{module.__name__} has no plugin or no Parameters")
    return PluginType(module_name.replace("_", "-"), parameters, plugin)
