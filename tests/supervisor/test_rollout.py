"""What a rollout tells and writes, in which order, and what it puts back. What drains, and what
is told between rollouts, is in test_rollout_upkeep.py."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.config.schema import Gateway
from gateway.supervisor import rollout as module
from gateway.supervisor.rollout import RolloutError, content_digest, same_edge
from gateway.supervisor.workers import WorkerFailedError
from tests.supervisor.rollout_stage import KEY, Says, Stage, always, never, staged, under_way
from tests.supervisor.test_workers import served
from tests.support.certificates import Authority, Pair
from tests.support.gatehouse import allow, key_entry
from tests.support.ports import free_port

FILES = ("clusters", "endpoints/tracker", "routes/agents")
OTHER = "127.0.0.1:2"
SOON = 0.2


def named(key: str, what: str = "next") -> Says:
    """Files of this key in which this name is."""
    return lambda found, text: found == key and f'"{what}' in text


# --- the first configuration ------------------------------------------------------------------


async def test_the_first_configuration_is_ready_for_an_envoy_that_starts_later(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        await stage.start({KEY: False})
        assert await served(stage.pool) == [1, 1]
        assert stage.labels() == dict.fromkeys(FILES, "1")
        assert stage.health() == {KEY[1]: False}
        assert stage.files.layout.bootstrap.exists()
        assert stage.rollout.number == 1
        assert stage.envoy.asked == 0


async def test_a_first_configuration_that_workers_refuse_is_not_written(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.pool.script = {"refuse": [1]}
        with pytest.raises(WorkerFailedError, match="worker 1: no such key"):
            await stage.start()
        assert not stage.files.layout.clusters.exists()
        assert not stage.files.layout.bootstrap.exists()


async def test_an_envoy_with_routes_of_its_own_is_not_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with staged(tmp_path) as stage:
        stage.envoy.ignores = always
        await stage.start()
        new = stage.moved("next")
        await stage.rollout.replace(new, {("next", OTHER): True})
        assert stage.rollout.number == 2
        assert stage.labels()["routes/agents"] == "2"
    assert "print its configuration anew" in caplog.text


# --- the order --------------------------------------------------------------------------------


async def test_workers_come_first_then_clusters_and_endpoints_then_routes(stage: Stage) -> None:
    new = stage.moved("next")
    await stage.rollout.replace(new, {("next", OTHER): True})
    assert stage.steps == [
        "workers take 2",
        "envoy finds clusters 2, endpoints/next 2",
        "envoy finds routes/agents 2",
    ]
    assert (stage.rollout.loaded, stage.rollout.number) == (new, 2)
    assert stage.health("next") == {OTHER: True}
    assert await served(stage.pool) == [2, 2]


async def test_routes_wait_until_envoy_has_taken_the_clusters(stage: Stage) -> None:
    stage.envoy.ignores = named("clusters")
    replacing = asyncio.ensure_future(stage.rollout.replace(stage.moved("next"), {}))
    await under_way(stage)
    assert stage.labels()["clusters"] == "2"
    assert stage.labels()["routes/agents"] == "1"
    stage.envoy.ignores = named("routes/agents", "")
    await under_way(stage)
    assert stage.labels()["routes/agents"] == "2"
    assert stage.rollout.number == 1
    assert not replacing.done()
    stage.envoy.ignores = never
    await replacing
    assert stage.rollout.number == 2


async def test_one_change_comes_into_force_at_a_time(stage: Stage) -> None:
    stage.envoy.ignores = always
    first = asyncio.ensure_future(stage.rollout.replace(stage.moved("next"), {}))
    await under_way(stage)
    last = stage.moved("last")
    second = asyncio.ensure_future(stage.rollout.replace(last, {}))
    await under_way(stage)
    assert [message["number"] for message in stage.pool.messages] == [1, 2]
    stage.envoy.ignores = never
    await asyncio.gather(first, second)
    assert (stage.rollout.loaded, stage.rollout.number) == (last, 3)


async def test_a_change_of_policy_alone_is_in_force_whatever_envoy_is_busy_with(
    stage: Stage,
) -> None:
    stage.envoy.ignores = always
    files = sorted(file for file in stage.files.layout.directory.rglob("*") if file.is_file())
    before = [file.stat().st_ino for file in files]
    new = stage.written(allow(tools=["echo"]))
    await stage.rollout.replace(new, {KEY: True})
    assert (stage.rollout.loaded, stage.rollout.number) == (new, 2)
    assert await served(stage.pool) == [2, 2]
    assert stage.envoy.asked == 0
    assert [file.stat().st_ino for file in files] == before


async def test_a_certificate_that_changed_in_its_file_is_told_to_envoy(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    one, two = authority.server("localhost"), authority.server("localhost")
    listener = {"name": "agents", "port": free_port(), "identity": {"accept": ["key"]}}
    tls = {"certificate": str(one.certificate), "key": str(one.key)}
    async with staged(tmp_path, listeners=[{**listener, "tls": tls}]) as stage:
        await stage.start()
        file = stage.files.layout.certificate("agents")
        before = stage.resources(file)
        for path, fresh in ((one.certificate, two.certificate), (one.key, two.key)):
            path.write_bytes(fresh.read_bytes())
        await stage.rollout.replace(stage.written(), {KEY: True})
        assert stage.resources(file) != before
        assert stage.labels() == dict.fromkeys(FILES, "2")
        stage.steps.clear()
        await stage.rollout.replace(stage.written(), {KEY: True})
        assert stage.steps == ["workers take 3"]


# --- an Envoy that is not there ---------------------------------------------------------------


async def test_without_an_envoy_nothing_is_waited_for(tmp_path: Path) -> None:
    async with staged(tmp_path, absent=f"127.0.0.1:{free_port()}") as stage:
        await stage.start()
        await stage.rollout.replace(stage.moved("next"), {})
        assert stage.rollout.number == 2
        assert stage.labels()["routes/agents"] == "2"


async def test_an_envoy_that_goes_away_meanwhile_is_not_waited_for(stage: Stage) -> None:
    stage.envoy.ignores = always
    replacing = asyncio.ensure_future(stage.rollout.replace(stage.moved("next"), {}))
    await under_way(stage)
    stage.envoy.gone = True
    await replacing
    assert stage.rollout.number == 2
    assert stage.labels()["routes/agents"] == "2"


async def test_an_envoy_whose_answers_cannot_be_read_is_not_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.envoy, "stats", lambda: b"<html>")
    await stage.rollout.replace(stage.moved("next"), {})
    assert stage.rollout.number == 2
    assert await served(stage.pool) == [2, 2]
    assert stage.labels()["routes/agents"] == "2"


# --- what does not come into force ------------------------------------------------------------


async def test_what_a_worker_refuses_is_not_shown_to_envoy(stage: Stage) -> None:
    first = stage.rollout.loaded
    stage.pool.script = {"refuse": [1]}
    with pytest.raises(RolloutError, match="worker 1: no such key"):
        await stage.rollout.replace(stage.moved("next"), {})
    assert (stage.rollout.loaded, stage.rollout.number) == (first, 1)
    assert await served(stage.pool) == [1, 1]
    assert stage.envoy.asked == 0
    assert stage.labels() == dict.fromkeys(FILES, "1")


@pytest.mark.parametrize("key", ["clusters", "endpoints/next", "routes/agents"])
async def test_what_envoy_rejects_is_put_back_before_workers_forget_it(
    stage: Stage, key: str
) -> None:
    first, layout = stage.rollout.loaded, stage.files.layout
    files = (layout.clusters, layout.routes("agents"), layout.endpoints("tracker"))
    before = [stage.resources(file) for file in files]
    stage.envoy.refuses = named(key)
    with pytest.raises(RolloutError) as told:
        await stage.rollout.replace(stage.moved("next"), {("next", OTHER): True})
    assert str(told.value) == f"Envoy rejects {key}; {layout.log} says why"
    assert [stage.resources(file) for file in files] == before
    assert stage.steps[-2:] == [
        "envoy finds clusters 2-again, endpoints/tracker 2-again, routes/agents 2-again",
        "workers take 1",
    ]
    assert (stage.rollout.loaded, stage.rollout.number) == (first, 1)
    assert await served(stage.pool) == [1, 1]
    assert stage.retiring() == []


async def test_health_is_put_back_as_it_was(stage: Stage) -> None:
    await stage.rollout.write_health(lambda: {KEY: False})
    stage.envoy.refuses = named("clusters")
    with pytest.raises(RolloutError):
        await stage.rollout.replace(stage.moved("next"), {("next", OTHER): True})
    assert stage.health() == {KEY[1]: False}


async def test_an_envoy_that_does_not_take_it_in_time_has_rejected_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "TAKE_SECONDS", SOON)
    stage.envoy.ignores = always
    with pytest.raises(RolloutError, match=r"^Envoy has not taken clusters in 0\.2 s$"):
        await stage.rollout.replace(stage.moved("next"), {})
    assert stage.clusters() == ["tracker"]
    assert await served(stage.pool) == [1, 1]
    assert "putting the old configuration back: Envoy has not taken" in caplog.text


async def test_what_cannot_be_written_is_put_back_as_far_as_possible(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    folder = stage.files.layout.routes("").parent
    folder.rename(folder.with_name("moved"))
    folder.write_text("in the way")
    with pytest.raises(RolloutError, match="Not a directory"):
        await stage.rollout.replace(stage.moved("next"), {})
    folder.unlink()
    folder.with_name("moved").rename(folder)
    assert stage.clusters() == ["tracker"]
    assert stage.labels()["routes/agents"] == "1"
    assert await served(stage.pool) == [1, 1]
    assert "putting the old configuration back" in caplog.text


async def test_every_attempt_has_a_number_of_its_own(stage: Stage) -> None:
    stage.pool.script = {"refuse": [0]}
    with pytest.raises(RolloutError):
        await stage.rollout.replace(stage.written(), {KEY: True})
    stage.pool.script = {}
    stage.envoy.refuses = named("clusters")
    with pytest.raises(RolloutError):
        await stage.rollout.replace(stage.moved("next"), {})
    await stage.rollout.replace(stage.moved("last"), {})
    assert [message["number"] for message in stage.pool.messages] == [1, 2, 3, 1, 4]
    assert stage.rollout.number == 4
    assert stage.labels()["routes/agents"] == "4"


async def test_a_configuration_that_was_rejected_is_taken_once_it_is_mended(stage: Stage) -> None:
    stage.envoy.refuses = named("clusters")
    with pytest.raises(RolloutError):
        await stage.rollout.replace(stage.moved("next"), {})
    await stage.rollout.replace(stage.moved("last"), {})
    assert stage.clusters() == ["tracker", "last"]
    assert stage.retiring() == ["tracker"]


async def test_what_needs_a_restart_is_refused_before_anything_is_told(stage: Stage) -> None:
    (listener,) = stage.config["listeners"]
    new = stage.written(
        listeners=[{**listener, "port": free_port()}], record={"path": "elsewhere.jsonl"}
    )
    with pytest.raises(RolloutError) as told:
        await stage.rollout.replace(new, {KEY: True})
    assert str(told.value) == (
        "restart the gateway to change listeners[0].port, record.path; nothing was changed"
    )
    assert stage.steps == []
    assert len(stage.pool.messages) == 1


async def test_a_limit_may_grow_back_to_what_workers_were_started_with(stage: Stage) -> None:
    (route,) = stage.config["routes"]
    for limit in (1024, 4 << 20):
        await stage.rollout.replace(stage.written(routes=[{**route, "body_limit": limit}]), {})
    assert stage.rollout.number == 3
    with pytest.raises(RolloutError, match=r"routes\[0\]\.body_limit"):
        await stage.rollout.replace(stage.written(routes=[{**route, "body_limit": 8 << 20}]), {})


async def test_an_envoy_with_another_bootstrap_needs_a_restart(stage: Stage) -> None:
    stage.files.layout.bootstrap.write_text("{}")
    with pytest.raises(RolloutError, match="restart the gateway to change listeners or limits"):
        await stage.rollout.replace(stage.written(), {KEY: True})
    assert stage.steps == []


# --- what tells whether Envoy has anything to do -----------------------------------------------


async def test_only_listeners_routes_and_backends_are_envoys(stage: Stage) -> None:
    gateway, (route,) = stage.rollout.loaded.gateway, stage.config["routes"]
    keys = [*stage.config["identity"]["keys"], key_entry("other", "other-key")]
    others = stage.written(base="explicit", identity={"keys": keys}, limits={"held_bytes": 1 << 21})
    assert same_edge(gateway, others.gateway)
    assert not same_edge(gateway, stage.written(routes=[{**route, "path": "/b"}]).gateway)
    assert not same_edge(gateway, stage.moved("next").gateway)


async def test_how_a_pool_is_picked_from_is_nothing_to_envoy(stage: Stage) -> None:
    def pooled(**changes: Any) -> Gateway:
        pool = {"name": "gpu", "endpoints": ["127.0.0.1:9"], **changes}
        return stage.written(pools=[pool]).gateway

    assert same_edge(pooled(), pooled(objectives={"urgent": 9}, models=["m"]))
    assert not same_edge(pooled(), pooled(host="models.example"))
    assert not same_edge(pooled(), stage.written().gateway)


async def test_the_digest_of_certificates_is_of_what_is_in_their_files(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    client: Pair = authority.client("spiffe://gateway")
    tls = {"server_name": "tracker.test", "ca": str(authority.ca)}
    tls |= {"certificate": str(client.certificate), "key": str(client.key)}
    backend = {"name": "tracker", "endpoints": [KEY[1]], "tls": tls}
    async with staged(tmp_path, backends=[backend]) as stage:
        loaded = stage.rollout.loaded
        digests = [content_digest(loaded), content_digest(loaded)]
        for file in (authority.ca, client.certificate, client.key):
            file.write_bytes(file.read_bytes() + b"\n")
            digests.append(content_digest(loaded))
        assert len(set(digests)) == 4
        client.key.unlink()
        with pytest.raises(FileNotFoundError):
            content_digest(loaded)
