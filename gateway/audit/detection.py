"""Findings of guardrails as an OCSF Detection Finding. Pure: no I/O, no clock.

Source: OCSF 1.9.0-dev, class 2004 with the profiles security_control and ai_operation. The block
`sanitizeOperation` has the shape of Google Model Armor's SanitizeOperationLogEntry, so that queries
for its logs find the same here. Neither has any text: types, spans, scores and names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.model.finding import Action, Level
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.outcome import Found, Outcome
from gateway.model.passage import Part, Stage

SCHEMA: Final = "1.9.0-dev"
CLASS: Final = 2004
EVIDENCES: Final = 64
"""Findings of one guardrail that a record tells in full; all are counted."""

_SEVERITY: Final = {Level.LOW: 2, Level.MEDIUM: 3, Level.HIGH: 4}
_DISPOSITION: Final = {Action.BLOCK: 2, Action.MASK: 11, Action.LOG: 17, Action.ANNOTATE: 18}
_FAULT: Final = 27
_USER, _ASSISTANT, _TOOL = 1, 2, 3
_ROLES: Final = {
    Part.ASSISTANT: _ASSISTANT,
    Part.REASONING: _ASSISTANT,
    Part.REFUSAL: _ASSISTANT,
    Part.TOOL_ARGUMENTS: _ASSISTANT,
    Part.TOOL_DEFINITION: _TOOL,
    Part.TOOL_RESULT: _TOOL,
    Part.RESOURCE: _TOOL,
}
_ANSWERS: Final = frozenset(
    {Stage.RESPONSE, Stage.TOOL_RESULT, Stage.TOOL_LIST, Stage.A2A_ARTIFACT, Stage.AGENT_CARD}
)
_FILTERS: Final = {
    "prompt_injection": "pi_and_jailbreak",
    "jailbreak": "pi_and_jailbreak",
    "malicious_url": "malicious_uris",
    "pii": "sdp",
    "secrets": "sdp",
}
_LIKELIHOOD: Final = {Level.LOW: "POSSIBLE", Level.MEDIUM: "LIKELY", Level.HIGH: "VERY_LIKELY"}
_CONFIDENCE: Final = {
    Level.LOW: "LOW_AND_ABOVE",
    Level.MEDIUM: "MEDIUM_AND_ABOVE",
    Level.HIGH: "HIGH",
}
_MATCH, _NO_MATCH = "MATCH_FOUND", "NO_MATCH_FOUND"


@dataclass(frozen=True, slots=True)
class About:
    """The request that findings are about, as its record names things. `time` is in seconds since
    the epoch."""

    audit_id: str
    time: float
    digest: str
    principal: str
    protocol: str
    method: str
    target: str
    backend: str
    trace_id: str


def detections(outcome: Outcome, about: About) -> list[JsonValue]:
    """One Detection Finding for each guardrail that found something or could not judge."""
    return [
        _event(name, outcome, about)
        for name in outcome.guardrails
        if any(one.guardrail == name for one in (*outcome.found, *outcome.missed))
    ]


def _event(name: str, outcome: Outcome, about: About) -> JsonObject:
    found = [one for one in outcome.found if one.guardrail == name]
    missed = [one for one in outcome.missed if one.guardrail == name]
    action = _strongest(one.action for one in (*found, *missed))
    shadow = all(one.shadow for one in (*found, *missed))
    denied = outcome.blocked_by == name
    level = max((one.finding.level for one in found), default=Level.LOW)
    return {
        **_heading(about),
        "severity_id": _SEVERITY[level],
        "action_id": 2 if denied else 1,
        "disposition_id": _disposition(action, found=bool(found), shadow=shadow),
        "is_alert": denied,
        **_confidence(found, level),
        "finding_info": _finding_info(name, found, about),
        "policy": {"name": name, "version": about.digest},
        "ai_agent": {"uid": about.principal},
        **_model(about),
        "message_context": {"ai_role_id": _role(found), "service": {"name": about.backend}},
        "resources": [{"name": about.target, "type": about.method}],
        "evidences": [{"data": _evidence(one, outcome)} for one in found[:EVIDENCES]],
        "count": max(len(found) + outcome.further.get(name, 0), 1),
        "skipped": [
            {"detector": one.skipped.detector, "reason": one.skipped.reason.value}
            for one in missed[:EVIDENCES]
        ],
        "sanitizeOperation": _sanitized(outcome, found, blocked=denied, whole=not missed),
    }


def _heading(about: About) -> JsonObject:
    """What all events have: which class they are of, and where they come from."""
    return {
        "metadata": {
            "version": SCHEMA,
            "product": {"name": "Gatehouse", "vendor_name": "Gatehouse"},
            "profiles": ["security_control", "ai_operation"],
            "uid": about.audit_id,
            "correlation_uid": about.trace_id,
        },
        "time": round(about.time * 1000),
        "category_uid": 2,
        "class_uid": CLASS,
        "type_uid": CLASS * 100 + 1,
        "activity_id": 1,
        "status_id": 1,
    }


def _finding_info(name: str, found: list[Found], about: About) -> JsonObject:
    types: list[JsonValue] = [*sorted({one.finding.category for one in found})]
    return {
        "uid": f"{about.audit_id}/{name}",
        "title": f"guardrail {name}",
        "types": types,
        "analytic": {"name": name, "type_id": 1, "uid": about.digest},
    }


def _disposition(action: Action, *, found: bool, shadow: bool) -> int:
    if not found:
        return _FAULT
    return _DISPOSITION[Action.LOG if shadow else action]


def _strongest(actions: Iterable[Action]) -> Action:
    return max(actions, key=lambda action: action.strength, default=Action.LOG)


def _confidence(found: list[Found], level: Level) -> JsonObject:
    if not found:
        return {}
    score = max(one.finding.score for one in found)
    return {"confidence_id": int(level), "confidence_score": round(score * 100)}


def _model(about: About) -> JsonObject:
    if about.protocol not in {"openai", "anthropic"}:
        return {}
    return {"ai_model": {"name": about.target, "ai_provider": about.backend}}


def _role(found: list[Found]) -> int:
    return next((_ROLES[one.part] for one in found if one.part in _ROLES), _USER)


def _evidence(one: Found, outcome: Outcome) -> JsonObject:
    finding = one.finding
    mark = outcome.texts.get(finding.channel)
    text: JsonObject = {"hash": mark.hash, "length": mark.length} if mark is not None else {}
    return {
        "detector": finding.detector,
        "category": finding.category,
        "stage": one.stage.value,
        "part": one.part.value,
        "channel": finding.channel,
        "start": finding.start,
        "end": finding.end,
        "score": round(finding.score, 4),
        "level": finding.level.name,
        "action": one.action.value,
        "shadow": one.shadow,
        **({"text": text} if text else {}),
    }


def _sanitized(outcome: Outcome, found: list[Found], *, blocked: bool, whole: bool) -> JsonObject:
    """What Model Armor would have logged of the same operation, without its text."""
    answer = any(one.stage in _ANSWERS for one in (*outcome.found, *outcome.missed))
    result: JsonObject = {
        "filterMatchState": _MATCH if found else _NO_MATCH,
        "invocationResult": "SUCCESS" if whole else "PARTIAL",
        "filterResults": _filter_results(found),
        "sanitizationVerdict": "MODEL_ARMOR_SANITIZATION_VERDICT_"
        + ("BLOCK" if blocked else "ALLOW"),
    }
    if found:
        reasons = ", ".join(sorted({one.finding.category for one in found}))
        result["sanitizationVerdictReason"] = f"Found: {reasons}."
    operation = "SANITIZE_MODEL_RESPONSE" if answer else "SANITIZE_USER_PROMPT"
    return {"operationType": operation, "sanitizationResult": result}


def _filter_results(found: list[Found]) -> JsonObject:
    by_filter: dict[str, list[Found]] = {}
    for one in found:
        by_filter.setdefault(_FILTERS.get(one.finding.detector, "custom"), []).append(one)
    return {name: _RESULTS.get(name, _custom)(ones) for name, ones in by_filter.items()}


def _state(ones: list[Found]) -> JsonObject:
    level = max(one.finding.level for one in ones)
    return {
        "executionState": "EXECUTION_SUCCESS",
        "matchState": _MATCH,
        "confidenceLevel": _CONFIDENCE[level],
    }


def _injection(ones: list[Found]) -> JsonValue:
    return {"piAndJailbreakFilterResult": _state(ones)}


def _uris(ones: list[Found]) -> JsonValue:
    items: list[JsonValue] = [
        {"locations": [{"start": str(one.finding.start), "end": str(one.finding.end)}]}
        for one in ones[:EVIDENCES]
    ]
    state: JsonObject = {"executionState": "EXECUTION_SUCCESS", "matchState": _MATCH}
    return {"maliciousUriFilterResult": {**state, "maliciousUriMatchedItems": items}}


def _sensitive(ones: list[Found]) -> JsonValue:
    findings: list[JsonValue] = [
        {
            "infoType": one.finding.category.upper(),
            "likelihood": _LIKELIHOOD[one.finding.level],
            "location": {
                "codepointRange": {"start": str(one.finding.start), "end": str(one.finding.end)}
            },
        }
        for one in ones[:EVIDENCES]
    ]
    state: JsonObject = {"executionState": "EXECUTION_SUCCESS", "matchState": _MATCH}
    cut = len(ones) > EVIDENCES
    inspected: JsonObject = {**state, "findings": findings, "findingsTruncated": cut}
    return {"sdpFilterResult": {"inspectResult": inspected}}


def _custom(ones: list[Found]) -> JsonValue:
    return {"customFilterResult": _state(ones)}


_RESULTS: Final = {
    "pi_and_jailbreak": _injection,
    "malicious_uris": _uris,
    "sdp": _sensitive,
}
