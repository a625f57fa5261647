"""Against the API of a small cluster over TLS, with a real token file."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.kubernetes import PodMembers
from gateway.adapters.kubernetes_watch import Pace
from gateway.config.pool import Member
from gateway.config.schema import Gateway
from tests.adapters.kubernetes_cluster import POOLS, Cluster, pod, pool
from tests.edge.stage import gateway_of
from tests.supervisor.test_health import eventually
from tests.support.certificates import Authority

QUICK = Pace(0.002, 0.01)
SELECTOR = {"selector": {"app": "vllm"}, "port": 8000}


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    cluster = Cluster(Authority(tmp_path).server("127.0.0.1"))
    await cluster.open()
    (tmp_path / "token").write_text("first\n")
    yield cluster
    await cluster.close()


@pytest.fixture
async def pods() -> AsyncIterator[PodMembers]:
    pods = PodMembers({}, pace=QUICK)
    yield pods
    await pods.close()


def gateway(cluster: Cluster, folder: Path, **which: Any) -> Gateway:
    section = {
        "server": f"https://127.0.0.1:{cluster.port}",
        "namespace": "models",
        "token_file": str(folder / "token"),
        "ca": str(folder / "ca.pem"),
    }
    return gateway_of(pools=[{"name": "gpu", "kubernetes": section | (which or SELECTOR)}])


def addresses(pods: PodMembers, gateway: Gateway) -> list[str]:
    return [member.address for member in pods.members(gateway.pools[0])]


async def test_pods_that_are_ready_are_members_with_all_that_their_labels_say(
    cluster: Cluster, pods: PodMembers, tmp_path: Path
) -> None:
    known = {
        "app": "vllm",
        "llm-d.ai/role": "decode",
        "topology.kubernetes.io/zone": "eu-1a",
        "topology.kubernetes.io/region": "eu-1",
    }
    cluster.apply(
        pod("a", "10.4.0.1", known),
        pod("b", "10.4.0.2", ready=False),
        pod("c", "10.4.0.3", going=True),
        pod("d", None),
        pod("e", "10.4.0.5", {"app": "web"}),
    )
    wanted = gateway(cluster, tmp_path)
    await pods.follow(wanted)
    (member,) = pods.members(wanted.pools[0])
    assert member == Member(
        address="10.4.0.1:8000", role="decode", region="eu-1", zone="eu-1a", labels=known
    )
    assert pods.faults == ()


async def test_pods_come_and_go_as_the_cluster_says(
    cluster: Cluster, pods: PodMembers, tmp_path: Path
) -> None:
    wanted = gateway(cluster, tmp_path)
    await pods.follow(wanted)
    assert addresses(pods, wanted) == []
    cluster.apply(pod("a", "10.4.0.1"), pod("b", "10.4.0.2", ready=False))
    await eventually(lambda: addresses(pods, wanted) == ["10.4.0.1:8000"])
    cluster.apply(pod("b", "10.4.0.2"))
    await eventually(lambda: addresses(pods, wanted) == ["10.4.0.1:8000", "10.4.0.2:8000"])
    cluster.apply(pod("a", "10.4.0.1", going=True))
    await eventually(lambda: addresses(pods, wanted) == ["10.4.0.2:8000"])
    cluster.delete("pods", "b")
    await eventually(lambda: addresses(pods, wanted) == [])
    assert len(cluster.queries("pods", watch=False)) == 1


async def test_whoever_waits_for_changes_is_told_of_each(
    cluster: Cluster, pods: PodMembers, tmp_path: Path
) -> None:
    wanted = gateway(cluster, tmp_path)
    await pods.follow(wanted)
    cluster.apply(pod("a", "10.4.0.1"))
    async with asyncio.timeout(10):
        while addresses(pods, wanted) != ["10.4.0.1:8000"]:
            await pods.changed()


# --- InferencePool ------------------------------------------------------------------------------


async def test_an_inference_pool_says_which_pods_and_every_port(
    cluster: Cluster, pods: PodMembers, tmp_path: Path
) -> None:
    cluster.apply(pool("llama", 8000, 8001, app="vllm"), pool("other", 1, app="web"))
    cluster.apply(pod("a", "10.4.0.1"), pod("b", "fd00::2"), pod("c", "10.4.0.3", {"app": "web"}))
    wanted = gateway(cluster, tmp_path, inference_pool="llama")
    await pods.follow(wanted)
    assert addresses(pods, wanted) == [
        *("10.4.0.1:8000", "10.4.0.1:8001"),
        *("[fd00::2]:8000", "[fd00::2]:8001"),
    ]


def selectors(cluster: Cluster) -> list[str]:
    """Of those who watch pods now."""
    return [one.query["labelSelector"] for one in cluster.watchers if one.kind == "pods"]


async def test_another_selector_or_port_of_the_inference_pool_counts_at_once(
    cluster: Cluster, pods: PodMembers, tmp_path: Path
) -> None:
    cluster.apply(pool("llama", 8000, app="vllm"))
    cluster.apply(pod("a", "10.4.0.1"), pod("c", "10.4.0.3", {"app": "sglang"}))
    wanted = gateway(cluster, tmp_path, inference_pool="llama")
    await pods.follow(wanted)
    assert addresses(pods, wanted) == ["10.4.0.1:8000"]
    cluster.apply(pool("llama", 9000, app="sglang"))
    await eventually(lambda: addresses(pods, wanted) == ["10.4.0.3:9000"])
    await eventually(lambda: selectors(cluster) == ["app=sglang"])
    cluster.apply(pod("b", "10.4.0.2"), pod("d", "10.4.0.4", {"app": "sglang"}))
    await eventually(lambda: addresses(pods, wanted) == ["10.4.0.3:9000", "10.4.0.4:9000"])


async def test_an_inference_pool_that_is_gone_or_odd_keeps_the_pods_and_says_so(
    cluster: Cluster, pods: PodMembers, tmp_path: Path
) -> None:
    cluster.apply(pool("llama", 8000, app="vllm"), pod("a", "10.4.0.1"))
    wanted = gateway(cluster, tmp_path, inference_pool="llama")
    await pods.follow(wanted)
    odd = pool("llama", 8000, app="vllm")
    odd["spec"]["selector"]["matchExpressions"] = [{"key": "app", "operator": "Exists"}]
    cluster.apply(odd)
    await eventually(lambda: "spec.selector.matchExpressions" in "".join(pods.faults))
    cluster.delete(POOLS, "llama")
    await eventually(lambda: "none of this name" in "".join(pods.faults))
    assert addresses(pods, wanted) == ["10.4.0.1:8000"]
    cluster.apply(pod("b", "10.4.0.2"))
    await eventually(lambda: addresses(pods, wanted) == ["10.4.0.1:8000", "10.4.0.2:8000"])
    cluster.apply(pool("llama", 8000, app="vllm"))
    await eventually(lambda: pods.faults == ())
    cluster.delete("pods", "a")
    await eventually(lambda: addresses(pods, wanted) == ["10.4.0.2:8000"])
    assert len(cluster.queries("pods", watch=False)) == 1


async def test_the_bound_on_members_counts_every_port(
    cluster: Cluster, pods: PodMembers, tmp_path: Path
) -> None:
    cluster.apply(pool("llama", *range(8000, 8008), app="vllm"))
    cluster.apply(*(pod(f"p{n}", f"10.4.{n // 250}.{n % 250}") for n in range(1251)))
    wanted = gateway(cluster, tmp_path, inference_pool="llama")
    await pods.follow(wanted, patience=0.01)
    await eventually(lambda: "more than 1250 objects" in "".join(pods.faults))
    cluster.delete("pods", "p7")
    await eventually(lambda: len(addresses(pods, wanted)) == 10_000)


# --- an API that fails --------------------------------------------------------------------------


async def test_an_api_that_is_down_keeps_the_members_and_is_said_once(
    cluster: Cluster, pods: PodMembers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.apply(pod("a", "10.4.0.1"))
    wanted = gateway(cluster, tmp_path)
    await pods.follow(wanted)
    with caplog.at_level(logging.ERROR, "gatehouse.kubernetes"):
        await cluster.close()
        await eventually(lambda: "cannot be reached" in "".join(pods.faults))
        assert addresses(pods, wanted) == ["10.4.0.1:8000"]
        cluster.apply(pod("b", "10.4.0.2"))
        cluster.delete("pods", "a")
        await cluster.open()
        await eventually(lambda: pods.faults == ())
    assert addresses(pods, wanted) == ["10.4.0.2:8000"]
    assert len(caplog.records) == 1
    assert "the members before stay in force" in caplog.text


async def test_a_token_that_is_renewed_in_its_file_is_used(
    cluster: Cluster, pods: PodMembers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.apply(pod("a", "10.4.0.1"))
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    (tmp_path / "token").unlink()
    (tmp_path / "token").symlink_to(tmp_path / "first")
    wanted = gateway(cluster, tmp_path)
    await pods.follow(wanted)
    cluster.token = "second"
    cluster.hang_up()
    await eventually(lambda: "HTTP 401" in "".join(pods.faults))
    cluster.apply(pod("b", "10.4.0.2"))
    assert addresses(pods, wanted) == ["10.4.0.1:8000"]
    (tmp_path / "next").symlink_to(tmp_path / "second")
    (tmp_path / "next").replace(tmp_path / "token")  # as Kubernetes does
    (tmp_path / "first").unlink()
    await eventually(lambda: addresses(pods, wanted) == ["10.4.0.1:8000", "10.4.0.2:8000"])
    assert pods.faults == ()
    assert "second" not in caplog.text
    assert "first" not in caplog.text


async def test_a_server_with_another_certificate_does_not_get_the_token(
    cluster: Cluster, pods: PodMembers, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    Authority(other)
    wanted = gateway(cluster, tmp_path)
    section = wanted.pools[0].kubernetes
    assert section is not None
    section = section.model_copy(update={"ca": str(other / "ca.pem")})
    foreign = wanted.pools[0].model_copy(update={"kubernetes": section})
    await pods.follow(wanted.model_copy(update={"pools": (foreign,)}), patience=0.01)
    await eventually(lambda: "cannot be reached" in "".join(pods.faults))
    assert cluster.asked == []
    assert cluster.refused == 0


@pytest.mark.parametrize("status", [302, 403, 404, 429, 500])
async def test_an_api_that_refuses_is_asked_again_where_it_is(
    status: int, cluster: Cluster, pods: PodMembers, tmp_path: Path
) -> None:
    cluster.apply(pod("a", "10.4.0.1"))
    cluster.status, cluster.more = status, f"location: https://127.0.0.1:{cluster.port}/x/pods\r\n"
    wanted = gateway(cluster, tmp_path)
    await pods.follow(wanted, patience=0.01)
    await eventually(lambda: f"HTTP {status}" in "".join(pods.faults))
    await eventually(lambda: len(cluster.asked) >= 3)
    cluster.status = 200
    await eventually(lambda: addresses(pods, wanted) == ["10.4.0.1:8000"])
    assert pods.faults == ()


# --- whose pods ---------------------------------------------------------------------------------


async def test_in_a_cluster_nothing_but_the_pods_has_to_be_said(
    cluster: Cluster, tmp_path: Path
) -> None:
    (tmp_path / "ca.crt").write_bytes((tmp_path / "ca.pem").read_bytes())
    (tmp_path / "namespace").write_text("models")
    cluster.apply(pod("a", "10.4.0.1"))
    here = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(cluster.port)}
    pods = PodMembers(here, tmp_path, QUICK)
    wanted = gateway_of(pools=[{"name": "gpu", "kubernetes": SELECTOR}])
    await pods.follow(wanted)
    assert addresses(pods, wanted) == ["10.4.0.1:8000"]
    await pods.close()


async def test_outside_of_a_cluster_that_is_said(pods: PodMembers) -> None:
    wanted = gateway_of(pools=[{"name": "gpu", "kubernetes": SELECTOR}])
    await pods.follow(wanted, patience=0.01)
    await eventually(lambda: "KUBERNETES_SERVICE_HOST" in "".join(pods.faults))
    assert addresses(pods, wanted) == []


async def test_pods_that_no_pool_is_made_of_are_forgotten(
    cluster: Cluster, pods: PodMembers, tmp_path: Path
) -> None:
    cluster.apply(pod("a", "10.4.0.1"))
    wanted = gateway(cluster, tmp_path)
    await pods.follow(wanted)
    await pods.follow(gateway_of(), wanted)
    assert addresses(pods, wanted) == ["10.4.0.1:8000"]
    assert cluster.connections == 1
    await pods.follow(gateway_of())
    assert addresses(pods, wanted) == []
    await eventually(lambda: cluster.watchers == [])
    cluster.status = 500
    await pods.follow(wanted, patience=0.01)
    assert addresses(pods, wanted) == []
