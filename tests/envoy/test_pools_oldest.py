"""Picks on the oldest Envoy that is accepted."""

from pathlib import Path

import httpx
import pytest

from gateway.edge.binary import OLDEST
from tests.envoy.pool_stage import client, pool_gateway
from tests.support.engines import engines
from tests.support.processes import ROOT

STORY = "A long preface that every question about the same document begins with. " * 40


@pytest.mark.parametrize("mode", ["buffered", "duplex"])
async def test_the_oldest_envoy_goes_where_a_document_is_cached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    (binary,) = ROOT.glob(".envoy-oldest/lib/python*/site-packages/envoy/_bin/envoy")
    monkeypatch.setenv("ENVOY", str(binary))
    with (
        engines(2, speed=20) as pool,
        pool_gateway(tmp_path, pool, route={"mode": mode}) as gateway,
    ):
        admin = gateway.config["service"]["envoy_admin"]
        async with client(gateway) as one, httpx.AsyncClient() as http:
            version = (await http.get(f"http://{admin}/server_info")).json()["version"]
            served: list[set[str]] = [set(), set()]
            for number in range(3):
                for document, names in enumerate(served):
                    names.add((await one.chat(f"Document {document}. {STORY} {number}?")).engine)
            pool[1].kill()
            after = await one.chat(f"Document 1. {STORY} And now?")
        records = gateway.wait_for_records(7)
    assert f"/{'.'.join(map(str, OLDEST))}/" in version
    assert sorted(map(sorted, served)) == [["engine-0"], ["engine-1"]]
    assert (after.status, after.engine) == (200, "engine-0")
    assert all(record["pick"]["pool"] == "models" for record in records)
