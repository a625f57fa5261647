import asyncio
import json
from pathlib import Path

import pytest

from gateway.adapters.jwks import JwksKeeper
from gateway.bootstrap.load import load
from gateway.model.engine import EngineLoad
from gateway.picker.endpoint import Endpoint
from gateway.supervisor.status import configuration_status, pool_status, process_status
from gateway.supervisor.workers import Worker
from tests.cli.command import CREDENTIAL, SECRETS, write_gateway
from tests.identity.issuer import ISSUER, issuer_config, jwks, private_key, public_jwk
from tests.supervisor.test_workers import ADDRESSES, COMMAND, QUICK, eventually, snapshot
from tests.support.gatehouse import KEY, allow, key_entry


def test_what_is_in_force_is_named_and_so_is_why_the_files_are_not(tmp_path: Path) -> None:
    loaded = load(Path(write_gateway(tmp_path, allow("reads"), allow("writes"))), {})
    assert configuration_status(loaded, 7, "") == {
        "snapshot": 7,
        "digest": loaded.digest,
        "configuration_error": "",
        "policies": ["reads", "writes"],
    }
    assert configuration_status(loaded, 7, "no such key")["configuration_error"] == "no such key"


def test_neither_a_secret_nor_a_value_is_in_it(tmp_path: Path) -> None:
    loaded = load(Path(write_gateway(tmp_path, allow("reads", tools=["hidden"]))), {})
    text = json.dumps(configuration_status(loaded, 1, ""))
    hidden = (*SECRETS, CREDENTIAL.split()[1], key_entry("tester", KEY)["sha256"], "hidden")
    assert not [secret for secret in hidden if secret in text]


def worker(index: int) -> Worker:
    return Worker(index, ADDRESSES[index], COMMAND, {}, QUICK)


async def test_a_worker_runs_once_it_has_taken_a_snapshot_and_until_it_ends() -> None:
    one, two = worker(0), worker(1)
    two.restarts = 3
    document = process_status([one, two], {}, [])["workers"]
    off = {"pid": None, "running": False}
    assert document == [{"index": 0, "restarts": 0, **off}, {"index": 1, "restarts": 3, **off}]
    starting = asyncio.ensure_future(one.start(snapshot(1, mute=[0])))

    async def is_there() -> bool:
        return one.running

    await eventually(is_there)
    (shown,) = told(one)
    assert shown == {"index": 0, "restarts": 0, "pid": one.pid, "running": False}
    assert shown["pid"] is not None
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await one.start(snapshot(1))
    assert told(one) == [{"index": 0, "restarts": 0, "pid": one.pid, "running": True}]
    await one.stop(0)
    assert told(one) == [{"index": 0, "restarts": 0, **off}]


def told(one: Worker) -> list[dict[str, object]]:
    document: list[dict[str, object]] = json.loads(json.dumps(process_status([one], {}, [])))[
        "workers"
    ]
    return document


def test_every_endpoint_is_told_with_its_health() -> None:
    health = {("one", "10.0.0.1:80"): True, ("two", "[::1]:80"): False}
    assert process_status([], health, [])["endpoints"] == [
        {"backend": "one", "endpoint": "10.0.0.1:80", "healthy": True},
        {"backend": "two", "endpoint": "[::1]:80", "healthy": False},
    ]


async def test_a_key_set_is_told_by_its_size_and_its_last_fault(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    good = jwks(public_jwk(private_key("ES256"), kid="ES256"))
    keeper = JwksKeeper((issuer_config(jwks_file=str(file)),), lambda _issuer, _document: None)
    await keeper.refresh_due()
    fault = "cannot be read: No such file or directory"
    assert process_status([], {}, keeper.states())["key_sets"] == [
        {"issuer": ISSUER, "keys": 0, "error": fault}
    ]
    file.write_bytes(good)
    assert keeper.replace((issuer_config(jwks_file=str(file), refresh=60),))
    await keeper.refresh_due()
    assert process_status([], {}, keeper.states())["key_sets"] == [
        {"issuer": ISSUER, "keys": 1, "error": ""}
    ]


def test_it_is_json_as_it_is(tmp_path: Path) -> None:
    loaded = load(Path(write_gateway(tmp_path, allow())), {})
    document = configuration_status(loaded, 1, "") | process_status([worker(0)], {}, [])
    assert json.loads(json.dumps(document)) == document


def test_pools_are_told_with_what_their_servers_said_last() -> None:
    pools = {"gpu": [Endpoint("10.0.0.1:80", role="decode"), Endpoint("10.0.0.2:80", False)]}
    load = EngineLoad(at=97.5, waiting=1, running_adapters=frozenset({"b", "a"}))
    found = pool_status(pools, {("gpu", "10.0.0.1:80"): load}, ["members.yaml:1:1"], now=100.0)
    told = {"waiting": 1, "running_adapters": ["a", "b"], "age": 2.5}
    one = {"address": "10.0.0.1:80", "healthy": True, "role": "decode", "load": told}
    two = {"address": "10.0.0.2:80", "healthy": False, "role": "both", "load": None}
    assert found == {
        "pools": [{"name": "gpu", "endpoints": [one, two]}],
        "member_faults": ["members.yaml:1:1"],
    }
