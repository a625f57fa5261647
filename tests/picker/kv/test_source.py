"""Where events come from: the pool's ports, or those of a member's labels."""

import pytest

from gateway.config.pool import KvEvents
from gateway.picker.endpoint import Endpoint
from gateway.picker.kv.source import Source, source_of


def test_events_are_at_the_host_of_the_endpoint() -> None:
    found = source_of(Endpoint("10.0.0.1:8000"), KvEvents(topic="kv@"))
    assert found == Source("tcp://10.0.0.1:5557", None, b"kv@")
    found = source_of(Endpoint("[fd00::1]:8000"), KvEvents(port=1, replay_port=2))
    assert found == Source("tcp://[fd00::1]:1", "tcp://[fd00::1]:2", b"")


def test_labels_of_a_member_go_before_the_pool() -> None:
    labels = {"kv-events-port": "6001", "kv-replay-port": "6002"}
    found = source_of(Endpoint("10.0.0.1:8000", labels=labels), KvEvents(replay_port=2))
    assert found == Source("tcp://10.0.0.1:6001", "tcp://10.0.0.1:6002", b"")


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "5557/x", "\u0665", "1" * 1000])
def test_a_label_that_is_no_port_is_none(text: str) -> None:
    endpoint = Endpoint("10.0.0.1:8000", labels={"kv-events-port": text})
    assert source_of(endpoint, KvEvents()).events == "tcp://10.0.0.1:5557"
