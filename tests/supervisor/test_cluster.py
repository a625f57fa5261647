"""From a change in a cluster to what workers judge by: the API of a small cluster over TLS, real
files and worker processes, before a stand-in of Envoy (see rollout_stage.py)."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.supervisor import cluster as module
from gateway.supervisor import reload as reloading
from gateway.supervisor.cluster import ClusterWord
from gateway.supervisor.reload import Reload
from gateway.supervisor.watch import Watch
from tests.adapters.kubernetes_cluster import OBJECTIVES, Cluster, objective, pool, rewrite
from tests.supervisor.reload_stage import reload_of
from tests.supervisor.rollout_stage import Stage, staged, write
from tests.supervisor.test_health import eventually
from tests.support.certificates import Authority
from tests.support.gatehouse import allow


@dataclass
class Site:
    """A gateway whose pool follows InferencePool llama of `cluster`."""

    stage: Stage
    reload: Reload
    cluster: Cluster
    files: dict[str, Any]

    def edit(self, **changes: Any) -> None:
        """Write gateway.yaml with these changes of the pool."""
        (whole,) = self.files["pools"]
        pools = [{**whole, **changes}]
        write(self.stage.folder, self.stage.config | self.files | {"pools": pools}, ALLOWED)

    def told(self) -> dict[str, Any]:
        """The pool as workers were told it last."""
        gateway: Any = self.stage.pool.messages[-1]["gateway"]
        return gateway["pools"][0]

    def objectives(self) -> dict[str, int]:
        return self.told().get("objectives", {})

    def metric(self, of: str) -> float | None:
        registry = self.reload.metrics.registry
        return registry.get_sample_value("gatehouse_pool_faults", {"of": of})


ALLOWED = allow(backend="gpu")


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """The supervisor's own way to start, and then its loop over changes."""
    monkeypatch.setattr(reloading, "WATCH_SECONDS", 0.005)
    monkeypatch.setattr(reloading, "CLUSTER_SECONDS", 0.005)
    folder = tmp_path / "cluster"
    folder.mkdir()
    cluster = Cluster(Authority(folder).server("127.0.0.1"))
    await cluster.open()
    (folder / "token").write_text("first")
    cluster.apply(pool("llama", 8000, app="vllm"), objective("urgent", 9))
    section = {
        "inference_pool": "llama",
        "server": f"https://127.0.0.1:{cluster.port}",
        "namespace": "models",
        "token_file": str(folder / "token"),
        "ca": str(folder / "ca.pem"),
    }
    route = {"name": "llm", "path": "/v1", "protocol": "openai", "backend": "gpu"}
    route["hints"] = [{"allow": ["objective"]}]  # type: ignore[assignment]
    gpu = {"name": "gpu", "models": ["llama", "llama-2"], "kubernetes": section}
    files = {"routes": [route], "backends": [], "pools": [gpu]}
    async with staged(tmp_path) as stage:
        first = stage.written(ALLOWED, **files)
        reload = reload_of(stage)
        targets = await reload.discovery.find(first.gateway)
        stage.rollout.loaded = reload.first(first)
        await stage.rollout.start(dict.fromkeys(targets, True))
        running = asyncio.ensure_future(reload.run(Watch(first.watched)))
        yield Site(stage, reload, cluster, files)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await reload.discovery.close()
    await cluster.close()


async def test_a_gateway_starts_with_what_the_cluster_says(site: Site) -> None:
    assert site.objectives() == {"urgent": 9}
    assert site.stage.rollout.number == 1


async def test_changes_in_the_cluster_are_in_force_without_a_restart(site: Site) -> None:
    site.cluster.apply(objective("urgent", 3), objective("batch", -5))
    await eventually(lambda: site.objectives() == {"urgent": 3, "batch": -5})
    site.cluster.apply(rewrite("canary", "chat", "llama", "llama-2"))
    await eventually(lambda: "rewrites" in site.told())
    targets = [{"model": one, "weight": 1} for one in ("llama", "llama-2")]
    assert site.told()["rewrites"] == [{"model": "chat", "targets": targets}]
    site.cluster.delete(OBJECTIVES, "urgent")
    await eventually(lambda: site.objectives() == {"batch": -5})
    await eventually(lambda: site.stage.rollout.loaded.gateway.pools[0].objectives == {"batch": -5})


async def test_what_changes_nothing_is_no_new_snapshot(site: Site) -> None:
    site.cluster.apply(objective("far", 1, pool="mistral"))
    again = objective("urgent", 9)
    again["metadata"]["annotations"] = {"seen": "yes"}
    site.cluster.apply(again)
    site.cluster.apply(objective("batch", -5))
    await eventually(lambda: "batch" in site.objectives())
    assert len(site.stage.pool.messages) == 2


async def test_a_broken_object_leaves_the_last_good_one_in_force_and_says_so(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    broken = {"poolRef": {"name": "llama"}, "priority": "high"}
    site.cluster.apply(objective("urgent", 0, spec=broken), objective("batch", -5))
    await eventually(lambda: site.objectives() == {"urgent": 9, "batch": -5})
    await eventually(lambda: site.metric("objects") == 1)
    (fault,) = json.loads(json.dumps(site.reload.discovery.status()))["object_faults"]
    text = "pool gpu: InferenceObjective models/urgent, spec.priority: "
    assert fault.startswith(text)
    assert fault.endswith("; the one before stays in force")
    assert sum(message.startswith(text) for message in caplog.messages) == 1
    site.cluster.apply(objective("urgent", 4))
    await eventually(lambda: site.objectives() == {"urgent": 4, "batch": -5})
    await eventually(lambda: site.metric("objects") == 0)
    assert site.reload.discovery.status()["object_faults"] == []


async def test_files_and_cluster_change_apart_and_files_count(site: Site) -> None:
    site.edit(objectives={"own": 1, "urgent": 2})
    await eventually(lambda: site.objectives() == {"own": 1, "urgent": 2})
    site.cluster.apply(objective("batch", -5))
    await eventually(lambda: site.objectives() == {"own": 1, "urgent": 2, "batch": -5})
    site.edit()
    await eventually(lambda: site.objectives() == {"urgent": 9, "batch": -5})


async def test_the_cluster_is_followed_while_the_files_are_broken(site: Site) -> None:
    (site.stage.folder / "gateway.yaml").write_text("pools: [")
    await eventually(lambda: bool(site.reload.error))
    site.cluster.apply(objective("urgent", 3))
    await eventually(lambda: site.objectives() == {"urgent": 3})
    assert site.reload.error
    assert site.reload.metrics.registry.get_sample_value("gatehouse_configuration_broken") == 1


async def test_priorities_stay_while_the_api_is_away_and_a_file_changes(site: Site) -> None:
    site.cluster.status = 503
    site.cluster.hang_up()
    await eventually(lambda: "HTTP 503" in str(site.reload.discovery.cluster.faults))
    site.edit(objectives={"own": 1})
    await eventually(lambda: "own" in site.objectives())
    assert site.objectives() == {"own": 1, "urgent": 9}


async def test_what_workers_do_not_take_is_tried_again(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    taken = site.reload.rollout.replace
    refused: list[str] = []

    async def replace(new: Any, health: Any) -> None:
        if len(refused) < 3:
            refused.append(new.digest)
            raise OSError("no space left")
        await taken(new, health)

    monkeypatch.setattr(site.reload.rollout, "replace", replace)
    site.cluster.apply(objective("urgent", 3))
    await eventually(lambda: site.objectives() == {"urgent": 3})
    told = "what clusters say of pools is not in force: no space left"
    assert caplog.messages.count(told) == 1


async def test_many_faults_are_told_by_their_number(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_TOLD", 2)
    spec = {"poolRef": {"name": "llama"}, "priority": "high"}
    site.cluster.apply(*(objective(f"broken-{n}", 0, spec=spec) for n in range(5)))
    word = site.reload.discovery.cluster
    await eventually(lambda: word.faults[2:] == ("and 3 more",))
    assert isinstance(word, ClusterWord)
