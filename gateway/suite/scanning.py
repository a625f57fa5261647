"""What every detector finds in one text, and what each Guardrail would do. No I/O, no clock."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import yaml
from pydantic import ValidationError

from gateway.config.section import Section
from gateway.config.selection import Metadata
from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.compile import compile_guardrails
from gateway.guardrails.database import DatabaseCache
from gateway.guardrails.detector import Detector
from gateway.guardrails.detectors import find_detectors
from gateway.guardrails.exclusions import fingerprint
from gateway.guardrails.guard import Check, Guard
from gateway.guardrails.mask import Span, masked
from gateway.guardrails.schema import MAX_BYTES, DetectorUse, Guardrail, GuardrailSpec
from gateway.guardrails.source import GuardrailSource
from gateway.model.finding import Action, Finding, Level
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.outcome import Found, Missed, Outcome
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.problem import Place as FilePlace
from gateway.model.screening import Screened

LENS: Final = "(scan)"
"""What looks for everything; no document can be called that."""

DEFAULT: Final = "default"
"""The Guardrail of all detectors, where none is given."""

_TEXT: Final = Place(("text",))


@dataclass(frozen=True, slots=True)
class Seen:
    """One finding of a text: with its fingerprint, whether it is a `window` as a whole, and what
    each Guardrail for which it counts makes of it."""

    finding: Finding
    fingerprint: str
    window: bool
    by: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """A text scanned. `verdict` is that of the Guardrails together, `hidden` the text with every
    finding masked."""

    seen: tuple[Seen, ...]
    missed: tuple[Missed, ...]
    verdict: Screened
    left: str
    hidden: str
    outcome: Outcome


def default_book(
    today: date, cache: DatabaseCache | None = None
) -> tuple[GuardrailBook, tuple[str, ...]]:
    """One Guardrail of all detectors as they are, and the names of those that have to be told
    something first and are left out. `cache` has compiled patterns."""
    known = find_detectors()
    told = {name: one for name, one in known.items() if _needs_nothing(one)}
    spec = GuardrailSpec(
        stages=tuple(Stage),
        detectors=tuple(DetectorUse(type=name) for name in told),
        floor=True,
        max_bytes=64 * MAX_BYTES,
    )
    document = Guardrail(
        apiVersion="gatehouse.dev/v1",
        kind="Guardrail",
        metadata=Metadata(name=DEFAULT),
        spec=spec,
    )
    source = GuardrailSource(document, lambda _path: FilePlace(DEFAULT, 1, 1))
    book = compile_guardrails([source], today, cache=cache)
    if not isinstance(book, GuardrailBook):
        raise TypeError(str(book[0]))  # a detector whose own defaults it does not take
    return book, tuple(name for name in known if name not in told)


def scan_text(text: str, book: GuardrailBook, stage: Stage, part: Part, tool: str) -> Scan:
    """Scan a text as one of a stage and part, about a tool ("" for none)."""
    lens = _lens(book.guards.values())
    names = (LENS, *(name for name, guard in book.guards.items() if stage in guard.stages))
    seeing = GuardrailBook((lens, *book.guards.values()), book.patterns)
    passage = Passage(text, _TEXT, stage, part, "text", name=tool)
    verdict, outcome = seeing.judge(names, (passage,))
    found = [one for one in outcome.found if one.guardrail == LENS]
    seen = tuple(_seen(one, text, outcome, lens) for one in found)
    spans = [
        Span(one.finding.start, one.finding.end, one.finding.category)
        for one in seen
        if not one.window
    ]
    left = "" if verdict.blocked is not None else verdict.texts.get(_TEXT, text)
    lost = tuple(one for one in outcome.missed if one.guardrail != LENS)
    return Scan(seen, lost, verdict, left, masked(text, spans), outcome)


def scan_lines(scan: Scan) -> Iterator[str]:
    """For people."""
    for one in scan.seen:
        found = one.finding
        yield (
            f"{found.start}-{found.end}  {found.detector}/{found.category}  "
            f"{found.score:.2f} {found.level.name}  {one.fingerprint}"
        )
        for by in one.by:
            shadow = " (shadow)" if by.shadow else ""
            yield f"    {by.guardrail}: {by.action.value}{shadow}"
        if not one.by:
            yield "    no Guardrail counts it"
    for lost in scan.missed:
        yield f"not judged  {lost.skipped.detector}: {lost.skipped.reason.value} ({lost.guardrail})"
    if any(not one.window for one in scan.seen):
        yield f"masked: {scan.hidden}"
    if scan.verdict.blocked is not None:
        yield f"verdict: block: {scan.verdict.blocked}"
    else:
        action = scan.outcome.action
        yield f"verdict: {action.value if action else 'pass'}"


def scan_json(scan: Scan) -> JsonObject:
    """For programs; the form is stable: fields are added, never renamed."""
    action = scan.outcome.action
    blocked = scan.verdict.blocked
    return {
        "version": 1,
        "action": "block" if blocked is not None else action.value if action else "pass",
        "message": blocked or "",
        "text": None if blocked is not None else scan.left,
        "masked": scan.hidden,
        "findings": [_seen_json(one) for one in scan.seen],
        "skipped": [
            {
                "guardrail": one.guardrail,
                "detector": one.skipped.detector,
                "reason": one.skipped.reason.value,
                "action": one.action.value,
            }
            for one in scan.missed
        ],
    }


def baseline(seen: Iterable[Seen]) -> str:
    """Exclusions of what was found, for the `exclusions` of a Guardrail. Owner, reason and expiry
    are to be filled in: a document without them is refused."""
    entries: dict[str, JsonValue] = {
        one.fingerprint: {
            "fingerprint": one.fingerprint,
            "detectors": [one.finding.detector],
            "categories": [one.finding.category],
            "owner": "",
            "reason": "",
            "expires": "",
        }
        for one in seen
    }
    return yaml.safe_dump({"exclusions": list(entries.values())}, sort_keys=False)


def _lens(guards: Iterable[Guard]) -> Guard:
    engines = {check.engine.key: check.engine for guard in guards for check in guard.checks}
    checks = tuple(Check(engine, Action.LOG, Level.LOW) for engine in engines.values())
    return Guard(
        LENS,
        frozenset(Stage),
        checks,
        shadow=True,
        closed=False,
        on_oversize="scan_windows",
        timeout=float("inf"),
    )


def _seen(found: Found, text: str, outcome: Outcome, lens: Guard) -> Seen:
    one = found.finding
    covered = {
        (check.engine.detector, category)
        for check in lens.checks
        for category in check.engine.categories
    }
    by = tuple(other for other in _of(outcome.found, one) if other.guardrail != LENS)
    mark = fingerprint(one.detector, one.category, text[one.start : one.end])
    return Seen(one, mark, (one.detector, one.category) not in covered, by)


def _of(found: Sequence[Found], finding: Finding) -> Iterator[Found]:
    return (one for one in found if one.finding == finding)


def _seen_json(one: Seen) -> JsonObject:
    found = one.finding
    return {
        "detector": found.detector,
        "category": found.category,
        "start": found.start,
        "end": found.end,
        "score": found.score,
        "level": found.level.name,
        "fingerprint": one.fingerprint,
        "guardrails": [
            {
                "name": by.guardrail,
                "action": by.action.value,
                "mode": "shadow" if by.shadow else "enforce",
            }
            for by in one.by
        ],
    }


def _needs_nothing(detector: Detector[Any]) -> bool:
    options: type[Section] = detector.options
    try:
        detector.prepare(options())
    except (ValidationError, ValueError):
        return False
    return True
