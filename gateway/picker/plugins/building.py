"""A profile of plugins out of its document. Pure: no I/O, no clock."""

from random import Random

from gateway.config.endpoint_picker import Disaggregation
from gateway.config.endpoint_picker import PluginChain as ChainSection
from gateway.config.endpoint_picker import PluginProfile as ProfileSection
from gateway.config.endpoint_picker import Scorer as ScorerSection
from gateway.picker.plugins.decider import PrefillDecider
from gateway.picker.plugins.profile import PluginChain, PluginProfile, Weighted
from gateway.picker.plugins.registry import filter_types, picker_types, scorer_types


def build_profile(
    name: str, section: ProfileSection, disaggregation: Disaggregation, random: Random
) -> PluginProfile:
    """The profile that `section` describes; whatever is random in it follows `random`.

    For documents that `check_plugins` found right: KeyError for a type that there is not,
    ParameterError for parameters that it does not take.
    """
    prefill = _chain(section.prefill, random) if section.prefill else None
    return PluginProfile(name, _chain(section, random), prefill, _decider(disaggregation))


def _chain(section: ChainSection, random: Random) -> PluginChain:
    return PluginChain(
        filters=tuple(filter_types()[f.type].make(f.parameters, random) for f in section.filters),
        scorers=_scorers(section.scorers, random),
        picker=picker_types()[section.picker.type].make(section.picker.parameters, random),
    )


def _scorers(sections: tuple[ScorerSection, ...], random: Random) -> tuple[Weighted, ...]:
    made: dict[str, Weighted] = {}
    for section in sections:
        again = sum(1 for one in made if one.split("#")[0] == section.type)
        name = f"{section.type}#{again + 1}" if again else section.type
        scorer = scorer_types()[section.type].make(section.parameters, random)
        made[name] = Weighted(name, scorer, section.weight)
    return tuple(made.values())


def _decider(section: Disaggregation) -> PrefillDecider:
    match section.decider:
        case "always":
            return PrefillDecider(always=True)
        case "prefix":
            return PrefillDecider(section.non_cached_tokens, section.prompt_tokens)
        case _:  # plugins predict no cost to go by
            return PrefillDecider()
