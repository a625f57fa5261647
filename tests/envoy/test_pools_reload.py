"""EndpointPicker documents change while picks go on."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.envoy.pool_stage import EVERYTHING, client, happens, picker, pool_gateway
from tests.support.engines import engines

SCORERS = [{"type": "prefix-cache-scorer", "weight": 3}, {"type": "queue-scorer", "weight": 2}]


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_picker_document_reloads_while_requests_go_on(tmp_path: Path, workers: int) -> None:
    documents = [EVERYTHING, picker("own")]
    with (
        engines(2, speed=10) as pool,
        pool_gateway(tmp_path, pool, workers=workers, policies=documents, picker="own") as gateway,
    ):
        stop = asyncio.Event()

        async def traffic() -> list[int]:
            statuses: list[int] = []
            async with client(gateway) as one:
                while not stop.is_set():
                    asked = [one.chat(f"{number}", max_tokens=4) for number in range(4)]
                    statuses += [answer.status for answer in await asyncio.gather(*asked)]
            return statuses

        def picks() -> list[dict[str, Any]]:
            return [one["pick"] for one in gateway.records()]

        asking = asyncio.create_task(traffic())
        await happens(lambda: len(picks()) > 4)
        assert all("expected_ms" in pick for pick in picks())

        by_plugins = picker("own", profile={"scorers": SCORERS})
        gateway.write_policies(EVERYTHING, by_plugins)
        await happens(lambda: "expected_ms" not in picks()[-1])

        gateway.write_policies(
            EVERYTHING, picker("own", profile={"scorers": [{"type": "no-such"}]})
        )
        await happens(lambda: "no-such" in gateway.status()["configuration_error"])
        known = len(picks())
        await happens(lambda: len(picks()) > known + 8)
        assert all("expected_ms" not in pick for pick in picks()[known:]), "the last good one holds"

        halves = {"one": 1, "two": 1}
        split = [picker("own", split=halves), *(picker(name) for name in halves)]
        gateway.write_policies(EVERYTHING, *split)
        await happens(lambda: {"one", "two"} <= {pick["profile"] for pick in picks()})
        stop.set()
        statuses = await asking
    assert set(statuses) == {200}
    assert {pick["profile"] for pick in picks()} == {"own", "one", "two"}
    assert not any(pick.get("degraded") for pick in picks())
