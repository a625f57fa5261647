"""What is counted of guardrails."""

from prometheus_client import CollectorRegistry

from gateway.model.finding import Action, Finding, Level, Skipped, SkipReason
from gateway.model.outcome import Found, Missed, Outcome
from gateway.model.passage import Part, Stage
from gateway.telemetry.guardrails import GuardrailMetrics


def found(action: Action, *, shadow: bool = False) -> Found:
    finding = Finding("pii", "email_address", "c", 0, 1, 0.9, Level.HIGH)
    return Found("edge", finding, action, shadow, Stage.REQUEST, Part.USER)


def counted(outcome: Outcome) -> dict[str, float]:
    """Every sample by its name and label values."""
    registry = CollectorRegistry()
    GuardrailMetrics(registry).count(outcome)
    return {
        " ".join((one.name, *one.labels.values())): one.value
        for family in registry.collect()
        for one in family.samples
        if not one.name.endswith("_created")
    }


def test_findings_are_counted_by_what_they_made_of_the_message() -> None:
    both = (found(Action.MASK), found(Action.BLOCK, shadow=True))
    seen = counted(Outcome(guardrails=("edge",), found=both, masked=1))
    assert seen["gatehouse_guardrail_checks_total edge request pii mask"] == 1
    assert seen["gatehouse_guardrail_checks_total edge request pii shadow_block"] == 1
    assert seen["gatehouse_guardrail_masked_texts_total"] == 1


def test_a_guardrail_that_found_nothing_is_counted_as_well() -> None:
    seen = counted(Outcome(guardrails=("edge",)))
    assert seen["gatehouse_guardrail_checks_total edge  none pass"] == 1


def test_what_was_skipped_is_counted_by_why() -> None:
    lost = Missed(
        "edge", Skipped("pii", "c", SkipReason.TIMEOUT), Action.LOG, False, Stage.RESPONSE
    )
    seen = counted(Outcome(guardrails=("edge",), missed=(lost,)))
    assert seen["gatehouse_guardrail_skipped_total edge response pii timeout"] == 1


def test_released_characters_count_where_a_stream_was_blocked() -> None:
    name = "gatehouse_guardrail_released_characters_total"
    assert counted(Outcome(released=40))[name] == 0
    assert counted(Outcome(released=40, blocked_by="edge"))[name] == 40


def test_the_time_of_a_detector_is_observed_in_seconds() -> None:
    seen = counted(Outcome(microseconds={"patterns": 250}))
    assert seen["gatehouse_guardrail_seconds_sum patterns"] == 0.00025
