"""Prometheus metrics. Workers write them to memory-mapped files below the folder that
PROMETHEUS_MULTIPROC_DIR names; the supervisor serves their sum.

Label values come from configuration and from our own tables, never from a client: a client must
not be able to make the number of time series grow.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

DECISION_BUCKETS: Final = (
    25e-6,
    50e-6,
    100e-6,
    250e-6,
    500e-6,
    1e-3,
    2.5e-3,
    5e-3,
    10e-3,
    50e-3,
    0.25,
    1.0,
    5.0,
)


class Metrics:
    """The metrics of one worker; make it once a process."""

    def __init__(self) -> None:
        self.requests = Counter(
            "gatehouse_requests_total",
            "Judged requests.",
            ["route", "decision", "reason"],
        )
        self.judgement = Histogram(
            "gatehouse_judgement_seconds",
            "From a complete request to its verdict.",
            ["route"],
            buckets=DECISION_BUCKETS,
        )
        self.unread = Counter(
            "gatehouse_unread_responses_total",
            "Responses that had to be read and ended before their body came.",
            ["route"],
        )
        self.revoked = Counter(
            "gatehouse_revoked_streams_total",
            "Streams cut off because a reload or the end of a credential took their permit.",
            ["route"],
        )
        self.faults = Counter(
            "gatehouse_own_faults_total",
            "Judgements that failed or timed out and became refusals.",
            ["kind"],
        )
        self.audit_lost = Counter(
            "gatehouse_audit_records_lost_total",
            "Audit records dropped because their sink did not keep up.",
        )
        self.streams = Gauge(
            "gatehouse_open_streams",
            "ext_proc streams being served.",
            multiprocess_mode="livesum",
        )
        self._counted: dict[tuple[str, str, str], Counter] = {}
        self._timed: dict[str, Histogram] = {}

    def count(self, route: str, decision: str, reason: str) -> None:
        """Count a judged request. Children are kept, since looking one up costs as much as two
        increments; there are as few as time series."""
        labels = (route, decision, reason)
        child = self._counted.get(labels)
        if child is None:
            child = self._counted[labels] = self.requests.labels(*labels)
        child.inc()

    def took(self, route: str, seconds: float) -> None:
        """Note how long the judgement of a whole request took, whatever came of it."""
        child = self._timed.get(route)
        if child is None:
            child = self._timed[route] = self.judgement.labels(route)
        child.observe(seconds)
