"""Floors: what no other Guardrail may be weaker about. Pure: no I/O, no clock.

A floor judges by itself, whatever others say. That they may not be weaker is for those who read
them: a document that says MEDIUM where HIGH is enforced would be believed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.config.yamltree import Path
from gateway.guardrails.detector import Detector
from gateway.guardrails.schema import DetectorUse, GuardrailSpec, Threshold
from gateway.guardrails.source import GuardrailSource
from gateway.model.finding import Levels
from gateway.model.problem import Problem


def floor_findings(
    documents: Sequence[GuardrailSource], detectors: Mapping[str, Detector[Any]]
) -> Iterator[Problem]:
    """Documents that are weaker than a floor about the same detector and category, on targets and
    in stages that they share."""
    floors = [source for source in documents if source.model.spec.floor]
    for floor in floors:
        for source in documents:
            if not source.model.spec.floor and _overlap(floor.model.spec, source.model.spec):
                yield from _weaker(floor, source, detectors)


def _overlap(floor: GuardrailSpec, spec: GuardrailSpec) -> bool:
    """Whether they share targets and stages. A route and a backend may always meet."""
    if not set(floor.stages) & set(spec.stages):
        return False
    if not floor.targets:
        return True
    backends = {one.backend for one in floor.targets if one.backend}
    routes = {one.route for one in floor.targets if one.route}
    return any(
        (one.backend in backends or bool(routes))
        if one.backend
        else (one.route in routes or bool(backends))
        for one in spec.targets
    )


def _weaker(
    floor: GuardrailSource, source: GuardrailSource, detectors: Mapping[str, Detector[Any]]
) -> Iterator[Problem]:
    shared = False
    for number, use in enumerate(source.model.spec.detectors):
        for least in floor.model.spec.detectors:
            if _meet(least, use) and use.type in detectors:
                shared = True
                levels = detectors[use.type].levels
                path: Path = ("spec", "detectors", number)
                yield from _use(floor, least, source, use, path, levels)
    if shared:
        yield from _whole(floor, source)


def _meet(one: DetectorUse, other: DetectorUse) -> bool:
    if one.type != other.type:
        return False
    if one.categories is None or other.categories is None:
        return True
    return bool(set(one.categories) & set(other.categories))


def _use(  # noqa: PLR0913, PLR0917  both sides, and where to say so
    floor: GuardrailSource,
    least: DetectorUse,
    source: GuardrailSource,
    use: DetectorUse,
    path: Path,
    levels: Levels,
) -> Iterator[Problem]:
    fix = f"the floor {floor.name} is at {floor.place(('metadata', 'name'))}"
    if _score(use, levels) > _score(least, levels):
        key = "score" if use.score is not None else "threshold"
        message = f"finds less than the floor {floor.name}, which says {_said(least)}"
        yield source.error((*path, key), message, fix)
    action, wanted = use.action or source.model.spec.action, least.action or floor.model.spec.action
    if action.strength < wanted.strength:
        message = f"{action.value} is weaker than {wanted.value} of the floor {floor.name}"
        yield source.error((*path, "action"), message, fix)


def _whole(floor: GuardrailSource, source: GuardrailSource) -> Iterator[Problem]:
    """What weakens all detectors of a document at once."""
    spec = source.model.spec
    fix = f"the floor is at {floor.place(('metadata', 'name'))}"
    about = f"what the floor {floor.name} enforces"
    if spec.mode == "shadow":
        yield source.error(("spec", "mode"), f"shadow would only watch {about}", fix)
    if spec.exclusions:
        yield source.error(("spec", "exclusions"), f"nothing can be excluded from {about}", fix)
    if spec.on_error == "open" and floor.model.spec.on_error == "closed":
        yield source.error(("spec", "on_error"), f"open would let pass {about}", fix)


def _score(use: DetectorUse, levels: Levels) -> float:
    """The score from which on findings count."""
    if use.score is not None:
        return max(use.score, levels.low)
    return _least(use.threshold or "MEDIUM", levels)


def _least(threshold: Threshold, levels: Levels) -> float:
    match threshold:
        case "LOW":
            return levels.low
        case "MEDIUM":
            return levels.medium
        case "HIGH":
            return levels.high


def _said(use: DetectorUse) -> str:
    return f"score {use.score:g}" if use.score is not None else use.threshold or "MEDIUM"
