"""Envoy and the workers over mTLS on TCP, and what a stranger on that port gets."""

from pathlib import Path

import grpc
import pytest

from tests.envoy.test_judged_call import call_tool
from tests.support.backends import python_backend
from tests.support.certificates import Authority
from tests.support.gatehouse import allow, gatehouse, gateway_config
from tests.support.ports import free_port


def test_traffic_is_judged_over_mutual_tls_and_nobody_else_is_let_in(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.server("127.0.0.1", "localhost")
    port = free_port()
    with python_backend(tmp_path / "backend", "a") as backend:
        config = gateway_config({"tracker": [backend.url]}, tmp_path / "gateway")
        config["service"] |= {
            "listen": f"127.0.0.1:{port}",
            "tls": {
                "certificate": str(pair.certificate),
                "key": str(pair.key),
                "client_ca": str(authority.ca),
            },
        }
        with gatehouse(tmp_path / "gateway", config=config, policies=[allow()]) as gateway:
            assert call_tool(gateway, "echo", 1).json()["id"] == 1
            stranger = grpc.ssl_channel_credentials(authority.ca.read_bytes())
            with (
                grpc.secure_channel(f"127.0.0.1:{port}", stranger) as channel,
                pytest.raises(grpc.FutureTimeoutError),
            ):
                grpc.channel_ready_future(channel).result(timeout=2)
