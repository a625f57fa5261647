"""llm-d's scheduling plugins in our own words. Pure: no I/O, no clock.

What our plugins take is told from outside (`Known`), since the picker knows it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from gateway.config.gie_config import PluginSpec
from gateway.config.gie_verdicts import RULES, STRANGER, Level, Rule
from gateway.config.yamltree import Path
from gateway.model.jsonvalue import JsonValue

Known: TypeAlias = Mapping[str, Mapping[str, frozenset[str]]]
"""Parameter names by kind ("filters", "scorers", "picker") and type."""

_SESSION_KEYS: Final = frozenset({"sources", "evictionTtlSeconds", "evictionSweepSeconds"})
_AS_HERE: Final = ("ttftSource", "prefillThroughput")
"""A parameter that has no effect because it says what is done anyway."""
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How near this gateway comes to one plugin: what it is called, its type, and what differs.
    `path` is where it is written."""

    plugin: str
    type: str
    level: Level
    says: str
    path: Path


@dataclass(frozen=True, slots=True)
class Converted:
    """A filter, scorer or picker in our own words. `path` is where its parameters are written,
    `names` what each is called there. `unknown` are parameters that neither side knows."""

    kind: str
    type: str
    parameters: Mapping[str, JsonValue]
    path: Path
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    unknown: tuple[str, ...] = ()


def rule_of(plugin_type: str) -> Rule:
    """What holds for a type of plugin."""
    return RULES.get(plugin_type, STRANGER)


def verdict_of(spec: PluginSpec, path: Path) -> Verdict:
    """How near this gateway comes to `spec`, which is written at `path`."""
    rule = rule_of(spec.type)
    lost = [
        rule.dropped[name]
        for name, value in _set(spec).items()
        if rule.dropped.get(name) and (name, value) != _AS_HERE
    ]
    says = " ".join(dict.fromkeys([rule.says, *lost]))
    return Verdict(spec.reference, spec.type, rule.level, says, path)


def converted(spec: PluginSpec, path: Path, known: Known) -> tuple[Converted, ...]:
    """The filter, scorer or picker that `spec` is here, if it is one; two if it is both filter and
    scorer. Nothing for what is unsupported and for plugins that belong to no profile."""
    rule = rule_of(spec.type)
    ours = rule.ours or spec.type
    kinds = [kind for kind, types in known.items() if ours in types]
    if rule.level is Level.UNSUPPORTED or not kinds:
        return ()
    if spec.type == "context-length-aware" and not _set(spec).get("enableFiltering"):
        kinds = [kind for kind in kinds if kind != "filters"]
    return tuple(_one(spec, rule, path, kind, ours, known[kind][ours]) for kind in kinds)


def _one(  # noqa: PLR0913, PLR0917  a plugin, and where and as what it is wanted
    spec: PluginSpec, rule: Rule, path: Path, kind: str, ours: str, taken: frozenset[str]
) -> Converted:
    special = _SPECIAL.get(spec.type, dict[str, JsonValue])
    given = {n: value for n, value in special(_set(spec)).items() if n not in rule.dropped}
    names = {snake_case(name): name for name in given}
    parameters = {snake_case(name): value for name, value in given.items()}
    unknown = tuple(name for ours_name, name in names.items() if ours_name not in taken)
    parameters = {name: value for name, value in parameters.items() if name in taken}
    return replace(Converted(kind, ours, parameters, (*path, "parameters"), names), unknown=unknown)


def snake_case(name: str) -> str:
    """maxTTFTPenaltyMs as max_ttft_penalty_ms."""
    return _HUMP.sub("_", name).lower().replace("-", "_")


def _set(spec: PluginSpec) -> dict[str, JsonValue]:
    return dict(spec.parameters or {})


def _sessions(given: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Only the lifetime is ours to set: ids come from headers that routes allow, and nothing is
    swept."""
    section = given.get("sessionIdConfig")
    if isinstance(section, dict) and set(section) <= _SESSION_KEYS:
        del given["sessionIdConfig"]
        if "evictionTtlSeconds" in section:
            given["ttl"] = section["evictionTtlSeconds"]
    return given


def _conditions(given: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Each condition as a parameter of its own; `conditions` stays if any has no known form."""
    match given.get("conditions"):
        case dict() as sections:
            bounds = [_bound(name, section) for name, section in sections.items()]
        case list() as sections:
            bounds = [_bound("", section) for section in sections]
        case _:
            return given
    found = [bound for bound in bounds if bound is not None]
    if len(found) < len(bounds):
        return given
    del given["conditions"]
    return {**given, **dict(found)}


def _bound(name: str, section: JsonValue) -> tuple[str, JsonValue] | None:
    if not isinstance(section, dict) or "maxValue" not in section:
        return None
    rest = [value for key, value in section.items() if key != "maxValue"]
    match [name] if name else [], rest:
        case ([str(found)], []) | ([], [str(found)]):
            return found, section["maxValue"]
        case _:
            return None


def _without_filtering(given: dict[str, JsonValue]) -> dict[str, JsonValue]:
    given.pop("enableFiltering", None)
    return given


_SPECIAL: Final[Mapping[str, Callable[[dict[str, JsonValue]], dict[str, JsonValue]]]] = {
    "session-affinity-scorer": _sessions,
    "session-affinity-filter": _sessions,
    "utilization-filter": _conditions,
    "context-length-aware": _without_filtering,
}
