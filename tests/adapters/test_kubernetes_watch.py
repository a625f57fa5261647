"""Lists and watches of an API over TLS that forgets, breaks off and babbles."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from gateway.adapters.kubernetes_api import Access
from gateway.adapters.kubernetes_objects import name_and_version
from gateway.adapters.kubernetes_watch import Collection, Kind, Pace
from gateway.model.jsonvalue import JsonObject
from tests.adapters.kubernetes_cluster import Cluster, pod
from tests.supervisor.test_health import eventually
from tests.support.certificates import Authority

QUICK = Pace(0.002, 0.01)
PODS = Kind("/api/v1/namespaces/{namespace}/pods", {"labelSelector": "app=vllm"}, most=5)


def ip_of(value: JsonObject) -> str:
    match value:
        case {"status": {"podIP": str(ip)}}:
            return ip
        case _:
            return ""


class Follower:
    """A collection of pods that is followed, and what it told: its objects, and its faults."""

    def __init__(self, cluster: Cluster, folder: Path, pace: Pace = QUICK) -> None:
        url, token = f"https://127.0.0.1:{cluster.port}", folder / "token"
        access = Access(url, "models", token, str(folder / "ca.pem"))
        self.told: list[dict[str, str] | None] = []
        self.faults: list[str] = []
        self.pods = Collection(lambda: access, PODS, ip_of, self._note, pace)
        self._task = asyncio.ensure_future(self.pods.follow())

    def _note(self) -> None:
        self.told.append(self.pods.objects)
        self.faults.append(self.pods.fault)

    async def holds(self, **pods: str) -> None:
        """Until these pods are all that is known."""
        await eventually(lambda: self.pods.objects == pods)

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    cluster = Cluster(Authority(tmp_path).server("127.0.0.1"))
    await cluster.open()
    (tmp_path / "token").write_text("first")
    cluster.apply(pod("a", "10.4.0.1"))
    yield cluster
    await cluster.close()


@pytest.fixture
async def follower(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Follower]:
    """Knows pod a, and watches."""
    follower = Follower(cluster, tmp_path)
    await follower.holds(a="10.4.0.1")
    await eventually(lambda: bool(cluster.watchers))
    yield follower
    await follower.close()


def lists(cluster: Cluster) -> int:
    return len(cluster.queries("pods", watch=False))


async def again(cluster: Cluster) -> None:
    """Until the next watch has begun."""
    await eventually(lambda: bool(cluster.watchers))


async def test_a_watch_that_ends_goes_on_from_the_last_event(
    cluster: Cluster, follower: Follower
) -> None:
    cluster.apply(pod("b", "10.4.0.2"))
    await follower.holds(a="10.4.0.1", b="10.4.0.2")
    last = str(cluster.version)
    cluster.finish()
    cluster.delete("pods", "a")
    await follower.holds(b="10.4.0.2")
    assert cluster.queries("pods", watch=True)[-1]["resourceVersion"] == last
    assert lists(cluster) == 1
    assert set(follower.faults) == {""}


async def test_a_bookmark_moves_the_version_to_go_on_from(
    cluster: Cluster, follower: Follower
) -> None:
    cluster.bookmark()
    cluster.finish()
    await again(cluster)
    assert cluster.queries("pods", watch=True)[-1]["resourceVersion"] == str(cluster.version)
    assert cluster.queries("pods", watch=True)[-1]["allowWatchBookmarks"] == "true"
    assert follower.told == [{"a": "10.4.0.1"}]


async def test_a_watch_that_nobody_ends_is_begun_anew_where_it_was(
    cluster: Cluster, tmp_path: Path
) -> None:
    follower = Follower(cluster, tmp_path, Pace(0.002, 0.01, watch=0.02, grace=0.02))
    await eventually(lambda: len(cluster.queries("pods", watch=True)) >= 3)
    cluster.apply(pod("b", "10.4.0.2"))
    await follower.holds(a="10.4.0.1", b="10.4.0.2")
    assert lists(cluster) == 1
    assert set(follower.faults) == {""}
    await follower.close()


async def test_half_an_event_is_nothing_and_comes_whole_later(
    cluster: Cluster, follower: Follower
) -> None:
    half = json.dumps({"type": "DELETED", "object": cluster.objects["pods"]["a"]})
    cluster.say(half.encode()[:-1])
    cluster.hang_up()
    await again(cluster)
    assert follower.pods.objects == {"a": "10.4.0.1"}
    cluster.say(half.encode()[:40])
    cluster.say(half.encode()[40:] + b"\n")
    await follower.holds()
    assert set(follower.faults) == {""}


@pytest.mark.parametrize("in_events", [False, True])
async def test_a_version_that_is_forgotten_means_to_list_anew(
    in_events: bool, cluster: Cluster, follower: Follower
) -> None:
    cluster.gone_in_events = in_events
    cluster.hang_up()
    cluster.apply(pod("b", "10.4.0.2"))
    cluster.delete("pods", "a")
    cluster.forgotten = cluster.version - 1
    await follower.holds(b="10.4.0.2")
    await again(cluster)
    assert lists(cluster) == 2
    assert set(follower.faults) == {""}


@pytest.mark.parametrize(
    ("babble", "fault"),
    [
        (b"<html>\n", "no JSON"),
        (b"\xff\xfe\n", "no JSON"),
        (b"\n", "no JSON"),
        (b"[]\n", "no object"),
        (b'{"type": "ADDED"}\n', "no event"),
        (b'{"type": "CHANGED", "object": {}}\n', "no event"),
        (b'{"type": "ADDED", "object": {"metadata": {}}}\n', "without name"),
        (b'{"type": "ERROR", "object": {"code": 500}}\n', "ended the watch with 500"),
        (b'{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": 7}}}\n', "no event"),
        (b"x" * (4 * 1024 * 1024 + 1), "more than 4194304 bytes"),
    ],
)
async def test_after_something_odd_all_is_listed_anew(
    babble: bytes, fault: str, cluster: Cluster, follower: Follower
) -> None:
    cluster.say(babble)
    cluster.objects["pods"]["b"] = pod("b", "10.4.0.2")
    cluster.objects["pods"]["b"]["metadata"]["resourceVersion"] = "9"
    await follower.holds(a="10.4.0.1", b="10.4.0.2")
    assert any(fault in one for one in follower.faults), follower.faults
    assert follower.pods.fault == ""
    assert follower.told.count({}) == 0


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b'{"metadata": {"resourceVersion": "7"}}', "no list"),
        (b'{"items": []}', "no list"),
        (b'{"metadata": {"resourceVersion": 7}, "items": []}', "no list"),
        (b'{"metadata": {"resourceVersion": "7"}, "items": [7]}', "no list"),
        (b'{"metadata": {"resourceVersion": "7", "continue": "x"}, "items": []}', "no list"),
        (b'{"metadata": {"resourceVersion": "7"}, "items": [{}]}', "without name"),
        (b" " * (16 * 1024 * 1024 + 1), "more than 16777216 bytes"),
    ],
)
async def test_a_list_that_is_none_takes_nothing_away(
    body: bytes, fault: str, cluster: Cluster, follower: Follower
) -> None:
    cluster.list_body = body
    cluster.forgotten = cluster.version
    cluster.hang_up()
    await eventually(lambda: fault in follower.pods.fault)
    assert follower.pods.objects == {"a": "10.4.0.1"}
    cluster.list_body = None
    cluster.apply(pod("b", "10.4.0.2"))
    await follower.holds(a="10.4.0.1", b="10.4.0.2")
    assert follower.pods.fault == ""


async def test_a_long_list_is_read_page_by_page(cluster: Cluster, tmp_path: Path) -> None:
    cluster.most = 2
    cluster.apply(*(pod(name, f"10.4.0.{name}") for name in "2345"))
    follower = Follower(cluster, tmp_path)
    await eventually(lambda: len(follower.pods.objects or {}) == 5)
    assert [one.get("continue") for one in cluster.queries("pods", watch=False)] == [None, "2", "4"]
    await follower.close()


async def test_more_objects_than_are_meant_are_a_fault(
    cluster: Cluster, follower: Follower
) -> None:
    cluster.apply(*(pod(name, f"10.4.0.{name}") for name in "23456"))
    await eventually(lambda: "more than 5 objects" in follower.pods.fault)
    assert len(follower.pods.objects or {}) == 5
    cluster.delete("pods", "2")
    await eventually(lambda: follower.pods.fault == "")


async def test_a_kind_that_has_to_be_there_and_is_not_is_a_fault_and_takes_nothing_away(
    cluster: Cluster, follower: Follower
) -> None:
    kept = cluster.objects.pop("pods")
    cluster.hang_up()
    await eventually(lambda: "HTTP 404" in follower.pods.fault)
    assert follower.pods.objects == {"a": "10.4.0.1"}
    cluster.objects["pods"] = kept
    await eventually(lambda: follower.pods.fault == "" and bool(cluster.watchers))


async def test_what_changes_nothing_that_is_read_is_not_told(
    cluster: Cluster, follower: Follower
) -> None:
    cluster.apply(pod("a", "10.4.0.1", ready=False))
    cluster.apply(pod("b", "10.4.0.2"))
    await follower.holds(a="10.4.0.1", b="10.4.0.2")
    assert len(follower.told) == 2


def test_waits_grow_to_a_bound_and_are_spread() -> None:
    pace, chance = Pace(1, 30), random.Random(1)
    wait = partial(pace.after, chance=chance)
    assert all(0.5 <= wait(1) <= 1 for _ in range(100))
    assert all(4 <= wait(4) <= 8 for _ in range(100))
    assert all(15 <= wait(failures) <= 30 for failures in (6, 7, 10_000))
    assert len({wait(1) for _ in range(10)}) == 10


def test_every_object_has_a_name_and_a_version() -> None:
    assert name_and_version({"metadata": {"name": "a", "resourceVersion": "7"}}) == ("a", "7")
