import socket
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry, Gauge

from gateway.supervisor.admin import Admin


def admin(folder: Path, ready: list[bool], address: str = "127.0.0.1:0") -> Admin:
    registry = CollectorRegistry()
    Gauge("gatehouse_snapshot_number", "The configuration in force.", registry=registry).set(3)
    return Admin(address, lambda: ready[0], lambda: {"snapshot": 3}, folder, registry)


async def test_health_readiness_metrics_and_status_are_served(tmp_path: Path) -> None:
    ready = [False]
    served = admin(tmp_path, ready)
    url = await served.start()
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        assert (await client.get("/healthz")).text == "ok\n"
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.text) == (503, "not ready\n")
        ready[0] = True
        assert (await client.get("/readyz")).status_code == 200
        assert "gatehouse_snapshot_number 3.0" in (await client.get("/metrics")).text
        assert (await client.get("/status")).json() == {"snapshot": 3}
        assert (await client.post("/status")).status_code == 405
        assert (await client.get("/")).status_code == 404
    await served.stop()
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{url}/healthz")


async def test_an_address_in_use_is_told(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        served = admin(tmp_path, [True], address)
        with pytest.raises(OSError, match=f"admin address {address}: Address already in use"):
            await served.start()
    await served.stop()
