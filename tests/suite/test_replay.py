"""Recorded findings judged again by other Guardrails."""

import json
from typing import Any

from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.guard import Check, Engine, Guard
from gateway.model.finding import Action, Level, Levels
from gateway.model.passage import Part, Stage
from gateway.suite.replay import Replay, replay

ENGINE = Engine("pii#0", "pii", Levels(), frozenset({"email_address"}))


def guard(
    action: Action = Action.BLOCK,
    level: Level = Level.MEDIUM,
    *,
    name: str = "edge",
    shadow: bool = False,
    parts: frozenset[Part] | None = None,
    stage: Stage = Stage.REQUEST,
) -> Guard:
    check = Check(ENGINE, action, level, parts=parts)
    return Guard(name, frozenset({stage}), (check,), shadow=shadow)


def line(*found: dict[str, Any], applied: tuple[str, ...] = ("edge",)) -> str:
    data = {
        "detector": "pii",
        "category": "email_address",
        "stage": "request",
        "part": "user",
        "score": 0.7,
        "level": "MEDIUM",
        "action": "block",
        "shadow": False,
    }
    evidences = [{"data": {**data, **one}} for one in found]
    event = {"policy": {"name": "edge"}, "evidences": evidences}
    events = [event] if found else []
    guarded = {"applied": list(applied)}
    return json.dumps({"audit_id": "a1", "guardrails": guarded, "detections": events})


def judged(one: Guard, *lines: str) -> Replay:
    return replay(lines, GuardrailBook([one]))


def test_the_same_guardrail_makes_the_same_of_a_record() -> None:
    told = judged(guard(), line({}), line())
    assert (told.messages, told.changed) == (2, 0)
    assert told.before == told.now == {"edge": {"block": 1, "pass": 1}}


def test_a_higher_threshold_lets_pass_what_was_blocked() -> None:
    told = judged(guard(level=Level.HIGH), line({}))
    (change,) = told.changes
    assert (change.audit_id, change.before, change.now) == ("a1", "block", "pass")


def test_another_action_and_another_mode_are_told() -> None:
    assert judged(guard(Action.MASK), line({})).now == {"edge": {"mask": 1}}
    assert judged(guard(shadow=True), line({})).now == {"edge": {"shadow_block": 1}}
    assert judged(guard(), line({"shadow": True})).before == {"edge": {"shadow_block": 1}}


def test_parts_and_stages_are_applied_anew() -> None:
    assert judged(guard(parts=frozenset({Part.SYSTEM})), line({})).now == {"edge": {"pass": 1}}
    assert judged(guard(stage=Stage.RESPONSE), line({})).now == {"edge": {"pass": 1}}


def test_an_action_that_is_enforced_is_told_before_one_in_shadow() -> None:
    both = line({"action": "block", "shadow": True}, {"action": "log"})
    assert judged(guard(), both).before == {"edge": {"log": 1}}


def test_a_guardrail_that_is_gone_is_named() -> None:
    told = judged(guard(name="other"), line({}))
    assert (told.gone, told.now, told.changed) == ({"edge"}, {}, 0)


def test_what_is_no_record_is_counted_and_what_was_not_judged_is_not() -> None:
    told = judged(guard(), "{", "[]", "", json.dumps({"audit_id": "a"}))
    assert (told.unread, told.messages) == (2, 0)


def test_evidence_that_this_version_does_not_know_is_left_out() -> None:
    told = judged(guard(), line({"level": "HUGE"}, {"stage": "elsewhere"}))
    assert told.before == {"edge": {"pass": 1}}
