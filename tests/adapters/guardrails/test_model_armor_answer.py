from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.guardrails.client import UnusableError
from gateway.adapters.guardrails.model_armor_answer import read_answer
from gateway.guardrails.provider import PASSED, ProviderAction, ProviderFinding, ProviderVerdict
from gateway.model.finding import Action, Finding, Level, SkipReason
from gateway.model.outcome import Found, Outcome
from gateway.model.passage import Part, Stage
from gateway.wire.sanitization import Filter, sanitization_result

RAN = {"executionState": "EXECUTION_SUCCESS"}
NOTHING = {**RAN, "matchState": "NO_MATCH_FOUND"}
FOUND = {**RAN, "matchState": "MATCH_FOUND"}
SKIPPED = {"executionState": "EXECUTION_SKIPPED", "matchState": "NO_MATCH_FOUND"}
TEXT = "grüße to a@b.example and https://bad.example/x"


def answer(filters: Any, *, match: bool = False, invocation: str = "SUCCESS") -> dict[str, Any]:
    return {
        "sanitizationResult": {
            "filterMatchState": "MATCH_FOUND" if match else "NO_MATCH_FOUND",
            "invocationResult": invocation,
            "filterResults": filters,
            "sanitizationMetadata": {},
        }
    }


def read(value: dict[str, Any], *may_skip: str) -> ProviderVerdict:
    return read_answer(value, TEXT, frozenset(may_skip))


def matched(filters: Any) -> ProviderVerdict:
    return read(answer(filters, match=True))


def sdp(location: dict[str, Any]) -> ProviderVerdict:
    finding = {"infoType": "EMAIL_ADDRESS", "likelihood": "VERY_LIKELY", "location": location}
    inspected = {"inspectResult": {**FOUND, "findings": [finding]}}
    return matched({"sdp": {"sdpFilterResult": inspected}})


def test_nothing_found_by_filters_that_all_ran_is_a_pass() -> None:
    filters = {
        "rai": {"raiFilterResult": NOTHING},
        "csam": {"csamFilterFilterResult": NOTHING},
        "sdp": {"sdpFilterResult": {"inspectResult": NOTHING}},
    }
    assert read(answer(filters)) == PASSED
    assert read(answer(None)) == PASSED


def test_categories_of_responsible_ai_have_our_names_and_levels() -> None:
    types = {
        "dangerous": {"confidenceLevel": "HIGH", "matchState": "MATCH_FOUND"},
        "hate_speech": {"confidenceLevel": "MEDIUM_AND_ABOVE", "matchState": "MATCH_FOUND"},
        "sexually_explicit": {"confidenceLevel": "LOW_AND_ABOVE", "matchState": "MATCH_FOUND"},
        "harassment": {"matchState": "NO_MATCH_FOUND"},
    }
    verdict = matched({"rai": {"raiFilterResult": {**FOUND, "raiFilterTypeResults": types}}})
    assert verdict == ProviderVerdict(
        ProviderAction.BLOCK,
        (
            ProviderFinding("dangerous", Level.HIGH, 0),
            ProviderFinding("hate", Level.MEDIUM, 0),
            ProviderFinding("sexual", Level.LOW, 0),
        ),
    )


def test_an_injection_has_the_level_of_its_confidence() -> None:
    result = {**FOUND, "confidenceLevel": "MEDIUM_AND_ABOVE"}
    verdict = matched({"pi_and_jailbreak": {"piAndJailbreakFilterResult": result}})
    assert verdict.findings == (ProviderFinding("prompt_injection", Level.MEDIUM, 0),)


@pytest.mark.parametrize("name", ["csamFilterFilterResult", "csamFilterResult"])
def test_csam_is_read_by_both_spellings_of_its_result(name: str) -> None:
    verdict = matched({"csam": {name: FOUND}})
    assert verdict.action is ProviderAction.BLOCK
    assert verdict.findings == (ProviderFinding("csam", Level.HIGH, 0),)


def test_results_in_an_array_are_those_of_a_map() -> None:
    by_name = [{"csam": {"csamFilterFilterResult": FOUND}}, {"rai": {"raiFilterResult": NOTHING}}]
    by_kind = [{"csamFilterFilterResult": FOUND}, {"raiFilterResult": NOTHING}]
    assert matched(by_name) == matched(by_kind) == matched({**by_name[0], **by_name[1]})


@pytest.mark.parametrize(
    ("location", "span"),
    [
        ({"codepointRange": {"start": "9", "end": "20"}}, (9, 20)),
        ({"byteRange": {"start": "11", "end": "22"}}, (9, 20)),
        ({"codepointRange": {"end": "5"}}, (0, 5)),
        ({"codepointRange": {"start": "9", "end": "999"}}, None),
        ({"codepointRange": {"start": "9", "end": "9"}}, None),
        ({}, None),
    ],
)
def test_sensitive_data_has_its_place_in_characters(
    location: dict[str, Any], span: tuple[int, int] | None
) -> None:
    assert sdp(location).findings == (ProviderFinding("email_address", Level.HIGH, 0, span),)


def test_findings_that_were_truncated_have_one_more_without_a_place() -> None:
    place = {"codepointRange": {"start": "9", "end": "20"}}
    finding = {"infoType": "EMAIL_ADDRESS", "likelihood": "POSSIBLE", "location": place}
    inspected = {**FOUND, "findings": [finding], "findingsTruncated": True}
    verdict = matched({"sdp": {"sdpFilterResult": {"inspectResult": inspected}}})
    assert verdict.findings == (
        ProviderFinding("email_address", Level.LOW, 0, (9, 20)),
        ProviderFinding("sensitive_data", Level.HIGH, 0),
    )


@pytest.mark.parametrize(
    "locations", [[{"start": "25", "end": "46"}], [{"start": "1", "end": "3"}], []]
)
def test_a_malicious_uri_is_found_in_the_text(locations: list[dict[str, str]]) -> None:
    item = {"uri": "https://bad.example/x", "locations": locations}
    result = {**FOUND, "maliciousUriMatchedItems": [item]}
    verdict = matched({"malicious_uris": {"maliciousUriFilterResult": result}})
    assert verdict.findings == (ProviderFinding("malicious_url", Level.HIGH, 0, (25, 46)),)


def test_a_text_that_was_de_identified_masks() -> None:
    result = {**FOUND, "data": {"text": "to [E]"}, "infoTypes": ["EMAIL_ADDRESS"]}
    verdict = matched({"sdp": {"sdpFilterResult": {"deidentifyResult": result}}})
    assert verdict == ProviderVerdict(
        ProviderAction.MASK, (ProviderFinding("email_address", Level.HIGH, 0),), ("to [E]",)
    )


def test_a_text_that_was_de_identified_and_matches_another_filter_blocks() -> None:
    result = {**FOUND, "data": {"text": "to [E]"}, "infoTypes": ["EMAIL_ADDRESS"]}
    filters = {
        "sdp": {"sdpFilterResult": {"deidentifyResult": result}},
        "csam": {"csamFilterFilterResult": FOUND},
    }
    verdict = matched(filters)
    assert (verdict.action, verdict.texts) == (ProviderAction.BLOCK, None)
    assert [one.category for one in verdict.findings] == ["email_address", "csam"]


def test_a_match_that_no_filter_names_blocks() -> None:
    assert matched({}).action is ProviderAction.BLOCK
    assert matched({"new": {"newFilterResult": FOUND}}).findings == (
        ProviderFinding("new", Level.HIGH, 0),
    )


@pytest.mark.parametrize("invocation", ["PARTIAL", "FAILURE"])
def test_an_invocation_that_was_no_success_is_skipped(invocation: str) -> None:
    verdict = read(answer({"rai": {"raiFilterResult": NOTHING}}, invocation=invocation))
    assert verdict == ProviderVerdict(skipped=SkipReason.ERROR)


def test_what_was_found_by_a_partial_invocation_stands() -> None:
    verdict = read(answer({"csam": {"csamFilterFilterResult": FOUND}}, match=True) | {})
    partial = read(
        answer({"csam": {"csamFilterFilterResult": FOUND}}, match=True, invocation="PARTIAL")
    )
    assert partial.findings == verdict.findings
    assert partial.action is ProviderAction.BLOCK
    assert partial.skipped is SkipReason.ERROR


@pytest.mark.parametrize(
    "filters",
    [
        {"pi_and_jailbreak": {"piAndJailbreakFilterResult": SKIPPED}},
        {"sdp": {"sdpFilterResult": {"inspectResult": SKIPPED}}},
        {"rai": {"raiFilterResult": {"executionState": "EXECUTION_SKIPPED"}}},
        {"rai": {"raiFilterResult": {"matchState": "NO_MATCH_FOUND"}}},
    ],
)
def test_a_filter_that_did_not_run_is_skipped_although_all_else_says_success(
    filters: dict[str, Any],
) -> None:
    assert read(answer(filters)).skipped is SkipReason.ERROR


def test_a_text_that_was_too_long_is_oversize() -> None:
    messages = [{"messageType": "INFO", "message": "Detection skipped as token limit exceeded."}]
    filters = {
        "pi_and_jailbreak": {"piAndJailbreakFilterResult": {**SKIPPED, "messageItems": messages}}
    }
    assert read(answer(filters)).skipped is SkipReason.OVERSIZE


def test_a_filter_may_be_skipped_where_the_configuration_says_so() -> None:
    filters = {"rai": {"raiFilterResult": SKIPPED}}
    assert read(answer(filters), "rai") == PASSED
    assert read(answer(filters), "sdp").skipped is SkipReason.ERROR


def test_a_text_needs_no_search_for_viruses() -> None:
    assert read(answer({"virus_scan": {"virusScanFilterResult": SKIPPED}})) == PASSED


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"sanitizationResult": None},
        {"sanitizationResult": {}},
        {"sanitizationResult": {"filterMatchState": "NO_MATCH_FOUND"}},
        {"sanitizationResult": {"invocationResult": "SUCCESS"}},
        answer({}, invocation="FINE"),
        answer("none"),
        answer({"rai": None}),
        answer({"rai": {}}),
        answer({"rai": {"raiFilterResult": RAN}}),
        answer({"sdp": {"sdpFilterResult": {}}}),
        answer({"sdp": {"sdpFilterResult": {"deidentifyResult": FOUND}}}, match=True),
    ],
    ids=str,
)
def test_what_is_no_result_is_unreadable(value: dict[str, Any]) -> None:
    with pytest.raises(UnusableError) as raised:
        read(value)
    assert raised.value.reason is SkipReason.UNREADABLE


def finding(category: str, span: tuple[int, int], action: Action = Action.BLOCK) -> Found:
    one = Finding("any", category, "text", *span, 0.9, Level.HIGH)
    return Found("g", one, action, False, Stage.REQUEST, Part.USER)


def test_what_the_gateway_answers_as_model_armor_it_reads_as_model_armors_client() -> None:
    every = frozenset(Filter)
    found = (
        finding("hate", (0, 5)),
        finding("prompt_injection", (0, 5)),
        finding("malicious_url", (25, 46)),
        finding("email_address", (9, 20)),
        finding("csam", (0, 5)),
    )
    told = sanitization_result(Outcome(found=found), every, TEXT)
    assert read({"sanitizationResult": told}).findings == (
        ProviderFinding("hate", Level.HIGH, 0),
        ProviderFinding("prompt_injection", Level.HIGH, 0),
        ProviderFinding("malicious_url", Level.HIGH, 0, (25, 46)),
        ProviderFinding("csam", Level.HIGH, 0),
        ProviderFinding("email_address", Level.HIGH, 0, (9, 20)),
    )
    masks = Outcome(found=(finding("email_address", (9, 20), Action.MASK),))
    told = sanitization_result(masks, every, TEXT, "masked")
    assert read({"sanitizationResult": told}).texts == ("masked",)
    told = sanitization_result(Outcome(), frozenset({Filter.SDP}), TEXT)
    assert read({"sanitizationResult": told}).skipped is SkipReason.ERROR
    others = ("rai", "pi_and_jailbreak", "malicious_uris")
    assert read({"sanitizationResult": told}, *others) == PASSED


WORDS = st.sampled_from(
    ["MATCH_FOUND", "NO_MATCH_FOUND", "EXECUTION_SUCCESS", "SUCCESS", "HIGH", "x", "3"]
)
KEYS = st.sampled_from(
    [
        "executionState",
        "matchState",
        "findings",
        "location",
        "codepointRange",
        "raiFilterTypeResults",
        "raiFilterResult",
        "sdpFilterResult",
        "inspectResult",
        "deidentifyResult",
        "maliciousUriFilterResult",
        "maliciousUriMatchedItems",
        "uri",
        "rai",
    ]
)
JUNK = st.recursive(
    WORDS | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(JUNK, st.booleans())
def test_whatever_filters_say_is_a_verdict_or_unusable(filters: Any, match: bool) -> None:
    try:
        verdict = read(answer(filters, match=match))
    except UnusableError:
        return
    assert not match or verdict.action is not ProviderAction.NONE
