"""What is counted of guardrails. Label values are names of documents and of detectors."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.model.outcome import Outcome
from gateway.telemetry.series import Series

_SECONDS = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0)

PASSED = "pass"
"""The `action` of a guardrail that found nothing."""

SHADOW = "shadow_"
"""Before the `action` of a guardrail that changes nothing."""


class GuardrailMetrics:
    """The metrics of one worker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.checks = Counter(
            "gatehouse_guardrail_checks_total",
            "Findings that count, by what they made of the message; and messages that a guardrail "
            "judged without one (detector none, action pass).",
            ["guardrail", "stage", "detector", "action"],
            registry=registry,
        )
        self.skipped = Counter(
            "gatehouse_guardrail_skipped_total",
            "Checks that did not happen, or not to their end.",
            ["guardrail", "stage", "detector", "reason"],
            registry=registry,
        )
        self.seconds = Histogram(
            "gatehouse_guardrail_seconds",
            "What a detector took for one message; those that look for patterns are one search.",
            ["detector"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.masked = Counter(
            "gatehouse_guardrail_masked_texts_total", "Texts that were changed.", registry=registry
        )
        self.dropped = Counter(
            "gatehouse_guardrail_dropped_items_total",
            "Items that were left out of lists.",
            registry=registry,
        )
        self.released = Counter(
            "gatehouse_guardrail_released_characters_total",
            "Characters of streams that the client had when the stream was blocked.",
            registry=registry,
        )
        self._checks = Series(self.checks)
        self._skipped = Series(self.skipped)
        self._seconds = Series(self.seconds)

    def count(self, outcome: Outcome) -> None:
        """Count what became of one message."""
        acted = {one.guardrail for one in outcome.found}
        for one in outcome.found:
            action = f"{SHADOW if one.shadow else ''}{one.action.value}"
            self._checks(one.guardrail, one.stage.value, one.finding.detector, action).inc()
        for name in outcome.guardrails:
            if name not in acted:
                self._checks(name, "", "none", PASSED).inc()
        for one in outcome.missed:
            skipped = one.skipped
            stage, reason = one.stage.value, skipped.reason.value
            self._skipped(one.guardrail, stage, skipped.detector, reason).inc()
        for detector, spent in outcome.microseconds.items():
            self._seconds(detector).observe(spent / 1e6)
        self.masked.inc(outcome.masked)
        self.dropped.inc(outcome.dropped)
        if outcome.blocked_by:
            self.released.inc(outcome.released)
