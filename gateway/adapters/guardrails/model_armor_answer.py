"""Reads answers of Google Model Armor. No I/O, no clock.

Three fields have to agree before a text counts as harmless: `invocationResult` says whether all
filters were asked, `executionState` whether each was run, `matchState` what it found. A filter that
was skipped has no match either.

Source: google.cloud.modelarmor.v1.SanitizationResult.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from gateway.adapters.guardrails.reading import as_int64, as_list, as_object, as_text, unreadable
from gateway.guardrails.provider import (
    DANGEROUS,
    HARASSMENT,
    HATE,
    SEXUAL,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
)
from gateway.model.finding import Level, SkipReason
from gateway.model.jsonvalue import JsonObject, JsonValue

MATCH: Final = "MATCH_FOUND"
NO_MATCH: Final = "NO_MATCH_FOUND"
RAI_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dangerous": DANGEROUS,
        "harassment": HARASSMENT,
        "hate_speech": HATE,
        "sexually_explicit": SEXUAL,
    }
)
"""Our names of the categories of responsible AI, by Model Armor's."""

_CONFIDENCE: Final = {
    "LOW_AND_ABOVE": Level.LOW,
    "MEDIUM_AND_ABOVE": Level.MEDIUM,
    "HIGH": Level.HIGH,
}
_LIKELIHOOD: Final = {
    "VERY_UNLIKELY": Level.LOW,
    "UNLIKELY": Level.LOW,
    "POSSIBLE": Level.LOW,
    "LIKELY": Level.MEDIUM,
    "VERY_LIKELY": Level.HIGH,
}
# A text is no file that could have a virus.
_NO_TEXT_FILTER: Final = "virusScanFilterResult"
_TOO_LONG: Final = "limit exceeded"


def read_answer(answer: JsonObject, text: str, may_skip: frozenset[str]) -> ProviderVerdict:
    """The verdict on `text`. Filters named in `may_skip` may have been skipped. Raises
    `UnusableError` for what is no such answer."""
    result = as_object(answer.get("sanitizationResult"))
    state = _match_state(result.get("filterMatchState"))
    filters = [_Filter(name, as_object(one)) for name, one in _filters(result)]
    skipped = _invocation(result) or next(
        filter(None, (f.skipped(may_skip) for f in filters)), None
    )
    findings = tuple(found for one in filters for found in one.findings(text))
    masked = next(filter(None, (one.masked() for one in filters)), None)
    if state == MATCH and not findings:
        findings = (ProviderFinding("model_armor", Level.HIGH, 0),)
    if any(one.blocks for one in filters) or (findings and masked is None):
        return ProviderVerdict(ProviderAction.BLOCK, findings, None, skipped)
    if masked is not None:
        return ProviderVerdict(ProviderAction.MASK, findings, (masked,), skipped)
    return ProviderVerdict(ProviderAction.NONE, (), None, skipped)


def _match_state(value: JsonValue) -> str:
    state = as_text(value)
    if state not in {MATCH, NO_MATCH}:
        raise unreadable()
    return state


def _invocation(result: JsonObject) -> SkipReason | None:
    match result.get("invocationResult"):
        case "SUCCESS":
            return None
        case "PARTIAL" | "FAILURE":
            return SkipReason.ERROR
        case _:
            raise unreadable()


def _filters(result: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    """Name and value of every filter's result: of a map, or of an array of one-key objects (as
    some versions answer), of which the key may be that of the result itself."""
    found = result.get("filterResults")
    if found is None:
        return
    entries = [found] if isinstance(found, dict) else as_list(found)
    for entry in entries:
        for name, value in as_object(entry).items():
            if name.endswith("FilterResult"):
                yield _NAMES.get(name, name), {name: value}
            else:
                yield name, value


class _Filter:
    """The result of one filter: an object with one member that says which it is."""

    def __init__(self, name: str, holder: JsonObject) -> None:
        if len(holder) != 1:
            raise unreadable()
        ((self._kind, value),) = holder.items()
        self._name = name
        self._value = as_object(value)
        if self._kind == "sdpFilterResult":
            if len(self._value) != 1:
                raise unreadable()
            ((self._form, inner),) = self._value.items()
            self._value = as_object(inner)
        else:
            self._form = ""
        self._matched = self._is_match()

    @property
    def blocks(self) -> bool:
        """Whether it found what it does not mask."""
        return self._matched and self.masked() is None

    def skipped(self, may_skip: frozenset[str]) -> SkipReason | None:
        """Why it was not run."""
        if self._value.get("executionState") == "EXECUTION_SUCCESS":
            return None
        if self._name in may_skip or self._kind == _NO_TEXT_FILTER:
            return None
        messages = self._value.get("messageItems")
        texts = [as_object(one).get("message") for one in as_list(messages or [])]
        too_long = any(isinstance(one, str) and _TOO_LONG in one for one in texts)
        return SkipReason.OVERSIZE if too_long else SkipReason.ERROR

    def masked(self) -> str | None:
        """The text that it has masked."""
        if self._form != "deidentifyResult" or not self._matched:
            return None
        return as_text(as_object(self._value.get("data")).get("text"))

    def findings(self, text: str) -> tuple[ProviderFinding, ...]:
        """What it found."""
        if not self._matched:
            return ()
        read = _READERS.get(self._form or self._kind)
        found = tuple(read(self._value, text)) if read is not None else ()
        return found or (ProviderFinding(_CATEGORIES.get(self._name, self._name), Level.HIGH, 0),)

    def _is_match(self) -> bool:
        state = self._value.get("matchState")
        if state is None or state == "FILTER_MATCH_STATE_UNSPECIFIED":
            # what was skipped need not say more
            if self._value.get("executionState") == "EXECUTION_SUCCESS":
                raise unreadable()
            return False
        return _match_state(state) == MATCH


def _rai(value: JsonObject, text: str) -> Iterator[ProviderFinding]:
    del text
    for name, entry in as_object(value.get("raiFilterTypeResults") or {}).items():
        one = as_object(entry)
        if one.get("matchState") == MATCH:
            yield ProviderFinding(RAI_TYPES.get(name, name), _confidence(one), 0)


def _injection(value: JsonObject, text: str) -> Iterator[ProviderFinding]:
    del text
    yield ProviderFinding("prompt_injection", _confidence(value), 0)


def _uris(value: JsonObject, text: str) -> Iterator[ProviderFinding]:
    for entry in as_list(value.get("maliciousUriMatchedItems") or []):
        item = as_object(entry)
        uri = as_text(item.get("uri"))
        for place in as_list(item.get("locations") or [None]):
            yield ProviderFinding("malicious_url", Level.HIGH, 0, _uri_span(text, uri, place))


def _uri_span(text: str, uri: str, place: JsonValue) -> tuple[int, int] | None:
    """Where a URI is. Whether the range counts bytes or characters is not documented, so it is
    believed where it fits."""
    if isinstance(place, dict):
        start, end = as_int64(place.get("start")), as_int64(place.get("end"))
        if text[start:end] == uri:
            return start, end
    start = text.find(uri) if uri else -1
    return None if start < 0 else (start, start + len(uri))


def _inspected(value: JsonObject, text: str) -> Iterator[ProviderFinding]:
    for entry in as_list(value.get("findings") or []):
        one = as_object(entry)
        level = _LIKELIHOOD.get(str(one.get("likelihood")), Level.LOW)
        span = _span(as_object(one.get("location") or {}), text)
        yield ProviderFinding(as_text(one.get("infoType")).lower(), level, 0, span)
    if value.get("findingsTruncated") is True:  # the places above are not all that there are
        yield ProviderFinding("sensitive_data", Level.HIGH, 0)


def _deidentified(value: JsonObject, text: str) -> Iterator[ProviderFinding]:
    del text
    for name in as_list(value.get("infoTypes") or []):
        yield ProviderFinding(as_text(name).lower(), Level.HIGH, 0)


def _span(location: JsonObject, text: str) -> tuple[int, int] | None:
    """The range in characters; one that does not fit the text is none."""
    codepoints, octets = location.get("codepointRange"), location.get("byteRange")
    if isinstance(codepoints, dict):
        start, end = as_int64(codepoints.get("start")), as_int64(codepoints.get("end"))
    elif isinstance(octets, dict):
        data = text.encode()
        start, end = as_int64(octets.get("start")), as_int64(octets.get("end"))
        start, end = (len(data[:at].decode(errors="ignore")) for at in (start, end))
    else:
        return None
    return (start, end) if start < end <= len(text) else None


def _confidence(value: JsonObject) -> Level:
    """Unspecified is the lowest, as in templates."""
    return _CONFIDENCE.get(str(value.get("confidenceLevel")), Level.LOW)


_Reader = Callable[[JsonObject, str], Iterator[ProviderFinding]]
_READERS: Final[Mapping[str, _Reader]] = MappingProxyType(
    {
        "raiFilterResult": _rai,
        "piAndJailbreakFilterResult": _injection,
        "maliciousUriFilterResult": _uris,
        "inspectResult": _inspected,
        "deidentifyResult": _deidentified,
    }
)
_NAMES: Final = MappingProxyType(
    {
        "raiFilterResult": "rai",
        "piAndJailbreakFilterResult": "pi_and_jailbreak",
        "maliciousUriFilterResult": "malicious_uris",
        "csamFilterFilterResult": "csam",
        "csamFilterResult": "csam",
        "sdpFilterResult": "sdp",
        "virusScanFilterResult": "virus_scan",
    }
)
_CATEGORIES: Final = {
    "malicious_uris": "malicious_url",
    "pi_and_jailbreak": "prompt_injection",
    "sdp": "sensitive_data",
    "virus_scan": "malware",
}
