import json
import multiprocessing
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from gateway.edge.admin import Verdict, verdict
from gateway.edge.files import EdgeLockedError, replace_file, sole_writer
from tests.edge.stage import Edge, Service, Upstream, echoing, gateway_of, running, until


def hold(directory: Path, held: Event) -> None:
    with sole_writer(directory):
        held.set()
        multiprocessing.Event().wait(30)


def test_a_second_writer_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    other = context.Process(target=hold, args=(tmp_path, held))
    other.start()
    try:
        assert held.wait(30)
        with pytest.raises(EdgeLockedError, match="another gateway uses"), sole_writer(tmp_path):
            pass
    finally:
        other.kill()
        other.join()
    with sole_writer(tmp_path) as files:
        assert files.layout.directory == tmp_path


def test_a_file_that_would_not_change_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    replace_file(file, "one")
    first = file.stat().st_ino
    replace_file(file, "one")
    assert file.stat().st_ino == first
    replace_file(file, "two")
    assert file.read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]


def test_old_backends_stay_until_the_drain_is_over(tmp_path: Path) -> None:
    old = gateway_of()
    route = {"name": "mcp", "path": "/mcp", "protocol": "mcp", "backend": "next"}
    new = gateway_of(routes=[route], backends=[{"name": "next", "endpoints": ["127.0.0.1:2"]}])
    with sole_writer(tmp_path) as files:
        files.write_all(old, ["127.0.0.1:3"], {}, "1")
        files.write_endpoints(new, {}, "2")
        files.write_clusters(new, "2", keep=[old])
        assert cluster_names(files.layout.clusters) == ["tracker", "next"]
        files.write_clusters(new, "2")
        files.remove_unused(new)
        assert cluster_names(files.layout.clusters) == ["next"]
        assert [path.name for path in (tmp_path / "endpoints").iterdir()] == ["next.json"]


def cluster_names(file: Path) -> list[str]:
    return [cluster["name"] for cluster in json.loads(file.read_text())["resources"]]


async def accepted(edge: Edge, wanted: dict[str, str]) -> None:
    async def taken() -> bool:
        now = await edge.admin.subscriptions(edge.gateway)
        return verdict({}, now, wanted)[0] is Verdict.ACCEPTED

    await until(taken)


async def test_envoy_follows_new_endpoints_routes_and_health(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    async with echoing(Upstream()) as other:
        gateway = gateway_of(endpoints=[upstream.address])
        async with running(gateway, [service.address], tmp_path) as edge:
            moved = {("tracker", other.address): True, ("tracker", upstream.address): False}
            await accepted(edge, edge.files.write_endpoints(gateway, moved, "2"))
            assert (await edge.client.get("/mcp")).status_code == 200
            assert (upstream.hits, other.hits) == (0, 1)

            route = gateway.routes[0].model_copy(update={"path": "/moved"})
            changed = gateway.model_copy(update={"routes": (route,)})
            await accepted(edge, edge.files.write_routes(changed, "3"))
            assert (await edge.client.get("/mcp")).status_code == 404
            assert (await edge.client.get("/moved")).status_code == 200

            dead = {("tracker", other.address): False}
            await accepted(edge, edge.files.write_endpoints(gateway, dead, "4"))
            assert (await edge.client.get("/moved")).status_code == 503


async def test_a_new_backend_is_there_before_the_route_to_it(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = gateway_of()
    backend = gateway.backends[0].model_copy(
        update={"name": "next", "endpoints": (upstream.address,)}
    )
    route = gateway.routes[0].model_copy(update={"backend": "next"})
    new = gateway.model_copy(update={"routes": (route,), "backends": (backend,)})
    async with running(gateway, [service.address], tmp_path) as edge:
        edge.gateway = new
        wanted = edge.files.write_endpoints(new, {}, "2")
        wanted |= edge.files.write_clusters(new, "2", keep=[gateway])
        await accepted(edge, wanted)
        await accepted(edge, edge.files.write_routes(new, "2"))
        assert (await edge.client.get("/mcp")).status_code == 200
    assert upstream.hits == 1


async def test_envoys_rejection_is_noticed_and_the_old_routes_stay(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = gateway_of(endpoints=[upstream.address])
    async with running(gateway, [service.address], tmp_path) as edge:
        before = await edge.admin.subscriptions(gateway)
        file = edge.files.layout.routes("main")
        broken = json.loads(file.read_text()) | {"versionInfo": "2-broken"}
        broken["resources"][0]["virtualHosts"][0]["domains"] = []
        replace_file(file, json.dumps(broken))
        wanted = {"routes/main": "2-broken"}

        async def refused() -> bool:
            now = await edge.admin.subscriptions(gateway)
            return verdict(before, now, wanted) == (Verdict.REJECTED, ("routes/main",))

        await until(refused)
        assert (await edge.client.get("/mcp")).status_code == 200
