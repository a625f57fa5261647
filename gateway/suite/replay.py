"""Recorded findings judged again by the Guardrails of today. No I/O, no clock.

A record has scores, levels and spans, and nothing of the text. So thresholds, categories, parts,
actions and modes can be applied anew; what was below the threshold of then was never recorded and
cannot come back, nor can a detector that was not asked.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.guard import Guard
from gateway.model.finding import Action, Level
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.passage import Part, Stage

PASSED: Final = "pass"
SHADOW: Final = "shadow_"
"""Before what a guardrail in shadow would have done."""

CHANGES: Final = 1_000
"""Changes that are told one by one; all are counted."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding as a record tells it."""

    detector: str
    category: str
    stage: Stage
    part: Part
    score: float
    level: Level
    action: Action
    shadow: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A message of which a guardrail would make something else now."""

    audit_id: str
    guardrail: str
    before: str
    now: str


@dataclass(slots=True)
class Replay:
    """What became of all messages: by guardrail, how many met which end then and now. `gone` are
    guardrails that the records name and nobody has any more, `unread` counts lines that are no
    records."""

    messages: int = 0
    unread: int = 0
    before: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    now: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    changes: list[Change] = field(default_factory=list[Change])
    changed: int = 0
    gone: set[str] = field(default_factory=set[str])


def replay(lines: Iterable[str], book: GuardrailBook) -> Replay:
    """Judge every record again that says what guardrails did."""
    told = Replay()
    for line in lines:
        if not line.strip():
            continue
        record = _record(line)
        if record is None:
            told.unread += 1
            continue
        applied = _applied(record)
        if applied:
            _judge(told, record, applied, book)
    return told


def _judge(told: Replay, record: JsonObject, applied: list[str], book: GuardrailBook) -> None:
    told.messages += 1
    found = {name: list(ones) for name, ones in _evidences(record)}
    every = [one for ones in found.values() for one in ones]
    for name in applied:
        before = _outcome((one.action, one.shadow) for one in found.get(name, ()))
        _count(told.before, name, before)
        guard = book.guards.get(name)
        if guard is None:
            told.gone.add(name)
            continue
        now = _outcome((action, guard.shadow) for one in every for action in _actions(guard, one))
        _count(told.now, name, now)
        if now != before:
            told.changed += 1
            if len(told.changes) < CHANGES:
                told.changes.append(Change(str(record.get("audit_id", "")), name, before, now))


def _actions(guard: Guard, one: Evidence) -> Iterator[Action]:
    """What a Guardrail makes of a finding, by each of its checks that counts it."""
    if one.stage not in guard.stages:
        return
    for check in guard.checks:
        concerned = check.parts is None or one.part in check.parts
        same = check.engine.detector == one.detector
        if same and concerned and check.counts(one.category, one.score, one.level):
            yield check.action


def _outcome(acted: Iterable[tuple[Action, bool]]) -> str:
    """The strongest action, with `shadow_` before it where it changed nothing."""
    ranked = list(acted)
    if not ranked:
        return PASSED
    action, shadow = max(ranked, key=lambda one: (not one[1], one[0].strength))
    return f"{SHADOW}{action.value}" if shadow else action.value


def _count(counts: dict[str, dict[str, int]], name: str, outcome: str) -> None:
    ends = counts.setdefault(name, {})
    ends[outcome] = ends.get(outcome, 0) + 1


def _record(line: str) -> JsonObject | None:
    try:
        value: JsonValue = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _applied(record: JsonObject) -> list[str]:
    guarded = record.get("guardrails")
    names = guarded.get("applied") if isinstance(guarded, dict) else None
    return [one for one in names if isinstance(one, str)] if isinstance(names, list) else []


def _evidences(record: JsonObject) -> Iterator[tuple[str, list[Evidence]]]:
    """The findings of a record by the Guardrail that counted them."""
    events = record.get("detections")
    for event in events if isinstance(events, list) else ():
        if not isinstance(event, dict):
            continue
        policy, told = event.get("policy"), event.get("evidences")
        name = policy.get("name") if isinstance(policy, dict) else None
        evidences = told if isinstance(told, list) else []
        found = [one for one in map(_evidence, evidences) if one is not None]
        if isinstance(name, str):
            yield name, found


def _evidence(value: JsonValue) -> Evidence | None:
    data = value.get("data") if isinstance(value, dict) else None
    return _from_data(data) if isinstance(data, dict) else None


def _from_data(data: Mapping[str, JsonValue]) -> Evidence | None:
    score = data.get("score")
    try:
        return Evidence(
            str(data["detector"]),
            str(data["category"]),
            Stage(data["stage"]),
            Part(data["part"]),
            float(score) if isinstance(score, int | float) else 0.0,
            Level[str(data["level"])],
            Action(data["action"]),
            data.get("shadow") is True,
        )
    except (KeyError, ValueError):
        return None
