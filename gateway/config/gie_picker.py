"""llm-d's EndpointPickerConfig as our EndpointPicker. Pure: no I/O, no clock."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.config.document import Document
from gateway.config.endpoint_picker import EndpointPickerSpec
from gateway.config.gie_config import (
    EndpointPickerConfig,
    PluginSpec,
    SchedulingPlugin,
    SchedulingProfile,
)
from gateway.config.gie_flow import read_flow
from gateway.config.gie_foreign import name_of
from gateway.config.gie_plugins import Converted, Known, Verdict, converted, rule_of, verdict_of
from gateway.config.gie_verdicts import Level
from gateway.config.yamltree import Path
from gateway.model.problem import Problem

_HANDLERS: Final = ("disagg-profile-handler", "pd-profile-handler")
_DEFAULT: Final[dict[str, Any]] = {
    "scorers": (
        {"type": "queue-scorer", "weight": 2.0},
        {"type": "kv-cache-utilization-scorer", "weight": 2.0},
        {"type": "prefix-cache-scorer", "weight": 3.0},
    )
}
"""llm-d's profile of an empty configuration."""


@dataclass(frozen=True, slots=True)
class PickerReading:
    """An EndpointPickerConfig in our own words: `spec` is None if a problem is an error. `name` is
    its metadata.name or that of its file. `verdicts` has every plugin, `plugins` those whose values
    only the picker can check."""

    document: Document
    name: str
    spec: EndpointPickerSpec | None
    verdicts: tuple[Verdict, ...]
    problems: tuple[Problem, ...]
    plugins: tuple[Converted, ...] = ()


def read_picker(document: Document, config: EndpointPickerConfig, known: Known) -> PickerReading:
    """`config`, which `document` holds. `known` says what our plugins take."""
    reader = _Reader(document, config, known)
    spec = reader.spec()
    broken = any(problem.severity == "error" for problem in reader.problems)
    return PickerReading(
        document,
        name_of(document),
        None if broken else spec,
        reader.verdicts,
        tuple(reader.problems),
        tuple(plugin for found in reader.converted.values() for plugin in found),
    )


@dataclass(slots=True)
class _Reader:
    document: Document
    config: EndpointPickerConfig
    known: Known
    problems: list[Problem] = field(default_factory=list[Problem])
    plugins: dict[str, PluginSpec] = field(default_factory=dict[str, PluginSpec])
    converted: dict[str, tuple[Converted, ...]] = field(
        default_factory=dict[str, tuple[Converted, ...]]
    )
    verdicts: tuple[Verdict, ...] = ()

    def spec(self) -> EndpointPickerSpec | None:
        for i, plugin in enumerate(self.config.plugins):
            self._add(("plugins", i), plugin)
        self.verdicts = tuple(
            verdict_of(plugin, ("plugins", i)) for i, plugin in enumerate(self.config.plugins)
        )
        self.problems += [
            self.document.warning(found.path, f'"{found.plugin}" is left out: {found.says}')
            for found in self.verdicts
            if found.level is Level.UNSUPPORTED
        ]
        flow = read_flow(self.config, self.plugins)
        self.problems += [self.document.problem(path, text) for path, text in flow.faults]
        self.problems += [self.document.warning(path, text) for path, text in flow.notes]
        profile = self._profile()
        if flow.flow is None or profile is None:
            return None
        values = {"profile": profile, "flow": flow.flow, "disaggregation": self._decider()}
        return EndpointPickerSpec.model_validate(values)

    def _add(self, path: Path, plugin: PluginSpec) -> None:
        if plugin.reference in self.plugins:
            self._refuse(path, f'two plugins are called "{plugin.reference}"')
        self.plugins[plugin.reference] = plugin
        self.converted[plugin.reference] = converted(plugin, path, self.known)

    def _profile(self) -> dict[str, Any] | None:
        named = {p.name: (i, p) for i, p in enumerate(self.config.scheduling_profiles)}
        if not named and not any(self.converted.values()):
            return dict(_DEFAULT)
        if not named:
            everything = tuple(
                SchedulingPlugin.model_validate({"pluginRef": ref}) for ref in self.plugins
            )
            return self._chain(("plugins",), everything, declared=False)
        main, prefill = self._roles(named)
        if main is None:
            return None
        chain = self._chain(("schedulingProfiles", main[0], "plugins"), main[1].plugins)
        if prefill is not None and chain is not None:
            path: Path = ("schedulingProfiles", prefill[0], "plugins")
            chain["prefill"] = self._chain(path, prefill[1].plugins)
        return chain

    def _roles(
        self, named: Mapping[str, tuple[int, SchedulingProfile]]
    ) -> tuple[tuple[int, SchedulingProfile] | None, tuple[int, SchedulingProfile] | None]:
        """The profile that picks, and the one that picks who prefills."""
        if len(named) < len(self.config.scheduling_profiles):
            self._refuse(("schedulingProfiles",), "two profiles have the same name")
        if self._handler() is not None:
            main, prefill, others = named.get("decode"), named.get("prefill"), set(named)
            others -= {"decode", "prefill"}
            if main is None:
                self._refuse(("schedulingProfiles",), 'there is no profile "decode"')
        else:
            first, *rest = named
            main, prefill, others = named[first], None, set(rest)
        for name in sorted(others):
            message = f'the profile "{name}" is left out: nothing here chooses it'
            self.problems.append(
                self.document.warning(("schedulingProfiles", named[name][0]), message)
            )
        return main, prefill

    def _chain(
        self, path: Path, plugins: Iterable[SchedulingPlugin], *, declared: bool = True
    ) -> dict[str, Any] | None:
        chain: dict[str, Any] = {"filters": (), "scorers": ()}
        lost = False
        for i, ref in enumerate(plugins):
            where = (*path, i) if declared else path
            if ref.plugin_ref not in self.plugins:
                self._refuse((*where, "pluginRef"), f'there is no plugin "{ref.plugin_ref}"')
                continue
            lost |= rule_of(self.plugins[ref.plugin_ref].type).level is Level.UNSUPPORTED
            for found in self.converted[ref.plugin_ref]:
                _put(chain, found, ref.weight)
        if lost and not chain["scorers"]:
            self._refuse(path, "no scorer is left to choose by", "write an EndpointPicker instead")
            return None
        return chain

    def _handler(self) -> PluginSpec | None:
        found = (plugin for plugin in self.plugins.values() if plugin.type in _HANDLERS)
        return next(found, None)

    def _decider(self) -> dict[str, Any]:
        handler = self._handler()
        if handler is None:
            return {"decider": "never"}
        bounds = {plugin.type: plugin.parameters or {} for plugin in self._deciders(handler)}
        if "always-disagg-pd-decider" in bounds:
            return {"decider": "always"}
        decider = bounds.get("prefix-based-pd-decider")
        if decider is not None:
            least, length = decider.get("nonCachedTokens", 0), decider.get("promptTokens", 0)
        elif "threshold" in (handler.parameters or {}):
            least, length = (handler.parameters or {})["threshold"], 0
            if least == 0:  # of this handler, unlike of the decider, 0 means always
                return {"decider": "always"}
        else:
            return {"decider": "never"}
        return {
            "decider": "prefix",
            "non_cached_tokens": self._count(least),
            "prompt_tokens": self._count(length),
        }

    def _deciders(self, handler: PluginSpec) -> Iterator[PluginSpec]:
        """The plugins that the handler names as deciders, or all if it names none."""
        parameters = handler.parameters or {}
        named = parameters.get("deciders")
        refs = [named.get("prefill")] if isinstance(named, dict) else []
        refs += [parameters.get("deciderPluginName"), parameters.get("pdDeciderPluginName")]
        wanted = [ref for ref in refs if isinstance(ref, str)]
        yield from (self.plugins[ref] for ref in wanted or self.plugins if ref in self.plugins)

    def _count(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self._refuse(("plugins",), "a bound of the prefill decider is not a whole number")
            return 0
        return value

    def _refuse(self, path: Path, message: str, fix: str = "") -> None:
        self.problems.append(self.document.problem(path, message, fix))


def _put(chain: dict[str, Any], found: Converted, weight: float | None) -> None:
    section = {**found.parameters, "type": found.type}
    match found.kind:
        case "scorers":
            section["weight"] = 1.0 if weight is None else weight
            chain["scorers"] += (section,)
        case "filters":
            chain["filters"] += (section,)
        case _:
            chain["picker"] = section
