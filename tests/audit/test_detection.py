"""Findings as OCSF Detection Findings."""

import json
from typing import Any, cast

import pytest

from gateway.audit.detection import EVIDENCES, About, detections
from gateway.model.finding import Action, Finding, Level, Skipped, SkipReason
from gateway.model.outcome import Found, Missed, Outcome, TextMark
from gateway.model.passage import Part, Stage

ABOUT = About(
    audit_id="a1",
    time=1_700_000_000.5,
    digest="d1",
    principal="spiffe://x/agent",
    protocol="openai",
    method="chat/completions",
    target="gpt",
    backend="models",
    trace_id="t1",
)


def found(
    detector: str = "pii",
    category: str = "email_address",
    action: Action = Action.MASK,
    *,
    guardrail: str = "edge",
    level: Level = Level.HIGH,
    shadow: bool = False,
    stage: Stage = Stage.REQUEST,
    part: Part = Part.USER,
) -> Found:
    finding = Finding(detector, category, "messages/0/content", 3, 9, 0.9, level)
    return Found(guardrail, finding, action, shadow, stage, part)


def missed(guardrail: str = "edge") -> Missed:
    skipped = Skipped("secrets", "messages/0/content", SkipReason.TIMEOUT)
    return Missed(guardrail, skipped, Action.BLOCK, False, Stage.REQUEST)


def events(*ones: Found, lost: tuple[Missed, ...] = (), blocked_by: str = "") -> list[Any]:
    names = tuple(dict.fromkeys(one.guardrail for one in (*ones, *lost)))
    outcome = Outcome(guardrails=(*names, "quiet"), found=ones, missed=lost, blocked_by=blocked_by)
    return cast("list[Any]", detections(outcome, ABOUT))


def test_each_guardrail_that_found_something_has_an_event_of_its_own() -> None:
    both = events(found(), found(guardrail="floor"))
    assert [one["policy"]["name"] for one in both] == ["edge", "floor"]
    assert {one["class_uid"] for one in both} == {2004}


def test_an_event_says_who_asked_what_of_which_model() -> None:
    (event,) = events(found())
    assert event["ai_agent"] == {"uid": "spiffe://x/agent"}
    assert event["ai_model"] == {"name": "gpt", "ai_provider": "models"}
    assert event["metadata"]["uid"] == "a1"
    assert event["time"] == 1_700_000_000_500


@pytest.mark.parametrize(
    ("action", "shadow", "disposition"),
    [
        (Action.BLOCK, False, 2),
        (Action.MASK, False, 11),
        (Action.LOG, False, 17),
        (Action.ANNOTATE, False, 18),
        (Action.BLOCK, True, 17),
    ],
)
def test_the_disposition_tells_what_became_of_the_message(
    action: Action, shadow: bool, disposition: int
) -> None:
    (event,) = events(found(action=action, shadow=shadow))
    assert event["disposition_id"] == disposition


def test_what_was_not_judged_is_an_error_and_no_silence() -> None:
    (event,) = events(lost=(missed(),))
    assert event["disposition_id"] == 27
    assert event["skipped"] == [{"detector": "secrets", "reason": "timeout"}]
    assert event["sanitizeOperation"]["sanitizationResult"]["invocationResult"] == "PARTIAL"


def test_only_the_guardrail_that_blocked_denied_the_message() -> None:
    first, second = events(found(), found(guardrail="floor"), blocked_by="floor")
    assert (first["action_id"], second["action_id"]) == (1, 2)
    assert (first["is_alert"], second["is_alert"]) == (False, True)


def test_evidence_has_types_and_spans_and_nothing_of_the_text() -> None:
    (event,) = events(found())
    (evidence,) = event["evidences"]
    assert evidence["data"] == {
        "detector": "pii",
        "category": "email_address",
        "stage": "request",
        "part": "user",
        "channel": "messages/0/content",
        "start": 3,
        "end": 9,
        "score": 0.9,
        "level": "HIGH",
        "action": "mask",
        "shadow": False,
    }


def test_evidence_is_bounded_and_all_findings_are_counted() -> None:
    (event,) = events(*[found() for _ in range(EVIDENCES + 5)])
    assert (len(event["evidences"]), event["count"]) == (EVIDENCES, EVIDENCES + 5)


def test_evidence_names_its_text_by_hash_and_length() -> None:
    one = found()
    marks = {one.finding.channel: TextMark("ab", 12)}
    outcome = Outcome(("edge",), (one,), further={"edge": 4}, texts=marks)
    (event,) = cast("list[Any]", detections(outcome, ABOUT))
    assert event["evidences"][0]["data"]["text"] == {"hash": "ab", "length": 12}
    assert event["count"] == 5
    assert "text" not in events(one)[0]["evidences"][0]["data"]


@pytest.mark.parametrize(
    ("detector", "name", "result"),
    [
        ("prompt_injection", "pi_and_jailbreak", "piAndJailbreakFilterResult"),
        ("jailbreak", "pi_and_jailbreak", "piAndJailbreakFilterResult"),
        ("malicious_url", "malicious_uris", "maliciousUriFilterResult"),
        ("secrets", "sdp", "sdpFilterResult"),
        ("words", "custom", "customFilterResult"),
    ],
)
def test_filters_have_the_names_that_model_armor_gives_them(
    detector: str, name: str, result: str
) -> None:
    (event,) = events(found(detector))
    filters = event["sanitizeOperation"]["sanitizationResult"]["filterResults"]
    assert list(filters) == [name]
    assert list(filters[name]) == [result]


def test_the_operation_tells_prompts_and_answers_apart() -> None:
    (asked,) = events(found())
    (told,) = events(found(stage=Stage.TOOL_RESULT, part=Part.TOOL_RESULT))
    assert asked["sanitizeOperation"]["operationType"] == "SANITIZE_USER_PROMPT"
    assert told["sanitizeOperation"]["operationType"] == "SANITIZE_MODEL_RESPONSE"
    assert told["message_context"]["ai_role_id"] == 3


def test_an_event_is_json() -> None:
    assert json.loads(json.dumps(events(found(), lost=(missed(),))))
