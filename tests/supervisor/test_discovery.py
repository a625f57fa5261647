import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.picker.endpoint import Endpoint
from gateway.supervisor.discovery import Discovery
from gateway.supervisor.metrics import SupervisorMetrics
from gateway.supervisor.scrape import Pace
from tests.adapters.kubernetes_cluster import Cluster, pod, pool
from tests.supervisor.metrics_server import MetricsServer, vllm
from tests.supervisor.rollout_stage import Stage, staged
from tests.supervisor.test_health import eventually
from tests.support.certificates import Authority
from tests.support.gatehouse import allow

QUICK = Pace(0.005, 0.01, 0.02)


@pytest.fixture
async def servers() -> AsyncIterator[list[MetricsServer]]:
    servers = [MetricsServer(vllm(running=1)), MetricsServer(vllm(running=2))]
    for one in servers:
        await one.open()
    yield servers
    for one in servers:
        await one.close()


def pooled(file: Path, **pool: Any) -> dict[str, Any]:
    """Of a gateway.yaml: one route to one pool with this file of members."""
    route = {"name": "llm", "path": "/v1", "protocol": "openai", "backend": "gpu"}
    whole = {"name": "gpu", "file": str(file), "health_interval": 0.01, **pool}
    return {"routes": [route], "backends": [], "pools": [whole]}


def write(file: Path, *members: dict[str, Any]) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(members))
    fresh.replace(file)


@pytest.fixture
async def stage(tmp_path: Path, servers: list[MetricsServer]) -> AsyncIterator[Stage]:
    file = tmp_path / "members.yaml"
    write(file, {"address": servers[0].address, "zone": "a", "round_trip_ms": 20})
    async with staged(tmp_path) as made:
        made.rollout.loaded = made.written(allow(backend="gpu"), **pooled(file))
        yield made


@pytest.fixture
async def discovery(stage: Stage) -> AsyncIterator[Discovery]:
    """Follows a pool of which the first server alone is a member."""
    discovery = Discovery(stage.pool, SupervisorMetrics(), QUICK)
    discovery.serve(stage.rollout)
    gateway = stage.rollout.loaded.gateway
    targets = await discovery.find(gateway)
    await discovery.watch(targets, gateway)
    await stage.rollout.start(discovery.known(targets))
    running = asyncio.ensure_future(discovery.run())
    yield discovery
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await discovery.close()


def members(discovery: Discovery) -> list[str]:
    return [one.address for one in discovery.news.endpoints["gpu"]]


async def test_a_member_is_known_with_all_that_its_file_says(
    discovery: Discovery, servers: list[MetricsServer]
) -> None:
    assert discovery.news.endpoints == {
        "gpu": (Endpoint(servers[0].address, zone="a", round_trip=0.02),)
    }


async def test_a_line_in_the_file_adds_a_server_for_envoy_and_for_the_picker(
    discovery: Discovery, servers: list[MetricsServer], stage: Stage
) -> None:
    one, two = (server.address for server in servers)
    write(stage.folder / "members.yaml", {"address": one}, {"address": two})
    await eventually(lambda: members(discovery) == [one, two])
    assert stage.health("gpu") == {one: True, two: True}
    await eventually(lambda: len(discovery.news.loads) == 2)
    write(stage.folder / "members.yaml", {"address": two})
    await eventually(lambda: members(discovery) == [two])
    assert stage.health("gpu") == {two: True}
    assert list(discovery.news.loads) == [("gpu", two)]


async def test_a_member_that_moves_is_known_anew(
    discovery: Discovery, servers: list[MetricsServer], stage: Stage
) -> None:
    write(stage.folder / "members.yaml", {"address": servers[0].address, "role": "decode"})
    await eventually(lambda: discovery.news.endpoints["gpu"][0].role == "decode")


async def test_a_server_that_dies_is_told_to_envoy_and_to_the_picker(
    discovery: Discovery, servers: list[MetricsServer], stage: Stage
) -> None:
    await servers[0].close()
    await eventually(lambda: not discovery.news.endpoints["gpu"][0].healthy)
    assert stage.health("gpu") == {servers[0].address: False}


async def test_status_tells_each_server_and_what_it_said_last(
    discovery: Discovery, servers: list[MetricsServer], stage: Stage
) -> None:
    await eventually(lambda: bool(discovery.news.loads))
    (stage.folder / "members.yaml").write_text("-")
    await eventually(lambda: bool(discovery.status()["member_faults"]))
    found = json.loads(json.dumps(discovery.status()))
    (pool,) = found["pools"]
    (endpoint,) = pool["endpoints"]
    assert (pool["name"], endpoint["address"]) == ("gpu", servers[0].address)
    assert (endpoint["healthy"], endpoint["role"]) == (True, "both")
    assert (endpoint["load"]["running"], endpoint["load"]["waiting"]) == (1, 0)
    assert endpoint["load"]["age"] >= 0
    assert "members.yaml:1" in found["member_faults"][0]


@pytest.mark.parametrize("pool", [{"engine": "openai"}, {"scrape": {"enabled": False}}])
async def test_a_pool_that_tells_nothing_is_not_asked(
    pool: dict[str, Any], stage: Stage, servers: list[MetricsServer]
) -> None:
    changed = pooled(stage.folder / "members.yaml", **pool)
    gateway = stage.written(allow(backend="gpu"), **changed).gateway
    discovery = Discovery(stage.pool, SupervisorMetrics(), QUICK)
    targets = await discovery.find(gateway)
    await discovery.watch(targets, gateway)
    await eventually(lambda: servers[0].connections >= 2)
    await discovery.close()
    assert servers[0].asked == []


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    cluster = Cluster(Authority(folder).server("127.0.0.1"))
    await cluster.open()
    (folder / "token").write_text("first")
    yield cluster
    await cluster.close()


async def test_a_pod_that_becomes_ready_gets_requests_and_one_that_goes_does_not(
    discovery: Discovery, servers: list[MetricsServer], stage: Stage, cluster: Cluster
) -> None:
    file, pods = servers[0].address, servers[1].port
    cluster.apply(pool("llama", pods, app="vllm"), pod("a", "127.0.0.1", ready=False))
    section = {
        "inference_pool": "llama",
        "server": f"https://127.0.0.1:{cluster.port}",
        "namespace": "models",
        "token_file": str(stage.folder / "cluster" / "token"),
        "ca": str(stage.folder / "cluster" / "ca.pem"),
    }
    changed = pooled(stage.folder / "members.yaml", kubernetes=section)
    loaded = stage.written(allow(backend="gpu"), **changed)
    targets = await discovery.find(loaded.gateway, stage.rollout.loaded.gateway)
    assert list(targets) == [("gpu", file)]
    stage.rollout.loaded = loaded
    await discovery.watch(targets, loaded.gateway)
    ready = pod("a", "127.0.0.1", {"topology.kubernetes.io/zone": "eu-1a"})
    cluster.apply(ready)
    await eventually(lambda: members(discovery) == [servers[1].address, file])
    assert discovery.news.endpoints["gpu"][0].zone == "eu-1a"
    assert stage.health("gpu") == {file: True, servers[1].address: True}
    await eventually(lambda: ("gpu", servers[1].address) in discovery.news.loads)
    cluster.status = 500
    cluster.hang_up()
    await eventually(lambda: "HTTP 500" in str(discovery.status()["member_faults"]))
    assert members(discovery) == [servers[1].address, file]
    cluster.status = 200
    await eventually(lambda: discovery.status()["member_faults"] == [])
    cluster.delete("pods", "a")
    await eventually(lambda: members(discovery) == [file])
    assert stage.health("gpu") == {file: True}
