import logging
import socket
from pathlib import Path

import httpx
import pytest

from gateway.model.jsonvalue import JsonObject
from gateway.supervisor.admin import Admin, Shown
from gateway.supervisor.metrics import SupervisorMetrics

POOLS: JsonObject = {"version": 1, "pools": [{"name": "gpu", "queue": {"saturation": 0.25}}]}


class OnePick:
    """Knows one pool and one pick."""

    async def view(self) -> JsonObject:
        return POOLS

    async def trace(self) -> JsonObject:
        return {"version": 1, "records": [{"pool": "models"}]}

    async def pick(self, audit_id: str) -> JsonObject | None:
        return {"endpoint": "10.0.0.1:80"} if audit_id == "abc" else None


def admin(folder: Path, ready: list[bool], address: str = "127.0.0.1:0") -> Admin:
    metrics = SupervisorMetrics()
    metrics.snapshot.set(3)
    shown = Shown(lambda: ready[0], lambda: {"snapshot": 3}, OnePick())
    return Admin(address, shown, folder, metrics)


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


async def test_pools_and_picks_are_served_and_counted_as_they_are_now(tmp_path: Path) -> None:
    served = admin(tmp_path, [True])
    url = await served.start()
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        assert (await client.get("/pools")).json() == POOLS
        traced = (await client.get("/trace")).json()
        assert traced == {"version": 1, "records": [{"pool": "models"}]}
        assert (await client.get("/picks/abc")).json() == {"endpoint": "10.0.0.1:80"}
        missing = await client.get("/picks/abd")
        assert (missing.status_code, missing.json()) == (404, {"error": "no such pick is kept"})
        metrics = (await client.get("/metrics")).text
        assert 'gatehouse_pool_saturation_ratio{pool="gpu"} 0.25' in metrics
    await served.stop()


async def test_an_address_in_use_is_told(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        served = admin(tmp_path, [True], address)
        with pytest.raises(OSError, match=f"admin address {address}: Address already in use"):
            await served.start()
    await served.stop()


async def test_a_logger_that_was_switched_off_stays_so(tmp_path: Path) -> None:
    """That of the CEL library, say, which logs values of requests."""
    silent = logging.getLogger("tests.silent.admin")
    silent.disabled = True
    served = admin(tmp_path, [True])
    await served.start()
    await served.stop()
    assert silent.disabled
