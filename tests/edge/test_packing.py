import json

import pytest
from envoy_data_plane.envoy.config.core.v3 import Node

from gateway.edge.packing import discovery, socket, to_json


def test_packed_messages_say_their_type() -> None:
    answer = json.loads(to_json(discovery("7-abc", [Node(id="x")])))
    assert answer == {
        "versionInfo": "7-abc",
        "resources": [{"@type": "type.googleapis.com/envoy.config.core.v3.Node", "id": "x"}],
    }


def test_addresses_are_sockets_or_pipes() -> None:
    assert to_json(socket("unix:/a.sock")) == '{"pipe":{"path":"/a.sock"}}'
    assert json.loads(to_json(socket("[::1]:80"))) == {
        "socketAddress": {"address": "::1", "portValue": 80}
    }


@pytest.mark.parametrize("text", ["", "host", "host:", "host:0", "host:65536", ":80"])
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        socket(text)
