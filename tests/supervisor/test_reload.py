"""From changed files to what is in force, or to why it is not: on real files and worker processes,
before a stand-in of Envoy (see rollout_stage.py)."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from gateway.bootstrap.load import Loaded, load
from gateway.supervisor import reload as module
from gateway.supervisor.watch import Watch
from tests.supervisor.reload_stage import Followed
from tests.supervisor.rollout_stage import always, never, under_way
from tests.supervisor.test_health import INTERVAL, Listener
from tests.supervisor.test_workers import eventually, served
from tests.support.gatehouse import SEAL_KEY, allow
from tests.support.ports import free_port

OFTEN = 0.005


# --- what comes into force --------------------------------------------------------------------


async def test_what_changed_comes_into_force_and_is_told(
    followed: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    followed.edit(allow(tools=["echo"]))
    watched = await followed.reload.reload()
    rollout = followed.stage.rollout
    assert (rollout.number, followed.reload.error) == (2, "")
    assert rollout.loaded.sources[0].model.spec.rules[0].tools == ("echo",)
    assert await served(followed.stage.pool) == [2, 2]
    assert watched == rollout.loaded.watched
    assert followed.metric("reloads_total", outcome="applied") == 1
    assert followed.metric("reloads_total", outcome="kept") == 0
    assert followed.metric("snapshot_number") == 2
    assert caplog.messages == [f"snapshot 2 ({rollout.loaded.digest}) is in force"]


async def test_warnings_are_told_when_a_configuration_comes_into_force(
    followed: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    unused = {"name": "unused", "endpoints": [followed.listener.address]}
    followed.edit(backends=[*followed.backend(followed.listener.address), unused])
    await followed.reload.reload()
    assert 'no route leads to backend "unused"' in caplog.messages[0]


async def test_an_endpoint_that_is_down_stays_so_and_a_new_one_counts_as_up(
    followed: Followed,
) -> None:
    stage, down = followed.stage, followed.listener.address
    await followed.listener.close()

    async def noticed() -> bool:
        return stage.health() == {down: False}

    await eventually(noticed)
    new = Listener()
    await new.open()
    followed.edit(backends=followed.backend(down, new.address, health_interval=60))
    await followed.reload.reload()
    assert stage.health() == {down: False, new.address: True}
    assert followed.reload.discovery.health.state() == {
        ("tracker", down): False,
        ("tracker", new.address): True,
    }
    await new.close()


async def test_endpoints_are_checked_from_the_moment_that_they_are_in_force(
    followed: Followed,
) -> None:
    stage, up = followed.stage, followed.listener.address
    nobody = f"127.0.0.1:{free_port()}"
    followed.edit(backends=followed.backend(nobody, up, health_interval=INTERVAL))
    await followed.reload.reload()

    async def noticed() -> bool:
        return stage.health() == {nobody: False, up: True}

    await eventually(noticed)


async def test_a_made_up_sealing_key_outlives_reloads(followed: Followed) -> None:
    stage = followed.stage
    followed.reload.read = lambda: load(stage.folder / "gateway.yaml", {}, demo=True)
    followed.edit(sessions={})
    await followed.reload.reload()
    made_up = stage.rollout.loaded.gateway.sessions
    followed.edit(allow(tools=["echo"]), sessions={})
    await followed.reload.reload()
    assert stage.rollout.number == 3
    assert stage.rollout.loaded.gateway.sessions == made_up


# --- what does not ----------------------------------------------------------------------------


async def test_a_broken_edit_keeps_what_is_in_force_until_it_is_mended(
    followed: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    rollout = followed.stage.rollout
    before = rollout.loaded
    followed.edit(allow(tool=["echo"]))
    watched = await followed.reload.reload()
    assert 'unknown key "tool"' in followed.reload.error
    assert (rollout.loaded, rollout.number) == (before, 1)
    assert len(followed.stage.pool.messages) == 1
    assert set(before.watched) <= set(watched)
    assert followed.metric("configuration_broken") == 1
    assert followed.metric("reloads_total", outcome="kept") == 1
    assert caplog.messages == [f"snapshot 1 stays in force: {followed.reload.error}"]
    followed.edit()
    await followed.reload.reload()
    assert (followed.reload.error, rollout.number) == ("", 2)
    assert followed.metric("configuration_broken") == 0


async def test_what_a_broken_edit_names_is_watched_too(followed: Followed) -> None:
    file = followed.stage.folder / "seal.key"
    file.write_text("too short")
    followed.edit(sessions={"keys": ["file:seal.key"]})
    assert file in await followed.reload.reload()
    assert "sessions.keys[0]" in followed.reload.error
    file.write_text(SEAL_KEY)
    assert file in await followed.reload.reload()
    assert followed.reload.error == ""


async def test_what_needs_a_restart_is_kept_out_and_watched(followed: Followed) -> None:
    followed.edit(record={"path": "elsewhere.jsonl"}, policies="more")
    (followed.stage.folder / "more").mkdir()
    watched = await followed.reload.reload()
    assert followed.reload.error == (
        "restart the gateway to change record.path; nothing was changed"
    )
    assert {followed.stage.folder / name for name in ("policies", "more")} <= set(watched)


async def test_a_file_that_cannot_be_read_keeps_what_is_in_force(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Loaded:
        raise PermissionError(13, "Permission denied", "gateway.yaml")

    monkeypatch.setattr(followed.reload, "read", fails)
    watched = await followed.reload.reload()
    assert followed.reload.error == "[Errno 13] Permission denied: 'gateway.yaml'"
    assert watched == followed.stage.rollout.loaded.watched


async def test_a_fault_of_ours_keeps_what_is_in_force_and_quotes_nothing(
    followed: Followed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> Loaded:
        raise RuntimeError(SEAL_KEY)

    monkeypatch.setattr(followed.reload, "read", fails)
    watched = await followed.reload.reload()
    assert followed.reload.error == "RuntimeError while reloading"
    assert SEAL_KEY not in caplog.text
    assert watched == followed.stage.rollout.loaded.watched
    monkeypatch.undo()
    followed.edit(allow(tools=["echo"]))
    await followed.reload.reload()
    assert (followed.reload.error, followed.stage.rollout.number) == ("", 2)


# --- following the files ----------------------------------------------------------------------


@pytest.fixture
async def running(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Followed]:
    """A reload that follows its files."""
    monkeypatch.setattr(module, "WATCH_SECONDS", OFTEN)
    task = asyncio.ensure_future(followed.reload.run(Watch(followed.stage.rollout.loaded.watched)))
    yield followed
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def in_force(followed: Followed, number: int) -> None:
    async def true() -> bool:
        return followed.stage.rollout.number == number and not followed.reload.error

    await eventually(true)


async def kept_out(followed: Followed) -> None:
    async def true() -> bool:
        return followed.reload.error != ""

    await eventually(true)


async def test_every_change_of_a_file_is_followed(running: Followed) -> None:
    folder = running.stage.folder / "policies"
    for number, name in enumerate(("one", "two"), start=2):
        fresh = running.stage.folder / name
        fresh.write_text(json.dumps(allow(name)))
        fresh.rename(folder / f"{name}.yaml")
        await in_force(running, number)
    (folder / "one.yaml").unlink()
    await in_force(running, 4)
    assert running.metric("reloads_total", outcome="applied") == 3


async def test_a_broken_edit_is_mended_by_the_file_that_it_names(running: Followed) -> None:
    (running.stage.folder / "seal.key").write_text("too short")
    running.edit(sessions={"keys": ["file:seal.key"]})
    await kept_out(running)
    fresh = running.stage.folder / "fresh.key"
    fresh.write_text(SEAL_KEY)
    fresh.rename(running.stage.folder / "seal.key")
    await in_force(running, 2)


async def test_a_broken_edit_is_mended_by_the_file_that_it_misses(running: Followed) -> None:
    running.edit(sessions={"keys": ["file:seal.key"]})
    await kept_out(running)
    fresh = running.stage.folder / "fresh.key"
    fresh.write_text(SEAL_KEY)
    fresh.rename(running.stage.folder / "seal.key")
    await in_force(running, 2)


async def test_an_edit_that_names_what_can_be_no_file_does_not_end_the_following(
    running: Followed,
) -> None:
    running.edit(sessions={"keys": ["file:seal\0key"]})
    await kept_out(running)
    running.edit(allow(tools=["echo"]))
    await in_force(running, 2)


async def test_a_change_that_comes_while_another_is_brought_in_is_not_lost(
    running: Followed,
) -> None:
    stage = running.stage
    stage.envoy.ignores = always
    running.edit(backends=running.backend(running.listener.address, host="first.example"))
    await under_way(stage)
    running.edit(backends=running.backend(running.listener.address, host="second.example"))
    stage.envoy.ignores = never

    async def true() -> bool:
        return stage.rollout.loaded.gateway.backends[0].host == "second.example"

    await eventually(true)
