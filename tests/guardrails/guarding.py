"""Guardrails for tests, made by the same loaders as a user's files, with detectors of their own."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from gateway.config.document import validate
from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.compile import compile_guardrails
from gateway.guardrails.detector import Detector, NoOptions, Prepared, Scored
from gateway.guardrails.pattern import Pattern
from gateway.guardrails.schema import Guardrail
from gateway.guardrails.source import GuardrailSource
from gateway.model.outcome import Outcome
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.problem import Problem
from tests.policy.documents import documents

HEAD = "apiVersion: gatehouse.dev/v1\nkind: Guardrail\n"
TODAY = date(2026, 1, 1)
AT = Place(("text",))


def _scored(window: str) -> tuple[Scored, ...]:
    return (Scored("shouting", 0.9),) if window.count("!") > 3 else ()


def _breaks(_window: str) -> tuple[Scored, ...]:
    raise RuntimeError("a scorer that fails")


def _code(name: str, regex: str, category: str, score: float) -> Pattern:
    return Pattern(name, regex, category, score)


CODES: Detector[NoOptions] = Detector(
    name="codes",
    summary="Codes.",
    categories={"code": "CODE-1234", "key": "KEY-abc", "maybe": "MAYBE-1"},
    options=NoOptions,
    prepare=lambda _: Prepared(
        patterns=(
            _code("code", "CODE-[0-9]{4}", "code", 0.9),
            _code("key", "KEY-[a-z]{3}", "key", 0.7),
            _code("maybe", "MAYBE-[0-9]", "maybe", 0.4),
        )
    ),
)
LOUD: Detector[NoOptions] = Detector(
    name="loud",
    summary="Exclamation marks.",
    categories={"shouting": "More than three in a window."},
    options=NoOptions,
    prepare=lambda _: Prepared(window=_scored),
)
BROKEN: Detector[NoOptions] = Detector(
    name="broken",
    summary="Fails.",
    categories={"none": "Nothing."},
    options=NoOptions,
    prepare=lambda _: Prepared(window=_breaks),
)
OURS: Mapping[str, Detector[Any]] = {one.name: one for one in (CODES, LOUD, BROKEN)}


def guardrail(
    name: str = "g",
    *,
    stages: str = "[request, response]",
    detectors: str = "[{type: codes}]",
    extra: str = "",
) -> str:
    """The YAML of one Guardrail for the backend tracker; `extra` are further keys of its spec."""
    more = f", {extra}" if extra else ""
    spec = f"{{targets: [{{backend: tracker}}], stages: {stages}, detectors: {detectors}{more}}}"
    return f"{HEAD}metadata: {{name: {name}}}\nspec: {spec}\n"


def sources(*texts: str) -> list[GuardrailSource]:
    """Documents of the right form, each a file of its own."""
    found: list[GuardrailSource] = []
    for number, text in enumerate(texts):
        (document,) = documents(text, f"{number}.yaml")
        model = validate(document, Guardrail)
        assert isinstance(model, Guardrail), model
        found.append(GuardrailSource.of(model, document, OURS, text))
    return found


def compiled(
    *texts: str, detectors: Mapping[str, Detector[Any]] = OURS
) -> GuardrailBook | tuple[Problem, ...]:
    """The documents compiled, or what is wrong with them."""
    return compile_guardrails(sources(*texts), TODAY, detectors=detectors)


def book(*texts: str, detectors: Mapping[str, Detector[Any]] = OURS) -> GuardrailBook:
    """The documents compiled, which must be sound."""
    found = compiled(*texts, detectors=detectors)
    assert isinstance(found, GuardrailBook), [str(one) for one in found]
    return found


def problems(*texts: str) -> list[str]:
    """What is wrong with documents, as people read it."""
    found = compiled(*texts)
    return [str(one) for one in (found.warnings if isinstance(found, GuardrailBook) else found)]


def passage(
    text: str,
    *,
    stage: Stage = Stage.REQUEST,
    part: Part = Part.USER,
    channel: str = "text",
    place: Place = AT,
    item: int | None = None,
    name: str = "",
) -> Passage:
    """A text of a message."""
    return Passage(text, place, stage, part, channel, item, name)


def findings(outcome: Outcome) -> list[tuple[str, int, int, str]]:
    """What was found: (category, start, end, action)."""
    return [
        (one.finding.category, one.finding.start, one.finding.end, one.action.value)
        for one in outcome.found
    ]
