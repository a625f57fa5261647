"""What a rollout keeps until it has drained, and what it tells between one change and the next:
key sets, health and other addresses."""

import asyncio
from pathlib import Path

import pytest

from gateway.supervisor import rollout as module
from gateway.supervisor.rollout import Health, RolloutError
from tests.supervisor.rollout_stage import KEY, Stage, always, never, staged, under_way
from tests.supervisor.test_workers import eventually, served
from tests.support.gatehouse import allow

OTHER = "127.0.0.1:2"
BRIEF = {"drain_seconds": 0.05}
ISSUER = "https://idp.example"


def credentials(stage: Stage) -> list[str]:
    """The credentials that are written."""
    return sorted(file.stem for file in stage.files.layout.credential("").parent.glob("*.json"))


async def forgotten(stage: Stage, number: int) -> None:
    """Until what was replaced has drained, and workers were told."""

    async def told() -> bool:
        return stage.steps[-1:] == [f"workers take {number}"] and stage.retiring() == []

    await eventually(told)


# --- what drains ------------------------------------------------------------------------------


async def test_what_is_replaced_stays_known_until_it_has_drained(stage: Stage) -> None:
    await stage.rollout.replace(stage.moved("next"), {})
    assert stage.clusters() == ["tracker", "next"]
    assert stage.retiring() == ["tracker"]
    assert stage.files.layout.endpoints("tracker").exists()


async def test_what_has_drained_is_forgotten_by_envoy_and_then_by_workers(tmp_path: Path) -> None:
    credential = {"value": "Bearer backend-credential-0123456789"}
    backend = {"name": "tracker", "endpoints": [KEY[1]], "auth": credential}
    async with staged(tmp_path, limits=BRIEF, backends=[backend]) as stage:
        await stage.start()
        assert credentials(stage) == ["tracker"]
        await stage.rollout.replace(stage.moved("next"), {})
        await forgotten(stage, 2)
        assert stage.labels() == {
            "clusters": "2-drained",
            "endpoints/next": "2",
            "routes/agents": "2",
        }
        assert stage.clusters() == ["next"]
        assert credentials(stage) == ["next"]
        assert await served(stage.pool) == [2, 2]


async def test_every_configuration_that_still_drains_stays_known(stage: Stage) -> None:
    for name in ("next", "last"):
        await stage.rollout.replace(stage.moved(name), {})
    assert set(stage.clusters()) == {"tracker", "next", "last"}
    assert set(stage.retiring()) == {"tracker", "next"}


async def test_a_bounded_number_of_configurations_drains(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    for name in ("b", "c", "d", "e"):
        await stage.rollout.replace(stage.moved(name), {})
    assert set(stage.retiring()) == {"c", "d"}
    assert set(stage.clusters()) == {"c", "d", "e"}


async def test_a_change_of_policy_forgets_nothing_that_drains(stage: Stage) -> None:
    await stage.rollout.replace(stage.moved("next"), {})
    stage.steps.clear()
    await stage.rollout.replace(stage.moved("next", allow(backend="next", tools=["echo"])), {})
    assert stage.steps == ["workers take 3"]
    assert stage.retiring() == ["tracker"]
    await stage.rollout.tell_keys()
    assert stage.retiring() == ["tracker"]


async def test_what_drains_stays_known_when_the_next_change_is_rejected(stage: Stage) -> None:
    await stage.rollout.replace(stage.moved("next"), {})
    stage.envoy.refuses = lambda key, text: key == "clusters" and '"last"' in text
    with pytest.raises(RolloutError):
        await stage.rollout.replace(stage.moved("last"), {})
    assert stage.clusters() == ["tracker", "next"]
    assert stage.retiring() == ["tracker"]


async def test_a_rollout_that_ends_cleans_nothing_more(tmp_path: Path) -> None:
    async with staged(tmp_path, limits=BRIEF) as stage:
        await stage.start()
        await stage.rollout.replace(stage.moved("next"), {})
        tasks = asyncio.all_tasks()
        await stage.rollout.close()
        assert len(asyncio.all_tasks()) == len(tasks) - 1
        assert stage.labels()["clusters"] == "2"


# --- key sets ---------------------------------------------------------------------------------


async def test_workers_get_new_key_sets_with_what_is_in_force(stage: Stage) -> None:
    issuer = {"issuer": ISSUER, "audiences": ["gateway"], "jwks_url": f"{ISSUER}/keys"}
    identity = {**stage.config["identity"], "jwt": [issuer]}
    await stage.rollout.replace(stage.written(identity=identity), {KEY: True})
    assert stage.pool.messages[-1]["key_sets"] == {}
    stage.key_sets = lambda: {ISSUER: b'{"keys":[]}'}
    await stage.rollout.tell_keys()
    message = stage.pool.messages[-1]
    assert (message["number"], message["digest"]) == (2, stage.rollout.loaded.digest)
    assert message["key_sets"] == {ISSUER: '{"keys":[]}'}
    assert await served(stage.pool) == [2, 2]


async def test_key_sets_wait_until_a_change_is_in_force(stage: Stage) -> None:
    stage.envoy.ignores = always
    replacing = asyncio.ensure_future(stage.rollout.replace(stage.moved("next"), {}))
    await under_way(stage)
    telling = asyncio.ensure_future(stage.rollout.tell_keys())
    await under_way(stage)
    assert [message["number"] for message in stage.pool.messages] == [1, 2]
    stage.envoy.ignores = never
    await asyncio.gather(replacing, telling)
    assert [message["number"] for message in stage.pool.messages] == [1, 2, 2]


async def test_a_worker_that_refuses_what_it_had_taken_is_logged(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.pool.script = {"refuse": [0]}
    await stage.rollout.tell_keys()
    assert "worker 0: no such key" in caplog.text
    assert stage.rollout.number == 1


# --- endpoints --------------------------------------------------------------------------------


async def test_health_is_told_to_envoy_at_once_and_routes_are_left_alone(stage: Stage) -> None:
    await stage.rollout.write_health(lambda: {KEY: False})
    assert stage.health() == {KEY[1]: False}
    stage.envoy.look()
    await stage.rollout.write_health(lambda: {KEY: True})
    assert stage.health() == {KEY[1]: True}
    assert stage.labels()["routes/agents"] == "1"
    assert stage.steps == []


async def test_health_is_written_of_endpoints_that_envoy_was_given_and_of_no_others(
    stage: Stage,
) -> None:
    await stage.rollout.write_health(lambda: {("tracker", OTHER): True})
    assert stage.health() == {KEY[1]: True}


async def test_health_that_changes_during_a_rollout_is_that_of_the_new_endpoints(
    stage: Stage,
) -> None:
    asked_at: list[int] = []

    def state() -> Health:
        asked_at.append(stage.rollout.number)
        return {("next", OTHER): False}

    stage.envoy.ignores = always
    new = {("next", OTHER): True, ("next", KEY[1]): True}
    replacing = asyncio.ensure_future(stage.rollout.replace(stage.moved("next"), new))
    await under_way(stage)
    writing = asyncio.ensure_future(stage.rollout.write_health(state))
    await under_way(stage)
    assert stage.health("next") == {OTHER: True, KEY[1]: True}
    stage.envoy.ignores = never
    await asyncio.gather(replacing, writing)
    assert asked_at == [2]
    assert stage.health("next") == {OTHER: False, KEY[1]: True}


async def test_health_that_changes_during_a_rejected_rollout_is_that_of_the_old_endpoints(
    stage: Stage,
) -> None:
    stage.envoy.ignores = always
    replacing = asyncio.ensure_future(stage.rollout.replace(stage.moved("next"), {}))
    await under_way(stage)
    writing = asyncio.ensure_future(stage.rollout.write_health(lambda: {KEY: False}))
    await under_way(stage)
    stage.envoy.refuses, stage.envoy.ignores = refuses_next, never
    assert isinstance((await asyncio.gather(replacing, return_exceptions=True))[0], RolloutError)
    await writing
    assert stage.health() == {KEY[1]: False}


def refuses_next(key: str, text: str) -> bool:
    return key == "clusters" and '"next"' in text


async def test_a_name_with_other_addresses_is_told_to_envoy(stage: Stage) -> None:
    assert await stage.rollout.retarget(stage.rollout.loaded, {("tracker", OTHER): True})
    assert stage.health() == {OTHER: True}
    await stage.rollout.write_health(lambda: {("tracker", OTHER): False})
    assert stage.health() == {OTHER: False}


async def test_other_addresses_are_told_to_envoy_with_a_change_of_policy_too(stage: Stage) -> None:
    new = stage.written(allow(tools=["echo"]))
    await stage.rollout.replace(new, {("tracker", OTHER): True})
    assert (stage.rollout.loaded, stage.rollout.number) == (new, 2)
    assert stage.health() == {OTHER: True}
    await stage.rollout.write_health(lambda: {("tracker", OTHER): False})
    assert stage.health() == {OTHER: False}


async def test_addresses_of_what_was_replaced_meanwhile_are_not_written(stage: Stage) -> None:
    first = stage.rollout.loaded
    await stage.rollout.replace(stage.moved("next"), {("next", KEY[1]): True})
    assert not await stage.rollout.retarget(first, {("tracker", OTHER): True})
    assert stage.health("next") == {KEY[1]: True}
    assert stage.health() == {KEY[1]: True}
