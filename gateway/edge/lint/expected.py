"""What a file is compared with: limits of a gateway.yaml or their defaults, Envoy's release."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.config.schema import Gateway, Limits, Route
from gateway.config.wiring import routed_name

_BODY_LIMIT: Final[int] = Route.model_fields["body_limit"].default


@dataclass(frozen=True, slots=True)
class Expected:
    """`body_limits` are by the name of Envoy's route, in bytes. `release` is (major, minor, patch)
    of the Envoy that reads the file, if known; `complaint` says why it cannot be used at all."""

    decision_seconds: float = Limits().decision_seconds
    body_limits: Mapping[str, int] = field(default_factory=dict[str, int])
    configured: bool = False
    release: tuple[int, int, int] | None = None
    complaint: str = ""

    def body_limit(self, route: str) -> int:
        """The largest body that the gateway judges on a route, in bytes."""
        return self.body_limits.get(route, _BODY_LIMIT)


def expected_of(gateway: Gateway) -> Expected:
    """What a gateway.yaml says."""
    return Expected(
        decision_seconds=gateway.limits.decision_seconds,
        body_limits={routed_name(route): route.body_limit for route in gateway.routes},
        configured=True,
    )
