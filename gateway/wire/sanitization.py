"""What Guardrails found, in the form of Google Model Armor's results. Pure: no I/O, no clock.

MATCH_FOUND stands for what a Guardrail blocks or masks: clients of Model Armor block on it. What is
only logged or annotated, or in shadow, is no match. Nothing here quotes the text, but the masked
text where the caller gives it.

Source: google.cloud.modelarmor.v1.SanitizationResult in proto3's JSON: int64 are strings.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Final

from gateway.model.finding import Action, Finding, Level
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.outcome import Found, Missed, Outcome

MATCH: Final = "MATCH_FOUND"
NO_MATCH: Final = "NO_MATCH_FOUND"


class Filter(Enum):
    """Filters of Model Armor, as keys of `filterResults`."""

    RAI = "rai"
    INJECTION = "pi_and_jailbreak"
    URIS = "malicious_uris"
    CSAM = "csam"
    SDP = "sdp"


RAI_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dangerous": "dangerous",
        "harassment": "harassment",
        "hate": "hate_speech",
        "sexual": "sexually_explicit",
    }
)
"""Model Armor's names of the categories of responsible AI, by ours."""

_BY_CATEGORY: Final[Mapping[str, Filter]] = MappingProxyType(
    {
        **dict.fromkeys(RAI_TYPES, Filter.RAI),
        **dict.fromkeys(("prompt_injection", "jailbreak"), Filter.INJECTION),
        "malicious_url": Filter.URIS,
        "csam": Filter.CSAM,
    }
)
_BY_DETECTOR: Final[Mapping[str, Filter]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("prompt_injection", "jailbreak", "tool_poisoning", "hidden_text", "code_injection"),
            Filter.INJECTION,
        ),
        "malicious_url": Filter.URIS,
        **dict.fromkeys(("canary", "custom", "pii", "secrets", "words"), Filter.SDP),
    }
)
_CONFIDENCE: Final = {
    Level.LOW: "LOW_AND_ABOVE",
    Level.MEDIUM: "MEDIUM_AND_ABOVE",
    Level.HIGH: "HIGH",
}
_LIKELIHOOD: Final = {Level.LOW: "POSSIBLE", Level.MEDIUM: "LIKELY", Level.HIGH: "VERY_LIKELY"}


def filter_of(detector: str, category: str) -> Filter:
    """Under which filter findings of a detector stand. What is none of the others' is sensitive
    data: that filter alone names what it finds freely."""
    return _BY_CATEGORY.get(category) or _BY_DETECTOR.get(detector, Filter.SDP)


def filters_of(detectors: Iterable[str], *, responsible_ai: bool) -> frozenset[Filter]:
    """The filters that these detectors stand for; `responsible_ai` is whether a provider with
    those categories is asked, too."""
    found = {filter_of(detector, "") for detector in detectors}
    return frozenset(found | {Filter.RAI} if responsible_ai else found)


def sanitization_result(
    outcome: Outcome,
    ran: frozenset[Filter],
    text: str | None = None,
    masked: str | None = None,
) -> JsonObject:
    """The member `sanitizationResult`.

    `ran` are the filters that the Guardrails stand for; others were skipped. With `text` ranges are
    given in bytes, too; `masked` is the text as it may go on, where it was masked.
    """
    found = [one for one in outcome.found if _counts(one)]
    missed = _missed(outcome.missed, ran)
    results: JsonObject = {}
    for name in Filter:
        own = [one for one in found if _filter(one, masked) is name]
        if own or name is not Filter.CSAM:
            state = _state(name in ran or bool(own), missed.get(name))
            results[name.value] = _result(name, own, state, text, masked)
    return {
        "filterMatchState": MATCH if found else NO_MATCH,
        "invocationResult": _invocation(ran, missed),
        "filterResults": results,
        "sanitizationMetadata": {},
    }


def _counts(found: Found) -> bool:
    return not found.shadow and found.action in {Action.BLOCK, Action.MASK}


def _filter(found: Found, masked: str | None) -> Filter:
    """What is masked is de-identified, whatever found it."""
    if found.action is Action.MASK and masked is not None:
        return Filter.SDP
    return filter_of(found.finding.detector, found.finding.category)


def _missed(missed: Sequence[Missed], ran: frozenset[Filter]) -> dict[Filter, Missed]:
    """Which filters could not do their work, and why. "*" speaks of every detector; a name that is
    none of a detector is a provider's."""
    found: dict[Filter, Missed] = {}
    for one in missed:
        if one.shadow:
            continue
        if one.skipped.detector == "*":
            found |= dict.fromkeys(ran or {Filter.SDP}, one)
        else:
            other = Filter.RAI if Filter.RAI in ran else Filter.SDP
            found[_BY_DETECTOR.get(one.skipped.detector, other)] = one
    return found


def _invocation(ran: frozenset[Filter], missed: Mapping[Filter, Missed]) -> str:
    if not missed:
        return "SUCCESS"
    return "PARTIAL" if ran - missed.keys() else "FAILURE"


def _state(ran: bool, missed: Missed | None) -> JsonObject:
    if ran and missed is None:
        return {"executionState": "EXECUTION_SUCCESS"}
    reason = "not configured" if missed is None else missed.skipped.reason.value
    item: JsonObject = {"messageType": "INFO" if missed is None else "ERROR", "message": reason}
    return {"executionState": "EXECUTION_SKIPPED", "messageItems": [item]}


def _result(
    name: Filter, found: Sequence[Found], state: JsonObject, text: str | None, masked: str | None
) -> JsonObject:
    findings = [one.finding for one in found]
    whole = {**state, "matchState": MATCH if found else NO_MATCH}
    match name:
        case Filter.RAI:
            return {"raiFilterResult": {**whole, "raiFilterTypeResults": _rai(findings)}}
        case Filter.INJECTION:
            level = {"confidenceLevel": _confidence(findings)} if findings else {}
            return {"piAndJailbreakFilterResult": {**whole, **level}}
        case Filter.URIS:
            items = _uris(findings, text)
            return {"maliciousUriFilterResult": {**whole, "maliciousUriMatchedItems": items}}
        case Filter.CSAM:
            return {"csamFilterFilterResult": whole}
        case Filter.SDP:
            return {"sdpFilterResult": _sdp(found, whole, text, masked)}


def _rai(findings: Sequence[Finding]) -> JsonObject:
    results: JsonObject = {}
    for category, name in RAI_TYPES.items():
        own = [one for one in findings if one.category == category]
        level = {"confidenceLevel": _confidence(own)} if own else {}
        results[name] = {**level, "matchState": MATCH if own else NO_MATCH}
    return results


def _confidence(findings: Sequence[Finding]) -> str:
    return _CONFIDENCE[max(one.level for one in findings)]


def _uris(findings: Sequence[Finding], text: str | None) -> list[JsonValue]:
    """Model Armor quotes the URIs: to who sent the text they are nothing new, to a record (which
    has no text) they are not told."""
    return [
        {
            "uri": "" if text is None else text[one.start : one.end],
            "locations": [{"start": str(one.start), "end": str(one.end)}],
        }
        for one in findings
    ]


def _sdp(
    found: Sequence[Found], whole: JsonObject, text: str | None, masked: str | None
) -> JsonObject:
    findings = [one.finding for one in found]
    if masked is not None and found and all(one.action is Action.MASK for one in found):
        kinds: list[JsonValue] = list(dict.fromkeys(_info_type(one) for one in findings))
        data: JsonObject = {"data": {"text": masked}, "infoTypes": kinds}
        if text is not None:
            data["transformedBytes"] = str(sum(len(_within(text, one)) for one in findings))
        return {"deidentifyResult": {**whole, **data}}
    inspected: list[JsonValue] = [_inspected(one, text) for one in findings]
    return {"inspectResult": {**whole, "findings": inspected, "findingsTruncated": False}}


def _inspected(finding: Finding, text: str | None) -> JsonObject:
    start, end = finding.start, finding.end
    location: JsonObject = {"codepointRange": {"start": str(start), "end": str(end)}}
    if text is not None:
        first = len(text[:start].encode())
        last = first + len(_within(text, finding))
        location["byteRange"] = {"start": str(first), "end": str(last)}
    return {
        "infoType": _info_type(finding),
        "likelihood": _LIKELIHOOD[finding.level],
        "location": location,
    }


def _within(text: str, finding: Finding) -> bytes:
    return text[finding.start : finding.end].encode()


def _info_type(finding: Finding) -> str:
    return finding.category.upper()
