"""What is wrong with the plugins of an EndpointPicker document. Pure: no I/O, no clock."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.config.document import Document
from gateway.config.endpoint_picker import EndpointPicker, Plugin, PluginChain, PluginProfile
from gateway.config.shape import nearest
from gateway.config.yamltree import Path, path_text
from gateway.model.problem import Problem
from gateway.picker.plugins.registry import (
    ParameterError,
    ParameterFault,
    PluginType,
    filter_types,
    picker_types,
    scorer_types,
)


def check_plugins(document: Document, picker: EndpointPicker) -> tuple[Problem, ...]:
    """Every unknown plugin and every parameter that a plugin does not take, with its place, and
    warnings for a disaggregation that cannot happen. Nothing for the profile `cost`."""
    profile = picker.spec.profile
    if not isinstance(profile, PluginProfile):
        return ()
    path: Path = ("spec", "profile")
    problems = [*_chain(document, path, profile)]
    if profile.prefill:
        problems += _chain(document, (*path, "prefill"), profile.prefill)
    return (*problems, *_disaggregation(document, picker, profile))


def _chain(document: Document, path: Path, chain: PluginChain) -> Iterator[Problem]:
    for i, one in enumerate(chain.filters):
        yield from _plugin(document, (*path, "filters", i), one, filter_types(), "filter")
    for i, one in enumerate(chain.scorers):
        yield from _plugin(document, (*path, "scorers", i), one, scorer_types(), "scorer")
    yield from _plugin(document, (*path, "picker"), chain.picker, picker_types(), "picker")


def _plugin(
    document: Document, path: Path, one: Plugin, known: Mapping[str, PluginType[Any]], kind: str
) -> Iterator[Problem]:
    found = known.get(one.type)
    if found is None:
        fix = f'did you mean "{near}"?' if (near := nearest(one.type, known)) else _another(one)
        yield document.problem((*path, "type"), f'there is no {kind} "{one.type}"', fix)
        return
    try:
        found.read(one.parameters)
    except ParameterError as error:
        for fault in error.faults:
            yield _fault(document, path, found, fault)


def _another(one: Plugin) -> str:
    """Where a plugin of this type belongs."""
    kinds = {"filters": filter_types(), "scorers": scorer_types(), "picker": picker_types()}
    found = [kind for kind, types in kinds.items() if one.type in types]
    return f"it goes under {found[0]}" if found else ""


def _fault(
    document: Document, path: Path, found: PluginType[Any], fault: ParameterFault
) -> Problem:
    where = (*path, *fault.path)
    if not fault.unknown:
        return document.problem(where, fault.message[:1].lower() + fault.message[1:])
    name = fault.path[-1]
    names = found.parameter_names if len(fault.path) == 1 else ()
    near = nearest(str(name), names)
    fix = f'did you mean "{near}"?' if near else "remove it"
    place = document.tree.keys.get(where, document.place(where))
    return Problem(place, path_text(where), f'"{found.name}" has no parameter "{name}"', fix)


def _disaggregation(
    document: Document, picker: EndpointPicker, profile: PluginProfile
) -> Iterator[Problem]:
    section = picker.spec.disaggregation
    path: Path = ("spec", "disaggregation")
    splits = section.decider == "always" or (
        section.decider == "prefix" and section.non_cached_tokens > 0
    )
    if splits and profile.prefill is None:
        message = "nothing says which endpoint prefills, so that none does"
        yield document.warning(path, message, "give spec.profile.prefill")
    if profile.prefill is not None and not splits:
        message = "spec.profile.prefill is never asked"
        yield document.warning(path, message, "decider: always, or prefix with non_cached_tokens")
