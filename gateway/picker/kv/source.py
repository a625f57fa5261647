"""Where an endpoint's KV events come from. Pure."""

from dataclasses import dataclass
from typing import Final

from gateway.config.pool import KvEvents
from gateway.picker.endpoint import Endpoint

PORT_LABEL: Final = "kv-events-port"
REPLAY_LABEL: Final = "kv-replay-port"
"""Labels of a member that go before the ports of its pool: several engines on one host."""


@dataclass(frozen=True, slots=True)
class Source:
    """The publisher's ZMQ address, that of its replays (None: it has none), and with what topics
    begin."""

    events: str
    replay: str | None
    topic: bytes


def source_of(endpoint: Endpoint, config: KvEvents) -> Source:
    """Where this endpoint's events are: at the host of its "ip:port"."""
    host = endpoint.address.rpartition(":")[0]
    port = _port(endpoint.labels.get(PORT_LABEL)) or config.port
    replay = _port(endpoint.labels.get(REPLAY_LABEL)) or config.replay_port
    return Source(
        f"tcp://{host}:{port}",
        None if replay is None else f"tcp://{host}:{replay}",
        config.topic.encode(),
    )


def _port(text: str | None) -> int | None:
    """The port that a label says, None for what is none."""
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 5:
        return None
    return int(text) if 0 < int(text) < 65_536 else None
