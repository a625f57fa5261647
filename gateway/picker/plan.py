"""How one pool picks: what its EndpointPicker documents say, made into profiles and rules.

Pure: no I/O, no clock. The documents have been checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from gateway.config.endpoint_picker import BUILT_IN, EndpointPickerSpec, PluginProfile, flow_values
from gateway.config.pool import KvEvents
from gateway.picker.cost import CostProfile
from gateway.picker.flow.rules import BandRules, FlowRules
from gateway.picker.plugins.building import build_profile
from gateway.picker.profile import Profile
from gateway.picker.split import SplitProfile

Documents = Mapping[str, EndpointPickerSpec]
"""EndpointPicker documents by name."""


@dataclass(frozen=True, slots=True)
class PickerPlan:
    """What the document `name` says of a pool, with the others that it names. Equal plans pick in
    the same way. `kv_events` is where the pool's servers say what they have cached, if anywhere."""

    name: str
    documents: Mapping[str, EndpointPickerSpec]
    kv_events: KvEvents | None = None

    @property
    def spec(self) -> EndpointPickerSpec:
        """The document itself."""
        return self.documents[self.name]

    def profile(self, random: Random) -> Profile:
        """A new profile, which has learnt nothing yet; whatever is random follows `random`."""
        split = self.spec.split
        if split is None:
            return _profile(self.name, self.spec, random)
        shares = [
            (_profile(one, self.documents[one], random), share) for one, share in split.items()
        ]
        return SplitProfile(self.name, shares, random)

    def shadow(self, random: Random) -> Profile | None:
        """A new profile that is only asked, if the document names one."""
        name = self.spec.shadow
        return None if name is None else _profile(name, self.documents[name], random)

    def rules(self) -> FlowRules:
        """How requests wait."""
        return flow_rules(self.spec)


def plan_of(name: str, documents: Documents) -> PickerPlan:
    """The plan by the document `name`; `default` is there without being written. Raises KeyError
    for a name that no document has."""
    known = {BUILT_IN: EndpointPickerSpec(), **documents}
    spec = known[name]
    named = [name, *(spec.split or ()), *((spec.shadow,) if spec.shadow is not None else ())]
    return PickerPlan(name, {one: known[one] for one in named})


def flow_rules(spec: EndpointPickerSpec) -> FlowRules:
    """The rules of flow control. Raises ValueError for what cannot be."""
    values: dict[str, Any] = flow_values(spec.flow)
    band: dict[str, Any] = values.pop("band")
    bands: dict[int, dict[str, Any]] = values.pop("bands")
    differing = {priority: BandRules(**rules) for priority, rules in bands.items()}
    return FlowRules(**values, band=BandRules(**band), bands=differing)


def _profile(name: str, spec: EndpointPickerSpec, random: Random) -> Profile:
    if isinstance(spec.profile, PluginProfile):
        return build_profile(name, spec.profile, spec.disaggregation, random)
    return CostProfile(name)
