"""What was served is exported without a word of it, and simulated as it was."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import gatehouse
from tests.envoy.pool_stage import Client, client, happens, pool_gateway
from tests.support.engines import engines

SECRET_WORD = "extraordinarily"
STORY = f"An {SECRET_WORD} long preface that questions about one document begin with. " * 60
DOCUMENTS, QUESTIONS = 3, 8


async def served(one: Client) -> None:
    """Questions about documents, three at a time, as streams."""

    async def ask(document: int, number: int) -> None:
        said = f"Document {document}. {STORY} Question {number}?"
        async with one.stream(said, max_tokens=8) as answer:
            assert answer.status_code == 200
            await answer.aread()

    for number in range(QUESTIONS):
        await asyncio.gather(*(ask(document, number) for document in range(DOCUMENTS)))


def rows_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def shared_blocks(one: dict[str, Any], two: dict[str, Any]) -> int:
    return len({*one["hash_ids"]} & {*two["hash_ids"]})


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_served_load_is_exported_and_simulated(tmp_path: Path, workers: int) -> None:
    kept, mine = tmp_path / "served.jsonl", tmp_path / "mine.jsonl"
    trace = {"file": str(kept), "max_bytes": 1_000_000}
    with (
        engines(2, speed=4) as pool,
        pool_gateway(tmp_path, pool, workers=workers, sample=1.0, trace=trace) as gateway,
    ):
        async with client(gateway) as one:
            await served(one)
        await happens(lambda: kept.exists() and len(rows_of(kept.read_text())) == 24)
    config = str(gateway.folder / "gateway.yaml")
    done = gatehouse("trace", "export", "-c", config, "-o", str(mine))
    assert done.exit_code == 0, done.output
    rows = rows_of(mine.read_text())
    assert len(rows) == DOCUMENTS * QUESTIONS
    assert {row["endpoints"] for row in rows} == {2}
    assert {row["endpoint"] for row in rows} == {0, 1}
    assert all(row["ttft_ms"] > 0 and row["output_length"] == 8 for row in rows)
    whole = {len(row["hash_ids"]) - 1 for row in rows}
    assert min(whole) >= 1
    assert {shared_blocks(rows[0], row) for row in rows[1:]} == {0, *whole}
    for text in (kept.read_text(), mine.read_text()):
        assert SECRET_WORD not in text
        assert "Question" not in text
    assert not any(each.address in mine.read_text() for each in pool)

    said = gatehouse(
        *("simulate", "--trace", str(mine), "-c", config, "--profiles", "cost,random"),
        *("--endpoints", "1..2", "--hardware", "llama-8b-1xh100"),
    )
    assert said.exit_code == 0, said.output
    servers, head, p50, p90, tpot, hits, fitted = said.stdout.splitlines()[:7]
    assert servers.startswith("SERVERS: llama-8b-1xh100, a cache of ")
    assert head == "CALIBRATION over 12 measured requests, as served: 2 endpoints by default"
    assert p50.startswith("  TTFT p50: measured ")
    assert p90.startswith("  TTFT p90: measured ")
    assert hits.startswith("  hit rate: measured ")
    assert tpot.startswith("  TPOT p50: measured ")
    assert fitted == "  fitted to the 12 requests before them, which it does not count:"
    assert "cost: 1 endpoint keeps TTFT 2000 ms" in said.stdout


async def test_without_a_file_the_picks_that_are_kept_are_exported(tmp_path: Path) -> None:
    with engines(1, speed=20) as pool, pool_gateway(tmp_path, pool, sample=1.0) as gateway:
        async with client(gateway) as one:
            await served(one)
        config, admin = str(gateway.folder / "gateway.yaml"), gateway.admin.removeprefix("http://")

        def exported() -> list[dict[str, Any]]:
            done = gatehouse("trace", "export", "-c", config, "--admin", admin)
            return rows_of(done.stdout)

        await happens(lambda: len(exported()) == DOCUMENTS * QUESTIONS)
        rows = exported()
    assert {row["endpoint"] for row in rows} == {0}
    assert [row["timestamp"] for row in rows] == sorted(row["timestamp"] for row in rows)


async def test_records_that_no_disk_takes_are_counted_and_nobody_waits(tmp_path: Path) -> None:
    trace = {"file": "/dev/full", "max_bytes": 1_000_000}
    with engines(1, speed=50) as pool, pool_gateway(tmp_path, pool, trace=trace) as gateway:
        async with client(gateway) as one:
            answers = [await one.chat(f"Question {number}?", max_tokens=2) for number in range(3)]
        assert [each.status for each in answers] == [200] * 3
        await happens(lambda: gateway.metric("gatehouse_trace_records_lost_total") == 3)
