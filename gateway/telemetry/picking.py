"""What is counted of picks, in the process that makes them: with one worker that worker, else the
picker process, and a worker for as long as it has to pick alone.

What endpoints and queues are like now the supervisor asks for when it is asked itself.
"""

from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from gateway.model.placement import Dropped, Placement, Served
from gateway.telemetry import buckets
from gateway.telemetry.series import Series


class PickMetrics:
    """The metrics of one process that picks. Labels come from configuration, and addresses from
    discovery; beyond a bound new ones are counted in common (see `Series`)."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.picks = Counter(
            "gatehouse_pool_picks_total",
            "Requests that got an endpoint.",
            ["pool", "profile", "endpoint"],
            registry=registry,
        )
        self.degraded = Counter(
            "gatehouse_pool_degraded_picks_total",
            "Those of them that a worker picked alone, since the picker process was gone.",
            ["pool"],
            registry=registry,
        )
        self.drops = Counter(
            "gatehouse_pool_dropped_total",
            "Requests that got no endpoint.",
            ["pool", "priority", "reason"],
            registry=registry,
        )
        self.waited = Histogram(
            "gatehouse_pool_waited_seconds",
            "In the queue of a pool, 0 for those that did not have to wait.",
            ["pool", "priority", "outcome"],
            buckets=buckets.WAITED,
            registry=registry,
        )
        self.prompt = Counter(
            "gatehouse_pool_prompt_tokens_total",
            "Prompt tokens, as estimated of picks and as reported by servers.",
            ["pool", "source"],
            registry=registry,
        )
        self.cached = Counter(
            "gatehouse_pool_cached_tokens_total",
            "Prompt tokens in the endpoint's cache, as believed at picks and as reported after.",
            ["pool", "source"],
            registry=registry,
        )
        self.first_token = Histogram(
            "gatehouse_pool_first_token_seconds",
            "From a pick to the first token, of answers whose first token is seen.",
            ["pool", "profile"],
            buckets=buckets.FIRST_TOKEN,
            registry=registry,
        )
        self.expected = Histogram(
            "gatehouse_pool_expected_first_token_seconds",
            "What was predicted for those of them that had a prediction.",
            ["pool", "profile"],
            buckets=buckets.FIRST_TOKEN,
            registry=registry,
        )
        self.surprise = Histogram(
            "gatehouse_pool_first_token_ratio",
            "The time to the first token by its prediction: 1 is as predicted.",
            ["pool", "profile"],
            buckets=buckets.SURPRISE,
            registry=registry,
        )
        self.shadow = Counter(
            "gatehouse_pool_shadow_picks_total",
            "Picks that a shadow profile was asked about, by whether it agreed.",
            ["pool", "agreed"],
            registry=registry,
        )
        self._picks = Series(self.picks)
        self._degraded = Series(self.degraded)
        self._drops = Series(self.drops)
        self._waited = Series(self.waited)
        self._prompt = Series(self.prompt)
        self._cached = Series(self.cached)
        self._first_token = Series(self.first_token)
        self._expected = Series(self.expected)
        self._surprise = Series(self.surprise)

    def placed(self, placement: Placement, priority: int, *, alone: bool) -> None:
        """A request of this priority got an endpoint; `alone`: without the picker process."""
        pool = placement.pool
        self._picks(pool, placement.profile, placement.endpoint).inc()
        if alone:
            self._degraded(pool).inc()
        self._waited(pool, str(priority), "placed").observe(placement.waited)
        self._prompt(pool, "believed").inc(placement.prompt_tokens)
        self._cached(pool, "believed").inc(placement.cached_tokens)

    def dropped(self, pool: str, drop: Dropped, priority: int) -> None:
        """A request of this priority got none."""
        self._drops(pool, str(priority), drop.drop.value).inc()
        self._waited(pool, str(priority), "dropped").observe(drop.waited)

    def ended(self, placement: Placement, served: Served) -> None:
        """A placed request has ended. What its server did not report, or what another server than
        the picked one did, says nothing about the pick."""
        pool, profile = placement.pool, placement.profile
        if served.prompt_tokens is not None and served.cached_tokens is not None:
            self._prompt(pool, "reported").inc(served.prompt_tokens)
            self._cached(pool, "reported").inc(served.cached_tokens)
        seen = first_token(placement, served)
        if seen is None:
            return
        self._first_token(pool, profile).observe(seen)
        if placement.expected is not None:
            predicted = placement.expected / 1000
            self._expected(pool, profile).observe(predicted)
            self._surprise(pool, profile).observe(seen / max(predicted, 1e-4))

    def compared(self, pool: str, agreed: int, differed: int) -> None:
        """A shadow profile would have picked the same, and others, so many more times."""
        self.shadow.labels(pool, "true").inc(agreed)
        self.shadow.labels(pool, "false").inc(differed)


def first_token(placement: Placement, served: Served) -> float | None:
    """Seconds to the first token of the endpoint that was picked; None if that was not seen."""
    if served.status >= 400 or served.endpoint not in (None, placement.endpoint):
        return None
    return served.first_token


@cache
def process_pick_metrics() -> PickMetrics:
    """Those of this process, which are in the registry of all."""
    return PickMetrics()
