import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from gateway.edge.admin import (
    EnvoyAdmin,
    Subscription,
    Verdict,
    followed,
    read_subscriptions,
    verdict,
)
from gateway.model.jsonvalue import JsonObject, JsonValue
from tests.edge.stage import gateway_of, running
from tests.support.http_server import Handler, serving
from tests.support.ports import free_port


def test_subscriptions_are_read_by_the_keys_of_the_files() -> None:
    stats: JsonObject = {
        "stats": [
            {"name": "cluster_manager.cds.version_text", "value": "1-a"},
            {"name": "http.main.rds.main_routes.version_text", "value": "1-b"},
            {"name": "http.main.rds.main_routes.update_rejected", "value": 2},
            {"name": "http.main.rds.main_routes.update_failure", "value": 1},
            {"name": "cluster.tracker.version_text", "value": "1-c"},
            {"name": "cluster.tracker.upstream_rq", "value": 9},
        ]
    }
    assert read_subscriptions(stats, gateway_of()) == {
        "clusters": Subscription("1-a", 0),
        "routes/main": Subscription("1-b", 3),
        "endpoints/tracker": Subscription("1-c", 0),
    }


def test_strange_stats_read_as_nothing_in_force() -> None:
    strange: list[JsonValue] = [None, [], {"stats": None}, {"stats": [None, {}, {"name": 1}]}]
    for stats in strange:
        found = read_subscriptions(stats, gateway_of())
        assert set(found.values()) == {Subscription()}


def test_a_version_is_pending_then_accepted_or_rejected() -> None:
    before = {"clusters": Subscription("1", 4)}
    wanted = {"clusters": "2"}
    assert verdict(before, before, wanted) == (Verdict.PENDING, ("clusters",))
    assert verdict(before, {"clusters": Subscription("2", 4)}, wanted) == (Verdict.ACCEPTED, ())
    refused = {"clusters": Subscription("1", 5)}
    assert verdict(before, refused, wanted) == (Verdict.REJECTED, ("clusters",))


async def test_an_envoy_that_is_not_there_is_not_ready() -> None:
    admin = EnvoyAdmin(f"127.0.0.1:{free_port()}")
    assert not await admin.ready()
    await admin.close()


async def test_a_socket_is_an_admin_address_that_nobody_else_opens() -> None:
    with TemporaryDirectory(prefix="gatehouse-") as run:
        gateway = gateway_of(service={"envoy_admin": "unix", "run": run})
        async with running(gateway, ["127.0.0.1:1"], Path(run)) as edge:
            found = (Path(run) / "envoy-admin.sock").stat().st_mode
            assert (stat.S_ISSOCK(found), stat.S_IMODE(found)) == (True, 0o600)
            subscriptions = await edge.admin.subscriptions(gateway)
            assert subscriptions["clusters"].version.startswith("1-")


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"stats":', b"\xff", b"1" * 5000])
async def test_an_answer_that_envoy_does_not_write_is_an_error_of_the_exchange(body: bytes) -> None:
    class Stranger(Handler):
        def do_GET(self) -> None:  # noqa: N802  http.server calls it
            self.answer(200, body)

    with serving(Stranger) as address:
        admin = EnvoyAdmin(address)
        with pytest.raises(httpx.HTTPError):
            await admin.subscriptions(gateway_of())
        with pytest.raises(httpx.HTTPError):
            await admin.active_requests(gateway_of())
        await admin.close()


def test_an_envoy_that_subscribed_is_going_to_take_everything_new_backends_included() -> None:
    state = {"clusters": Subscription("1-a"), "endpoints/new": Subscription()}
    wanted = {"clusters": "2-b", "endpoints/new": "2-c"}
    assert followed(state, wanted) == wanted


def test_an_envoy_with_clusters_of_its_own_takes_the_endpoints_that_it_reads() -> None:
    state = {
        "clusters": Subscription(),
        "routes/agents": Subscription(),
        "endpoints/tracker": Subscription("1-a"),
        "endpoints/new": Subscription(),
    }
    assert followed(state, dict.fromkeys(state, "2-b")) == {"endpoints/tracker": "2-b"}
