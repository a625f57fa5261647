"""llm-d's flow control and saturation detectors in our own words. Pure: no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.config.endpoint_picker import Flow
from gateway.config.gie_config import (
    EndpointPickerConfig,
    FlowControlConfig,
    PluginSpec,
    PriorityBandConfig,
)
from gateway.config.gie_quantity import seconds
from gateway.config.yamltree import Path

_QUEUE_DEPTH: Final = 5
_CONCURRENCY: Final = 100
_LONGEST: Final = 86_400.0
_MOST: Final = 1_000_000_000
_FAIRNESS: Final = {
    "global-strict-fairness-policy": "global-strict",
    "round-robin-fairness-policy": "round-robin",
    "program-aware-fairness-policy": "least-attained-service",
}
_ORDERING: Final = {
    "fcfs-ordering-policy": "fcfs",
    "edf-ordering-policy": "edf",
    "slo-deadline-ordering-policy": "slo-deadline",
}
_CEILING: Final = {
    "static-usage-limit-policy": "static",
    "priority-holdback-policy": "priority-holdback",
    "soft-reflective-ceiling-policy": "soft-reflective",
}


@dataclass(frozen=True, slots=True)
class FlowReading:
    """Flow control in our own words; None with `faults`, each at its path. `notes` say what will
    differ."""

    flow: Flow | None
    faults: tuple[tuple[Path, str], ...] = ()
    notes: tuple[tuple[Path, str], ...] = ()


@dataclass(slots=True)
class _Reading:
    """Collects faults while the parts are read."""

    plugins: Mapping[str, PluginSpec]
    faults: list[tuple[Path, str]] = field(default_factory=list[tuple[Path, str]])
    notes: list[tuple[Path, str]] = field(default_factory=list[tuple[Path, str]])

    def type_of(self, ref: str) -> str:
        return self.plugins[ref].type if ref in self.plugins else ref

    def parameter(self, ref: str, name: str) -> Any:
        spec = self.plugins.get(ref)
        return (spec.parameters or {}).get(name) if spec else None

    def policy(self, ref: str, known: Mapping[str, str], default: str, path: Path) -> str:
        if not ref:
            return default
        if self.type_of(ref) not in known:
            self.faults.append((path, f'there is no policy "{ref}" here'))
            return default
        return known[self.type_of(ref)]

    def number(self, ref: str, name: str, default: float, path: Path) -> float:
        value = self.parameter(ref, name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST:
            self.faults.append((path, f"{name} of {ref} is not a number from 0 to {_MOST}"))
            return default
        return float(value)


def read_flow(config: EndpointPickerConfig, plugins: Mapping[str, PluginSpec]) -> FlowReading:
    """The flow control of `config`, which is off without the feature gate flowControl; `plugins`
    are its plugins by reference."""
    reading = _Reading(plugins)
    section = config.flow_control or FlowControlConfig()
    values: dict[str, Any] = {"enabled": config.gate("flowControl")}
    values |= _detector(config, section, reading)
    if values["enabled"]:
        values |= _waiting(section, reading)
        values |= _ceilings(section, reading)
        values |= _bands(section, reading)
    elif config.flow_control is not None:
        note = "it does not count without the feature gate flowControl"
        reading.notes.append((("flowControl",), note))
    if reading.faults:
        return FlowReading(None, tuple(reading.faults), tuple(reading.notes))
    return FlowReading(Flow.model_validate(values), (), tuple(reading.notes))


def _detector(
    config: EndpointPickerConfig, section: FlowControlConfig, reading: _Reading
) -> dict[str, Any]:
    found = section.saturation_detector or config.saturation_detector
    ref = (found.plugin_ref if found else "") or "utilization-detector"
    path: Path = ("flowControl",) if section.saturation_detector else ()
    path = (*path, "saturationDetector")
    match reading.type_of(ref):
        case "utilization-detector":
            depth = reading.number(ref, "queueDepthThreshold", _QUEUE_DEPTH, path)
            return {"max_waiting": max(int(depth), 1)}
        case "concurrency-detector":
            most = reading.number(ref, "maxConcurrency", _CONCURRENCY, path)
            return {"max_waiting": None, "max_in_flight": max(int(most), 1)}
        case _:
            reading.faults.append((path, f'there is no saturation detector "{ref}" here'))
            return {}


def _waiting(section: FlowControlConfig, reading: _Reading) -> dict[str, Any]:
    ttl = seconds(section.default_request_ttl or "60s")
    alone = seconds(section.no_endpoint_request_ttl) if section.no_endpoint_request_ttl else ttl
    if ttl == 0 or alone == 0 or max(ttl, alone) > _LONGEST:
        note = "a request waits at most a day here, where 0s is no bound and more is more"
        reading.notes.append((("flowControl",), note))
    return {
        "ttl": _bounded(ttl),
        "no_endpoint_ttl": _bounded(alone),
        "max_requests": section.max_requests or None,
        "max_bytes": section.max_bytes or None,
        "eviction": section.enable_eviction,
    }


def _bounded(ttl: float) -> float:
    return min(ttl or _LONGEST, _LONGEST)


def _ceilings(section: FlowControlConfig, reading: _Reading) -> dict[str, Any]:
    ref, path = section.usage_limit_policy_plugin_ref, ("flowControl", "usageLimitPolicyPluginRef")
    ceiling = reading.policy(ref, _CEILING, "static", path)
    values: dict[str, Any] = {"ceiling": ceiling}
    if ceiling != "priority-holdback":
        return values
    if reading.parameter(ref, "minCeiling") is None:
        reading.faults.append((path, f"{ref} needs minCeiling"))
    low = reading.number(ref, "minCeiling", 0, path)
    high = reading.number(ref, "maxCeiling", 1, path)
    if not (low <= high <= 1 and high > 0):
        reading.faults.append((path, f"minCeiling and maxCeiling of {ref} are not in order"))
    domain = reading.parameter(ref, "domain") or "rank"
    if domain not in {"rank", "value"}:
        reading.faults.append((path, f"domain of {ref} is neither rank nor value"))
    if (reading.parameter(ref, "shape") or "linear") != "linear":
        reading.notes.append((path, "ceilings are linear here"))
    return {**values, "min_ceiling": low, "max_ceiling": high, "domain": domain}


def _bands(section: FlowControlConfig, reading: _Reading) -> dict[str, Any]:
    path: Path = ("flowControl", "defaultPriorityBand")
    usual = section.default_priority_band
    values: dict[str, Any] = {"band": _band(usual, path, reading)} if usual else {}
    if section.default_negative_priority_band:
        note = "priorities below 0 have the usual band here; list them in priorityBands"
        reading.notes.append((("flowControl", "defaultNegativePriorityBand"), note))
    bands: list[dict[str, Any]] = []
    for i, band in enumerate(section.priority_bands):
        where: Path = ("flowControl", "priorityBands", i)
        if any(band.priority == other["priority"] for other in bands):
            reading.faults.append((where, "two bands have the same priority"))
        bands.append({**_band(band, where, reading), "priority": band.priority})
    return {**values, "bands": tuple(bands)}


def _band(band: PriorityBandConfig, path: Path, reading: _Reading) -> dict[str, Any]:
    fairness = (*path, "fairnessPolicyRef")
    ordering = (*path, "orderingPolicyRef")
    return {
        "max_requests": band.max_requests or 5000,
        "max_bytes": band.max_bytes or 1_000_000_000,
        "fairness": reading.policy(band.fairness_policy_ref, _FAIRNESS, "global-strict", fairness),
        "ordering": reading.policy(band.ordering_policy_ref, _ORDERING, "fcfs", ordering),
    }
