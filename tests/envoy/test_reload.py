"""Changes under traffic: no request is dropped or judged by rules that are not in force."""

import base64
import json
import secrets
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.envoy.reload_stage import Stage, stage_in
from tests.support.echo import Seen
from tests.support.gatehouse import KEY, SEAL_KEY, Gateway, allow, key_entry, policy
from tests.support.messages import legacy, legacy_call
from tests.support.traffic import Call, result_of, traffic

OTHER_KEY = "another-key-0123456789"
NEW_SEAL_KEY = base64.b64encode(secrets.token_bytes(32)).decode()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage_in(tmp_path_factory.mktemp("gateway")) as started:
        yield started


def test_a_policy_is_in_force_for_every_request_that_begins_after_its_snapshot(
    stage: Stage,
) -> None:
    gateway = stage.gateway
    calls = {"echo": stage.caller("echo"), "delete": stage.caller("delete")}
    with traffic(calls) as flow:
        assert flow.results() == {("echo", "ok"), ("delete", "-31403")}
        first = gateway.status()
        with stage.reloading():
            gateway.write_policies(allow(tools=["delete"]))
        second, changed = gateway.status(), time.monotonic()
        assert flow.since(changed) == {("echo", "-31403"), ("delete", "ok")}
        with stage.reloading():
            gateway.write_policies(allow(tools=["echo"]))
        assert flow.since(time.monotonic()) == {("echo", "ok"), ("delete", "-31403")}
        assert {result for _, result in flow.results()} == {"ok", "-31403"}
    _check_records(gateway, {one["snapshot"]: one["digest"] for one in (first, second)})


def _check_records(gateway: Gateway, digests: dict[int, str]) -> None:
    """Each record names the snapshot that it was judged by, and that one's decision."""
    allowed = dict(zip(digests, ("echo", "delete"), strict=True))
    checked: set[tuple[int, str]] = set()
    for record in gateway.records():
        if record["snapshot"] in digests and record["target"] in {"echo", "delete"}:
            passes = record["target"] == allowed[record["snapshot"]]
            assert record["decision"] == ("allow" if passes else "refuse"), record
            assert record["digest"] == digests[record["snapshot"]]
            checked.add((record["snapshot"], record["target"]))
    assert len(checked) == 4


def test_an_api_key_comes_and_goes(stage: Stage) -> None:
    gateway = stage.gateway
    keys = [key_entry("tester", KEY)]
    calls = {"old": stage.caller("echo"), "new": stage.caller("echo", key=OTHER_KEY)}
    with traffic(calls) as flow:
        assert flow.results() == {("old", "ok"), ("new", "-31401")}
        with stage.reloading():
            gateway.write_config(identity={"keys": [*keys, key_entry("other", OTHER_KEY)]})
        assert flow.since(time.monotonic()) == {("old", "ok"), ("new", "ok")}
        with stage.reloading():
            gateway.write_config(identity={"keys": keys})
        assert flow.since(time.monotonic()) == {("old", "ok"), ("new", "-31401")}
        assert ("old", "-31401") not in flow.results()
        assert {result for _, result in flow.results()} == {"ok", "-31401"}


def test_routes_and_backends_come_and_go(stage: Stage) -> None:
    gateway = stage.gateway
    config = json.loads(json.dumps(gateway.config))
    route = {"name": "more", "path": "/more", "protocol": "mcp", "backend": "more"}
    backend = {"name": "more", "endpoints": [stage.two.address], "path": "/mcp"}
    calls = {"there": stage.caller("echo"), "comes": stage.caller("echo", route="more")}
    with traffic(calls) as flow:
        assert ("there", "ok") in flow.results()
        assert ("comes", "ok") not in flow.results()
        with stage.reloading():
            gateway.write_config(
                routes=[*config["routes"], route], backends=[*config["backends"], backend]
            )
        with stage.reloading():
            gateway.write_policies(allow(tools=["echo"]), allow("more", "more", tools=["echo"]))
        assert flow.since(time.monotonic()) == {("there", "ok"), ("comes", "ok")}
        with stage.reloading():
            gateway.write_policies(allow(tools=["echo"]))
        with stage.reloading():
            gateway.write_config(routes=config["routes"], backends=config["backends"])
        gone = time.monotonic()
        assert ("comes", "ok") not in flow.since(gone)
        assert {result for name, result in flow.results() if name == "there"} == {"ok"}
        assert not {result for _, result in flow.results() if result.endswith("Error")}


def test_endpoints_come_and_go(stage: Stage) -> None:
    gateway = stage.gateway
    (backend,) = gateway.config["backends"]
    with traffic({"echo": stage.caller("echo")}) as flow:
        for endpoints in (
            [stage.one.address, stage.two.address],
            [stage.two.address],
            [stage.one.address],
        ):
            with stage.reloading():
                gateway.write_config(backends=[{**backend, "endpoints": endpoints}])
            flow.since(time.monotonic())
        assert flow.results() == {("echo", "ok")}
    assert stage.two.seen


def test_no_request_is_judged_for_one_backend_and_sent_to_another(stage: Stage) -> None:
    """The route keeps its name and path while its backend changes to and fro."""
    gateway = stage.gateway
    (route,), (backend,) = gateway.config["routes"], gateway.config["backends"]
    other = {**backend, "name": "other", "endpoints": [stage.two.address]}
    with stage.reloading():
        gateway.write_config(backends=[backend, other])
    with stage.reloading():
        gateway.write_policies(
            policy("one", "tracker", {"name": "a", "effect": "allow", "tools": ["for-one"]}),
            policy("two", "other", {"name": "a", "effect": "allow", "tools": ["for-two"]}),
        )
    stage.one.seen.clear()
    stage.two.seen.clear()
    calls = {"one": stage.caller("for-one"), "two": stage.caller("for-two")}
    with traffic(calls) as flow:
        for name in ("other", "tracker", "other", "tracker"):
            with stage.reloading():
                gateway.write_config(routes=[{**route, "backend": name}])
            right = "one" if name == "tracker" else "two"
            wrong = "two" if name == "tracker" else "one"
            assert flow.since(time.monotonic()) == {(right, "ok"), (wrong, "-31403")}
        assert {result for _, result in flow.results()} == {"ok", "-31403"}
    assert {_tool(seen) for seen in stage.one.seen} == {"for-one"}
    assert {_tool(seen) for seen in stage.two.seen} == {"for-two"}
    with stage.reloading():
        gateway.write_policies(allow(tools=["echo"]))
    with stage.reloading():
        gateway.write_config(backends=[backend])


def _tool(seen: Seen) -> str:
    return str(json.loads(seen.body)["params"]["name"])


def test_sealing_keys_rotate_without_losing_a_session(stage: Stage) -> None:
    gateway = stage.gateway
    with httpx.Client(headers={"x-api-key": KEY}, trust_env=False) as client:
        session = _initialise(client, gateway)
        with traffic({"session": _in_session(stage, session)}) as flow:
            with stage.reloading():
                gateway.write_config(sessions={"keys": [NEW_SEAL_KEY, SEAL_KEY]})
            fresh = _initialise(client, gateway)
            flow.since(time.monotonic())
            assert flow.results() == {("session", "ok")}
            with stage.reloading():
                gateway.write_config(sessions={"keys": [NEW_SEAL_KEY]})
            assert flow.since(time.monotonic()) == {("session", "-31404")}
        assert result_of(_in_session(stage, fresh)(client)) == "ok"
    with stage.reloading():
        gateway.write_config(sessions={"keys": [SEAL_KEY]})


def _initialise(client: httpx.Client, gateway: Gateway) -> str:
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    opened = client.post(gateway.url("tracker"), **legacy("initialize", params))
    return opened.headers["mcp-session-id"]


def _in_session(stage: Stage, session: str) -> Call:
    url = stage.gateway.url("tracker")
    message = legacy_call("echo", mcp_session_id=session, x_api_key=KEY)
    return lambda client: client.post(url, **message)


def test_a_thousand_policies_come_while_requests_are_judged(stage: Stage) -> None:
    gateway = stage.gateway
    rules = [
        allow(f"policy-{i}", tools=[f"tool-{i}"], when=f'mcp.arguments.owner == "org-{i}"')
        for i in range(1000)
    ]
    with traffic({"echo": stage.caller("echo")}) as flow:
        flow.since(time.monotonic())
        with stage.reloading():
            gateway.write_policies(allow(tools=["echo"]), *rules)
        flow.since(time.monotonic())
        assert flow.results() == {("echo", "ok")}
    with stage.reloading():
        gateway.write_policies(allow(tools=["echo"]))
