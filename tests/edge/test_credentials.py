import os
from pathlib import Path

import httpx

from gateway.edge.files import sole_writer
from tests.edge.stage import Service, Upstream, gateway_of, running

SECRET = "Bearer topsecret"


def with_credential(address: str, header: str = "authorization") -> list[dict[str, object]]:
    auth = {"header": header, "value": SECRET}
    return [{"name": "tracker", "endpoints": [address], "auth": auth}]


async def test_the_upstream_gets_the_backends_credential_in_place_of_the_clients(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = gateway_of(backends=with_credential(upstream.address))
    async with running(gateway, [service.address], tmp_path) as edge:
        sent = {"authorization": "Bearer client"}
        answer = await edge.client.post("/mcp", content=b"{}", headers=sent)
    assert answer.json()["headers"]["authorization"] == SECRET


async def test_the_credential_may_travel_in_another_header(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = gateway_of(backends=with_credential(upstream.address, "x-api-key"))
    async with running(gateway, [service.address], tmp_path) as edge:
        sent = {"authorization": "Bearer client", "x-api-key": "client"}
        headers = (await edge.client.get("/mcp", headers=sent)).json()["headers"]
    assert headers["x-api-key"] == SECRET
    assert "authorization" not in headers


async def test_envoys_admin_address_does_not_show_the_credential(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = gateway_of(backends=with_credential(upstream.address))
    async with running(gateway, [service.address], tmp_path), httpx.AsyncClient() as client:
        dump = await client.get(f"http://{gateway.service.envoy_admin}/config_dump?include_eds")
    assert "tracker_credential" in dump.text
    assert SECRET not in dump.text


def test_only_the_owner_can_read_the_file_with_the_credential(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with sole_writer(tmp_path / "run") as files:
            files.write_all(
                gateway_of(backends=with_credential("127.0.0.1:1")), ["127.0.0.1:2"], {}, "1"
            )
    finally:
        os.umask(old)
    written = [path for path in (tmp_path / "run").rglob("*.json") if SECRET in path.read_text()]
    assert [path.name for path in written] == ["tracker.json"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in written)
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
