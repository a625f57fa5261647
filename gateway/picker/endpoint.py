"""A model server as the picker knows it. Pure: no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from gateway.model.engine import EngineLoad

Role: TypeAlias = Literal["both", "prefill", "decode", "encode"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What the configuration or discovery says of a model server.

    `address` is "ip:port". `healthy` is False while connections to it fail: it is no candidate
    then. `round_trip` is seconds of network between gateway and server, beyond what the nearest
    have. `labels` are free, for filters.
    """

    address: str
    healthy: bool = True
    role: Role = "both"
    region: str = ""
    zone: str = ""
    round_trip: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(slots=True)
class InFlight:
    """What the gateway itself has sent to an endpoint and not seen the end of. Exact.

    `requests` counts them, `prefilling` those without a first token yet, whose uncached prompt
    tokens are `prefill_tokens`. `context_tokens` are prompt and expected output of all of them.
    """

    requests: int = 0
    prefilling: int = 0
    prefill_tokens: int = 0
    context_tokens: int = 0


@dataclass(slots=True)
class EndpointState:
    """Everything that a profile may ask of one endpoint.

    `load` is the newest scrape, None when there is none, or none that is young enough to believe
    (unknown, never "full"). `since_scrape` counts requests placed here that the newest scrape
    cannot know of. `late` is how many seconds later than predicted it is to be expected to answer,
    because requests to it are overdue or have failed.
    """

    endpoint: Endpoint
    in_flight: InFlight = field(default_factory=InFlight)
    load: EngineLoad | None = None
    since_scrape: int = 0
    late: float = 0.0

    @property
    def address(self) -> str:
        """ "ip:port"."""
        return self.endpoint.address
