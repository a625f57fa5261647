"""What is wrong, or probably not meant, in well-formed Guardrail documents.

Pure: no I/O, no clock.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from gateway.config.shape import nearest
from gateway.config.yamltree import Path
from gateway.guardrails.detector import Detector, Prepared
from gateway.guardrails.schema import DetectorUse
from gateway.guardrails.source import GuardrailSource
from gateway.model.finding import Action
from gateway.model.passage import Part, Stage
from gateway.model.problem import Problem

_REQUESTS: Final = frozenset({Stage.REQUEST, Stage.TOOL_CALL, Stage.A2A_MESSAGE})
_ONLY_IN: Final = {
    Stage.TOOL_LIST: frozenset({Part.TOOL_DEFINITION, Part.METADATA}),
    Stage.AGENT_CARD: frozenset({Part.AGENT_CARD, Part.METADATA}),
}
"""Stages whose texts are all of a few parts."""


def document_findings(documents: Sequence[GuardrailSource]) -> list[Problem]:
    """Names that occur twice, and stages that do."""
    problems: list[Problem] = []
    seen: dict[str, GuardrailSource] = {}
    for source in documents:
        first = seen.setdefault(source.name, source)
        if first is not source:
            where = first.place(("metadata", "name"))
            message = f'the Guardrail "{source.name}" already exists'
            fix = f"rename one; the other is at {where}"
            problems.append(source.error(("metadata", "name"), message, fix))
        problems += _twice(source)
    return problems


def _twice(source: GuardrailSource) -> Iterator[Problem]:
    stages = source.model.spec.stages
    for number, stage in enumerate(stages):
        if stage in stages[:number]:
            yield source.warning(("spec", "stages", number), f"{stage.value} is there twice")


def use_findings(
    source: GuardrailSource,
    path: Path,
    use: DetectorUse,
    detector: Detector[Any],
    prepared: Prepared,
) -> list[Problem]:
    """What is wrong with one detector of a Guardrail; `path` leads to it."""
    return [
        *_categories(source, path, use, detector, prepared),
        *_thresholds(source, path, use, detector),
        *_masks(source, path, use, detector, prepared),
        *_parts(source, path, detector, prepared),
    ]


def _categories(
    source: GuardrailSource,
    path: Path,
    use: DetectorUse,
    detector: Detector[Any],
    prepared: Prepared,
) -> Iterator[Problem]:
    known = {*detector.categories, *(one.category for one in prepared.patterns)}
    for number, category in enumerate(use.categories or ()):
        if category not in known:
            near = nearest(category, known)
            fix = f'did you mean "{near}"?' if near else f"known: {', '.join(sorted(known))}"
            message = f'{detector.name} has no category "{category}"'
            yield source.error((*path, "categories", number), message, fix)


def _thresholds(
    source: GuardrailSource, path: Path, use: DetectorUse, detector: Detector[Any]
) -> Iterator[Problem]:
    if use.score is not None and use.score < detector.levels.low:
        message = f"nothing below {detector.levels.low:g} is a finding of {detector.name}"
        fix = f"write {detector.levels.low:g}, or threshold: LOW"
        yield source.warning((*path, "score"), message, fix)
    for number, other in enumerate(source.model.spec.detectors):
        here: Path = ("spec", "detectors", number)
        if here == path:
            return
        if _same(other, use):
            message = f"{use.type} already judges this with the same action and threshold"
            yield source.warning(path, message, f"remove it; the other is at {source.place(here)}")


def _same(one: DetectorUse, other: DetectorUse) -> bool:
    return (one.type, one.options, one.action, one.threshold, one.score) == (
        other.type,
        other.options,
        other.action,
        other.threshold,
        other.score,
    ) and (one.categories is None or one.categories == other.categories)


def _masks(
    source: GuardrailSource,
    path: Path,
    use: DetectorUse,
    detector: Detector[Any],
    prepared: Prepared,
) -> Iterator[Problem]:
    spec = source.model.spec
    if (use.action or spec.action) is not Action.MASK:
        return
    place = (*path, "action") if use.action else ("spec", "action")
    if prepared.window is not None:
        message = f"{detector.name} scores whole windows of text, which no mask can cover"
        if not prepared.patterns:
            yield source.error(place, message, "use block or annotate")
            return
        yield source.warning(place, f"{message}: these findings block")
    if set(spec.stages) == {Stage.AGENT_CARD}:
        message = "an agent card is passed on as it is, or not at all, so nothing in it is masked"
        yield source.error(place, message, "use block")


def _parts(
    source: GuardrailSource, path: Path, detector: Detector[Any], prepared: Prepared
) -> Iterator[Problem]:
    """Detectors that could look at nothing in any of the stages."""
    spec = source.model.spec
    parts = frozenset(spec.scope.parts) if spec.scope.parts else prepared.parts
    if parts is None:
        return
    if all(stage in _ONLY_IN and not parts & _ONLY_IN[stage] for stage in spec.stages):
        names = ", ".join(sorted(part.value for part in parts))
        stages = ", ".join(stage.value for stage in spec.stages)
        message = f"{detector.name} looks at {names} alone, which {stages} has not"
        yield source.error(path, message, "name other stages, or scope.parts")
