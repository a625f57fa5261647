"""What is counted of sharing with other gateways, in the process that picks.

Whether the line is there, and how many others are, the supervisor asks for when it is asked itself.
"""

from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter


class ShareMetrics:
    """The metrics of one process that picks."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.messages = Counter(
            "gatehouse_state_messages_total",
            "Messages between gateways: sent, received, and refused as none of theirs.",
            ["outcome"],
            registry=registry,
        )
        self.untold = Counter(
            "gatehouse_state_untold_total",
            "What there was too much of to tell: events of requests, and blocks of their prompts.",
            ["what"],
            registry=registry,
        )
        for outcome in ("sent", "received", "refused"):
            self.messages.labels(outcome)
        for what in ("events", "blocks"):
            self.untold.labels(what)


@cache
def process_share_metrics() -> ShareMetrics:
    """Those of this process, which are in the registry of all."""
    return ShareMetrics()
