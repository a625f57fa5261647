"""Profiles that `gatehouse simulate` knows without a document. Pure: no I/O, no clock."""

from collections.abc import Mapping
from typing import Final

from gateway.config.endpoint_picker import (
    BUILT_IN,
    EndpointPickerSpec,
    Plugin,
    PluginProfile,
    Scorer,
)


def _scored(*scorers: tuple[str, float], filters: tuple[Plugin, ...] = ()) -> EndpointPickerSpec:
    weighted = tuple(Scorer(type=name, weight=weight) for name, weight in scorers)
    return EndpointPickerSpec(profile=PluginProfile(filters=filters, scorers=weighted))


PRESETS: Final[Mapping[str, EndpointPickerSpec]] = {
    BUILT_IN: EndpointPickerSpec(),
    "cost": EndpointPickerSpec(),
    "llm-d-3-2-2": _scored(
        ("prefix-cache-scorer", 3), ("queue-scorer", 2), ("kv-cache-utilization-scorer", 2)
    ),
    "llm-d-sticky": _scored(
        ("token-load-scorer", 1), filters=(Plugin(type="prefix-cache-affinity-filter"),)
    ),
    "least-request": _scored(("active-request-scorer", 1)),
    "random": EndpointPickerSpec(profile=PluginProfile(picker=Plugin(type="random-picker"))),
}
"""The built-in document by both its names; llm-d's profile of an empty configuration, and the one
that v0.10 recommends; fewest requests in flight; and chance."""
