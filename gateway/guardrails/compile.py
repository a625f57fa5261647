"""Guardrail documents to a `GuardrailBook`, or to everything that is wrong with them.

Pure: no I/O, no clock. Nothing here is on the request path.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path as FilePath
from typing import Any, Final, cast

from pydantic import ValidationError

from gateway.config.document import validate
from gateway.config.section import Section
from gateway.config.shape import nearest
from gateway.config.yamltree import Path
from gateway.guardrails import schema
from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.database import DatabaseCache
from gateway.guardrails.detector import Detector, Prepared
from gateway.guardrails.detectors import find_detectors
from gateway.guardrails.exclusions import Exclusions
from gateway.guardrails.findings import document_findings, use_findings
from gateway.guardrails.floor import floor_findings
from gateway.guardrails.guard import Check, Engine, Guard, ProviderUse
from gateway.guardrails.pattern import Pattern
from gateway.guardrails.patterns import PatternSet
from gateway.guardrails.schema import DetectorUse
from gateway.guardrails.source import GuardrailSource
from gateway.model.finding import Level
from gateway.model.passage import Part
from gateway.model.problem import Problem

AnyDetector = Detector[Any]


def compile_guardrails(
    documents: Sequence[GuardrailSource],
    today: date,
    *,
    detectors: Mapping[str, AnyDetector] | None = None,
    cache: DatabaseCache | None = None,
) -> GuardrailBook | tuple[Problem, ...]:
    """Compile every document, in order. `today` decides which exclusions have expired, `detectors`
    are those that there are (default: all of the package), `cache` has compiled patterns.

    Returns all problems if one of them is an error; warnings alone are in `.warnings`.
    """
    known = find_detectors() if detectors is None else detectors
    problems = document_findings(documents)
    compiler = _Compiler(known, problems)
    guards = [compiler.guard(source, today) for source in documents]
    problems += floor_findings(documents, known)
    if any(problem.severity == "error" for problem in problems):
        return tuple(problems)
    try:
        patterns = PatternSet(compiler.patterns, cache) if compiler.patterns else None
    except ValueError as error:
        return (documents[0].error(("spec", "detectors"), str(error)),)
    return GuardrailBook(guards, patterns, problems)


@dataclass(slots=True)
class _Compiler:
    """Prepares detectors; one with the same options is prepared once."""

    known: Mapping[str, AnyDetector]
    problems: list[Problem]
    patterns: dict[str, tuple[Pattern, ...]] = field(default_factory=dict[str, tuple[Pattern, ...]])
    engines: dict[tuple[str, str], tuple[Engine, Prepared]] = field(
        default_factory=dict[tuple[str, str], tuple[Engine, Prepared]]
    )

    def guard(self, source: GuardrailSource, today: date) -> Guard:
        """The compiled document; what is wrong with it is added to `problems`."""
        spec = source.model.spec
        found = [self._check(source, number, use) for number, use in enumerate(spec.detectors)]
        exclusions = Exclusions(spec.exclusions, today)
        for number, one in enumerate(spec.exclusions):
            if one in exclusions.expired:
                path: Path = ("spec", "exclusions", number, "expires")
                message = f"expired on {one.expires}, so it excludes nothing"
                self.problems.append(source.warning(path, message, "remove it, or look again"))
        return Guard(
            name=source.name,
            stages=frozenset(spec.stages),
            checks=tuple(check for check in found if check is not None),
            shadow=spec.mode == "shadow",
            closed=spec.on_error == "closed",
            on_oversize=spec.on_oversize,
            max_bytes=spec.max_bytes,
            timeout=spec.timeout,
            hold_back=spec.streaming.hold_back,
            keys=spec.scope.keys,
            floor=spec.floor,
            providers=tuple(_provider(one, spec.scope.parts) for one in spec.providers),
            exclusions=exclusions or None,
        )

    def _check(self, source: GuardrailSource, number: int, use: DetectorUse) -> Check | None:
        path: Path = ("spec", "detectors", number)
        detector = self.known.get(use.type)
        if detector is None:
            near = nearest(use.type, self.known)
            fix = f'did you mean "{near}"?' if near else f"known: {', '.join(sorted(self.known))}"
            self.problems.append(source.error((*path, "type"), f'no detector "{use.type}"', fix))
            return None
        found = self._engine(source, (*path, "options"), detector, use)
        if found is None:
            return None
        engine, prepared = found
        self.problems += use_findings(source, path, use, detector, prepared)
        spec = source.model.spec
        return Check(
            engine=engine,
            action=use.action or spec.action,
            level=None if use.score is not None else Level[use.threshold or DEFAULT.name],
            score=use.score or 0.0,
            categories=None if use.categories is None else frozenset(use.categories),
            parts=frozenset(spec.scope.parts or ()) or prepared.parts,
        )

    def _engine(
        self, source: GuardrailSource, path: Path, detector: AnyDetector, use: DetectorUse
    ) -> tuple[Engine, Prepared] | None:
        options = read_options(source, path, detector, use)
        if not isinstance(options, Section):
            self.problems += options
            return None
        told = options.model_dump_json()
        found = self.engines.get((detector.name, told))
        if found is not None:
            return found
        try:
            prepared = detector.prepare(options)
        except ValueError as error:
            self.problems.append(source.error(path, str(error)))
            return None
        key = f"{detector.name}#{len(self.engines)}"
        categories = frozenset(one.category for one in prepared.patterns)
        engine = Engine(key, detector.name, detector.levels, categories, prepared.window)
        if prepared.patterns:
            self.patterns[key] = prepared.patterns
        self.engines[detector.name, told] = engine, prepared
        return engine, prepared


def _provider(use: schema.ProviderUse, parts: Sequence[Part] | None) -> ProviderUse:
    asked = use.parts or parts
    return ProviderUse(
        provider=use.name,
        action=use.action,
        level=Level[use.threshold],
        categories=None if use.categories is None else frozenset(use.categories),
        parts=None if asked is None else frozenset(asked),
    )


DEFAULT: Final = Level.MEDIUM
"""From which level on findings count where a document does not say."""


def read_options(
    source: GuardrailSource, path: Path, detector: AnyDetector, use: DetectorUse
) -> Section | tuple[Problem, ...]:
    """The options of a detector, or what is wrong with them; `path` leads to them."""
    model = cast("type[Section]", detector.options)
    if source.document is not None:
        if not use.options:
            return _defaults(source, path, model)
        folder = FilePath(source.document.file).parent
        return validate(source.document, model, folder, at=path)
    try:
        folder = {"folder": FilePath(source.beside)} if source.beside else None
        return model.model_validate_json(json.dumps(use.options), context=folder)
    except ValidationError as error:
        return (source.error(path, f"{error.error_count()} options are not acceptable"),)


def _defaults(
    source: GuardrailSource, path: Path, model: type[Section]
) -> Section | tuple[Problem, ...]:
    try:
        return model()
    except ValidationError as error:
        missing = [str(one["loc"][0]) for one in error.errors() if one["type"] == "missing"]
        fix = f"add {', '.join(missing)}" if missing else ""
        return (source.error(path, "the detector has to be told more", fix),)
