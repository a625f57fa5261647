from typing import Any

import pytest

from gateway.model.finding import Action, Finding, Level, Skipped, SkipReason
from gateway.model.outcome import Found, Missed, Outcome
from gateway.model.passage import Part, Stage
from gateway.wire.sanitization import Filter, filter_of, filters_of, sanitization_result

TEXT = "größe a@b.example"
ALL = frozenset(Filter) - {Filter.CSAM}


def found(
    category: str,
    action: Action = Action.BLOCK,
    *,
    detector: str = "any",
    span: tuple[int, int] = (6, 17),
    level: Level = Level.HIGH,
    shadow: bool = False,
) -> Found:
    finding = Finding(detector, category, "text", *span, 0.9, level)
    return Found("g", finding, action, shadow, Stage.REQUEST, Part.USER)


def missed(detector: str, reason: SkipReason = SkipReason.TIMEOUT) -> Missed:
    return Missed("g", Skipped(detector, "text", reason), Action.LOG, False, Stage.REQUEST)


def result(*all_found: Found, masked: str | None = None, **more: Any) -> Any:
    values: dict[str, Any] = {"ran": ALL, "text": TEXT, **more}
    outcome = Outcome(found=all_found, missed=values.pop("missed", ()))
    return sanitization_result(outcome, masked=masked, **values)


def test_nothing_found_is_no_match_of_filters_that_all_ran() -> None:
    told = result()
    assert told["filterMatchState"] == "NO_MATCH_FOUND"
    assert told["invocationResult"] == "SUCCESS"
    assert list(told["filterResults"]) == ["rai", "pi_and_jailbreak", "malicious_uris", "sdp"]
    assert told["filterResults"]["pi_and_jailbreak"] == {
        "piAndJailbreakFilterResult": {
            "executionState": "EXECUTION_SUCCESS",
            "matchState": "NO_MATCH_FOUND",
        }
    }


def test_a_filter_that_no_detector_stands_for_was_skipped() -> None:
    told = result(ran=frozenset({Filter.SDP}))
    rai = told["filterResults"]["rai"]["raiFilterResult"]
    assert rai["executionState"] == "EXECUTION_SKIPPED"
    assert rai["matchState"] == "NO_MATCH_FOUND"
    assert told["invocationResult"] == "SUCCESS"


def test_an_injection_has_the_highest_confidence_found() -> None:
    told = result(
        found("prompt_injection", level=Level.LOW), found("jailbreak", level=Level.MEDIUM)
    )
    injection = told["filterResults"]["pi_and_jailbreak"]["piAndJailbreakFilterResult"]
    assert (injection["matchState"], injection["confidenceLevel"]) == (
        "MATCH_FOUND",
        "MEDIUM_AND_ABOVE",
    )
    assert told["filterMatchState"] == "MATCH_FOUND"


def test_categories_of_responsible_ai_have_model_armors_names() -> None:
    rai = result(found("hate"))["filterResults"]["rai"]["raiFilterResult"]
    assert rai["matchState"] == "MATCH_FOUND"
    assert rai["raiFilterTypeResults"] == {
        "dangerous": {"matchState": "NO_MATCH_FOUND"},
        "harassment": {"matchState": "NO_MATCH_FOUND"},
        "hate_speech": {"matchState": "MATCH_FOUND", "confidenceLevel": "HIGH"},
        "sexually_explicit": {"matchState": "NO_MATCH_FOUND"},
    }


def test_sensitive_data_is_told_with_ranges_of_bytes_and_characters_as_strings() -> None:
    sdp = result(found("email_address"))["filterResults"]["sdp"]["sdpFilterResult"]
    assert sdp["inspectResult"]["findings"] == [
        {
            "infoType": "EMAIL_ADDRESS",
            "likelihood": "VERY_LIKELY",
            "location": {
                "codepointRange": {"start": "6", "end": "17"},
                "byteRange": {"start": "8", "end": "19"},
            },
        }
    ]


def test_masked_data_is_de_identified_and_the_text_given_back() -> None:
    told = result(found("email_address", Action.MASK), masked="größe [EMAIL_ADDRESS]")
    assert told["filterResults"]["sdp"]["sdpFilterResult"] == {
        "deidentifyResult": {
            "executionState": "EXECUTION_SUCCESS",
            "matchState": "MATCH_FOUND",
            "data": {"text": "größe [EMAIL_ADDRESS]"},
            "infoTypes": ["EMAIL_ADDRESS"],
            "transformedBytes": "11",
        }
    }
    assert told["filterMatchState"] == "MATCH_FOUND"


def test_data_that_blocks_beside_data_that_is_masked_is_inspected() -> None:
    told = result(
        found("email_address", Action.MASK), found("private_key"), masked="größe [EMAIL_ADDRESS]"
    )
    assert list(told["filterResults"]["sdp"]["sdpFilterResult"]) == ["inspectResult"]


def test_a_malicious_url_is_told_with_its_place() -> None:
    uris = result(found("malicious_url"))["filterResults"]["malicious_uris"]
    assert uris["maliciousUriFilterResult"]["maliciousUriMatchedItems"] == [
        {"uri": "a@b.example", "locations": [{"start": "6", "end": "17"}]}
    ]


def test_csam_is_there_only_where_it_was_found() -> None:
    csam = result(found("csam"))["filterResults"]["csam"]
    assert csam["csamFilterFilterResult"]["matchState"] == "MATCH_FOUND"


@pytest.mark.parametrize(
    "one",
    [
        found("hate", Action.LOG),
        found("hate", Action.ANNOTATE),
        found("hate", shadow=True),
    ],
    ids=["log", "annotate", "shadow"],
)
def test_what_changes_no_message_is_no_match(one: Found) -> None:
    told = result(one)
    assert told["filterMatchState"] == "NO_MATCH_FOUND"
    assert "MATCH_FOUND" not in str(told).replace("NO_MATCH_FOUND", "")


def test_a_detector_that_could_not_judge_is_told_and_the_invocation_is_partial() -> None:
    told = result(missed=(missed("malicious_url"),))
    assert told["invocationResult"] == "PARTIAL"
    assert told["filterResults"]["malicious_uris"]["maliciousUriFilterResult"] == {
        "executionState": "EXECUTION_SKIPPED",
        "messageItems": [{"messageType": "ERROR", "message": "timeout"}],
        "matchState": "NO_MATCH_FOUND",
        "maliciousUriMatchedItems": [],
    }


def test_when_nothing_could_judge_the_invocation_has_failed() -> None:
    ran = frozenset({Filter.SDP})
    assert result(ran=ran, missed=(missed("pii"),))["invocationResult"] == "FAILURE"


def test_a_check_of_every_detector_that_did_not_happen_is_one_of_every_filter() -> None:
    told = result(missed=(missed("*"),))
    assert told["invocationResult"] == "FAILURE"
    assert str(told).count("EXECUTION_SKIPPED") == len(ALL)


def test_a_provider_that_could_not_judge_is_told_at_the_categories_that_it_alone_finds() -> None:
    told = result(missed=(missed("armor"),))
    rai = told["filterResults"]["rai"]["raiFilterResult"]
    assert rai["executionState"] == "EXECUTION_SKIPPED"
    assert str(told).count("EXECUTION_SKIPPED") == 1


def test_a_check_in_shadow_that_did_not_happen_changes_nothing() -> None:
    one = Missed("g", Skipped("pii", "text", SkipReason.ERROR), Action.BLOCK, True, Stage.REQUEST)
    assert result(missed=(one,)) == result()


def test_without_the_text_nothing_of_it_is_told() -> None:
    told = str(result(found("email_address"), found("malicious_url"), text=None))
    assert "a@b.example" not in told
    assert "byteRange" not in told


def test_detectors_stand_for_filters() -> None:
    assert filter_of("anything", "hate") is Filter.RAI
    assert filter_of("prompt_injection", "extraction") is Filter.INJECTION
    assert filter_of("secrets", "aws_key") is Filter.SDP
    assert filters_of(["pii", "malicious_url"], responsible_ai=False) == {Filter.SDP, Filter.URIS}
    assert filters_of([], responsible_ai=True) == {Filter.RAI}
