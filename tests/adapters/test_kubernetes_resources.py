"""Against the API of a small cluster over TLS, with a real token file."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.kubernetes_resources import PoolObjects
from gateway.adapters.kubernetes_watch import Pace
from gateway.config.schema import Gateway
from tests.adapters.kubernetes_cluster import (
    OBJECTIVES,
    OF_POOLS,
    OLD_GROUP,
    Cluster,
    objective,
    rewrite,
)
from tests.edge.stage import gateway_of
from tests.supervisor.test_health import eventually
from tests.support.certificates import Authority

QUICK = Pace(0.002, 0.01)


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    cluster = Cluster(Authority(tmp_path).server("127.0.0.1"))
    await cluster.open()
    (tmp_path / "token").write_text("first\n")
    yield cluster
    await cluster.close()


@pytest.fixture
async def followed(cluster: Cluster) -> AsyncIterator[PoolObjects]:
    followed = PoolObjects({}, pace=QUICK)
    yield followed
    if cluster.asked:
        await calm(cluster)
    await followed.close()


async def calm(cluster: Cluster) -> None:
    """All is well, and everything is watched: httpcore leaves a socket open if it is cancelled
    while it shakes hands over TLS."""
    cluster.status = 200
    for kind in OF_POOLS:
        cluster.objects.setdefault(kind, {})
    await eventually(lambda: cluster.kinds_watched() == set(OF_POOLS))


def gateway(cluster: Cluster, folder: Path, *pools: str, **changes: Any) -> Gateway:
    section = {
        "server": f"https://127.0.0.1:{cluster.port}",
        "namespace": "models",
        "token_file": str(folder / "token"),
        "ca": str(folder / "ca.pem"),
        **changes,
    }
    return gateway_of(
        pools=[
            {"name": f"own-{pool}", "kubernetes": {**section, "inference_pool": pool}}
            for pool in pools or ("llama",)
        ]
    )


def names(followed: PoolObjects, gateway: Gateway, index: int = 0) -> list[str]:
    return [one.name for one in followed.objects(gateway.pools[index])]


def priorities(followed: PoolObjects, gateway: Gateway) -> dict[str, object]:
    return {
        one.name: one.document.value["spec"]["priority"]  # type: ignore[index,call-overload]
        for one in followed.objects(gateway.pools[0])
    }


async def test_objects_of_the_inference_pool_are_known_and_those_of_others_are_not(
    cluster: Cluster, followed: PoolObjects, tmp_path: Path
) -> None:
    service = objective("odd", 4)
    service["spec"]["poolRef"]["kind"] = "Service"
    cluster.apply(objective("urgent", 9), objective("far", 1, pool="mistral"), service)
    cluster.apply(rewrite("canary", "llama", "llama-2"))
    wanted = gateway(cluster, tmp_path)
    await followed.follow(wanted)
    assert names(followed, wanted) == ["urgent", "canary"]
    assert followed.faults == ()


async def test_two_pools_of_a_namespace_share_what_is_asked(
    cluster: Cluster, followed: PoolObjects, tmp_path: Path
) -> None:
    cluster.apply(objective("urgent", 9), objective("far", 1, pool="mistral"))
    wanted = gateway(cluster, tmp_path, "llama", "mistral")
    await followed.follow(wanted)
    assert (names(followed, wanted), names(followed, wanted, 1)) == (["urgent"], ["far"])
    assert len(cluster.queries(OBJECTIVES, watch=False)) == 1


async def test_objects_come_change_and_go_as_the_cluster_says(
    cluster: Cluster, followed: PoolObjects, tmp_path: Path
) -> None:
    wanted = gateway(cluster, tmp_path)
    await followed.follow(wanted)
    assert followed.moved()
    assert names(followed, wanted) == []
    cluster.apply(objective("urgent", 9), objective("batch", -1))
    await eventually(lambda: priorities(followed, wanted) == {"batch": -1, "urgent": 9})
    assert followed.moved()
    assert not followed.moved()
    cluster.apply(objective("urgent", 3))
    await eventually(lambda: priorities(followed, wanted) == {"batch": -1, "urgent": 3})
    cluster.delete(OBJECTIVES, "batch")
    await eventually(lambda: priorities(followed, wanted) == {"urgent": 3})
    going = objective("urgent", 3)
    going["metadata"]["deletionTimestamp"] = "2026-05-04T10:00:00Z"
    cluster.apply(going)
    await eventually(lambda: names(followed, wanted) == [])
    assert len(cluster.queries(OBJECTIVES, watch=False)) == 1


async def test_an_object_that_moves_to_another_pool_is_no_longer_of_this_one(
    cluster: Cluster, followed: PoolObjects, tmp_path: Path
) -> None:
    cluster.apply(objective("urgent", 9))
    wanted = gateway(cluster, tmp_path)
    await followed.follow(wanted)
    cluster.apply(objective("urgent", 9, pool="mistral"))
    await eventually(lambda: names(followed, wanted) == [])


@pytest.mark.parametrize("in_events", [False, True])
async def test_all_is_listed_anew_when_the_version_is_gone(
    cluster: Cluster, followed: PoolObjects, tmp_path: Path, *, in_events: bool
) -> None:
    cluster.apply(objective("urgent", 9), objective("batch", -1))
    wanted = gateway(cluster, tmp_path)
    await followed.follow(wanted)
    await eventually(lambda: bool(cluster.queries(OBJECTIVES, watch=True)))
    cluster.hang_up()
    cluster.objects[OBJECTIVES].pop("batch")  # and nobody ever tells
    cluster.version += 10
    cluster.forgotten, cluster.gone_in_events = cluster.version - 1, in_events
    await eventually(lambda: names(followed, wanted) == ["urgent"])
    assert followed.faults == ()


async def test_what_was_known_stays_while_the_api_refuses_and_it_is_said_once(
    cluster: Cluster,
    followed: PoolObjects,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    cluster.apply(objective("urgent", 9))
    wanted = gateway(cluster, tmp_path)
    await followed.follow(wanted)
    caplog.set_level(logging.ERROR)
    cluster.status = 403
    cluster.hang_up()
    await eventually(lambda: len(followed.faults) == 4)
    text = "Kubernetes, inferenceobjectives.llm-d.ai: answered with HTTP 403; those before stay"
    assert followed.faults[0].startswith(text)
    asked = len(cluster.asked)
    await eventually(lambda: len(cluster.asked) >= asked + 8)
    assert names(followed, wanted) == ["urgent"]
    assert sum(text in message for message in caplog.messages) == 1
    cluster.status = 200
    await eventually(lambda: followed.faults == ())


async def test_an_api_that_refuses_is_not_waited_for(
    cluster: Cluster, followed: PoolObjects, tmp_path: Path
) -> None:
    cluster.status = 403
    await followed.follow(gateway(cluster, tmp_path), patience=3600)
    assert "HTTP 403" in followed.faults[0]


async def test_kinds_that_nobody_installed_are_none_and_no_fault(
    cluster: Cluster, followed: PoolObjects, tmp_path: Path
) -> None:
    for kind in OF_POOLS:
        cluster.objects.pop(kind)
    wanted = gateway(cluster, tmp_path)
    await followed.follow(wanted, patience=3600)
    assert (names(followed, wanted), followed.faults) == ([], ())
    cluster.objects[OBJECTIVES] = {}
    cluster.apply(objective("urgent", 9))
    await eventually(lambda: names(followed, wanted) == ["urgent"])


async def test_objects_stay_when_their_kind_is_not_known_any_more(
    cluster: Cluster, followed: PoolObjects, tmp_path: Path
) -> None:
    cluster.apply(objective("urgent", 9))
    wanted = gateway(cluster, tmp_path)
    await followed.follow(wanted)
    cluster.objects.pop(OBJECTIVES)
    cluster.hang_up()
    await eventually(lambda: "HTTP 404" in str(followed.faults))
    assert names(followed, wanted) == ["urgent"]


async def test_the_older_group_counts_too_and_the_newer_one_before_it(
    cluster: Cluster, followed: PoolObjects, tmp_path: Path
) -> None:
    old = {"apiVersion": f"{OLD_GROUP}/v1alpha2"}
    cluster.apply(
        objective("urgent", 9), objective("urgent", 1, **old), objective("slow", -2, **old)
    )
    wanted = gateway(cluster, tmp_path)
    await followed.follow(wanted)
    assert priorities(followed, wanted) == {"urgent": 9, "slow": -2}


async def test_a_malformed_object_is_told_and_the_others_go_on(
    cluster: Cluster, followed: PoolObjects, tmp_path: Path
) -> None:
    cluster.apply(objective("urgent", 9))
    wanted = gateway(cluster, tmp_path)
    await followed.follow(wanted)
    cluster.apply(objective("broken", 9, spec={"poolRef": {"name": "llama"}, "priority": "high"}))
    cluster.apply(objective("batch", -1))
    await eventually(lambda: names(followed, wanted) == ["batch", "broken", "urgent"])
    broken = followed.objects(wanted.pools[0])[1]
    assert broken.model is None
    assert broken.fault.startswith("InferenceObjective models/broken, spec.priority:")
    assert followed.faults == ()


async def test_an_object_that_does_not_tell_its_pool_is_shown_to_every_pool(
    cluster: Cluster, followed: PoolObjects, tmp_path: Path
) -> None:
    cluster.apply(objective("broken", 9, spec=[]))
    wanted = gateway(cluster, tmp_path, "llama", "mistral")
    await followed.follow(wanted)
    assert names(followed, wanted) == names(followed, wanted, 1) == ["broken"]


async def test_more_objects_than_anybody_means_change_nothing(
    cluster: Cluster,
    followed: PoolObjects,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.adapters.kubernetes_resources.MOST_OBJECTS", 2)
    cluster.apply(objective("a", 1), objective("b", 2))
    wanted = gateway(cluster, tmp_path)
    await followed.follow(wanted)
    cluster.apply(objective("c", 3))
    await eventually(lambda: "more than 2 objects" in str(followed.faults))
    assert names(followed, wanted) == ["a", "b"]
    cluster.delete(OBJECTIVES, "c")
    await eventually(lambda: followed.faults == ())


@pytest.mark.parametrize("section", [{"objects": False}, {"selector": {"a": "b"}, "port": 1}])
async def test_pools_without_an_inference_pool_or_by_their_own_wish_have_no_objects(
    cluster: Cluster, followed: PoolObjects, tmp_path: Path, section: dict[str, Any]
) -> None:
    cluster.apply(objective("urgent", 9))
    if "selector" in section:
        section = {**section, "inference_pool": None}
    wanted = gateway(cluster, tmp_path)
    kubernetes = wanted.pools[0].kubernetes
    assert kubernetes is not None
    changed = wanted.pools[0].model_copy(
        update={"kubernetes": kubernetes.model_copy(update=section)}
    )
    wanted = wanted.model_copy(update={"pools": (changed,)})
    await followed.follow(wanted)
    assert names(followed, wanted) == []
    assert cluster.asked == []


async def test_what_no_pool_needs_any_more_is_no_longer_watched(
    cluster: Cluster, followed: PoolObjects, tmp_path: Path
) -> None:
    wanted = gateway(cluster, tmp_path)
    await followed.follow(wanted)
    await eventually(lambda: len(cluster.watchers) == 4)
    await followed.follow(gateway_of())
    await eventually(lambda: cluster.watchers == [])
    cluster.asked.clear()
    assert names(followed, wanted) == []
