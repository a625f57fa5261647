"""A trace never takes more than it may, whoever writes to it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from gateway.adapters.trace_file import TraceFile

MOST = 4000
Open = Callable[[], TraceFile]


@pytest.fixture
def lost() -> list[int]:
    return []


@pytest.fixture
async def opened(tmp_path: Path, lost: list[int]) -> AsyncGenerator[Open]:
    """Opens sinks on the file trace, as workers do; all are closed afterwards."""
    files: list[TraceFile] = []

    def open_file() -> TraceFile:
        files.append(TraceFile(str(tmp_path / "trace"), MOST, lost.append))
        return files[-1]

    yield open_file
    for file in files:
        await file.close()


def numbers(path: Path) -> list[int]:
    return [json.loads(line)["n"] for line in path.read_text().splitlines()]


def both(folder: Path) -> list[int]:
    """The older half, if there is one, and the newer."""
    return [number for name in reversed(names(folder)) for number in numbers(folder / name)]


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def size(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.iterdir())


async def test_the_newest_records_are_kept_within_the_bound(opened: Open, tmp_path: Path) -> None:
    file = opened()
    for number in range(1000):
        file.write({"n": number})
    await file.close()
    kept = both(tmp_path)
    assert kept == list(range(1000 - len(kept), 1000))
    assert MOST / 2 < size(tmp_path) <= MOST + 20
    assert names(tmp_path) == ["trace", "trace.1"]


async def test_workers_that_share_a_file_lose_nothing_but_what_is_old(
    opened: Open, tmp_path: Path, lost: list[int]
) -> None:
    files = [opened() for _ in range(3)]
    for number in range(60):
        for file in files:
            file.write({"n": number})
    for file in files:
        await file.close()
    assert sorted(both(tmp_path)) == sorted([*range(60)] * 3)
    assert lost == []


async def test_workers_that_write_at_once_keep_to_the_bound(opened: Open, tmp_path: Path) -> None:
    files = [opened() for _ in range(3)]
    for number in range(300):
        for file in files:
            file.write({"n": number})
    await asyncio.gather(*(file.close() for file in files))
    assert size(tmp_path) <= MOST + 3 * MOST / 2
    assert 299 in both(tmp_path)


async def test_a_file_that_somebody_moved_away_is_begun_anew(opened: Open, tmp_path: Path) -> None:
    file, path = opened(), tmp_path / "trace"
    path.rename(tmp_path / "away")
    file.write({"n": 1})
    await file.close()
    assert numbers(path) == [1]
    assert numbers(tmp_path / "away") == []


async def test_a_record_longer_than_the_bound_is_kept_alone(opened: Open, tmp_path: Path) -> None:
    file, path = opened(), tmp_path / "trace"
    for number in range(3):
        file.write({"n": number, "long": "x" * MOST})
    await file.close()
    assert numbers(Path(f"{path}.1")) == [1]
    assert numbers(path) == [2]


async def test_what_cannot_be_written_is_counted(
    opened: Open, tmp_path: Path, lost: list[int]
) -> None:
    file, path = opened(), tmp_path / "trace"
    path.unlink()
    path.mkdir()
    file.write({"n": 1})
    file.write({"n": 2})
    await file.close()
    assert lost == [2]
    path.rmdir()


async def test_a_trace_is_not_for_everybody(opened: Open, tmp_path: Path) -> None:
    await opened().close()
    assert (tmp_path / "trace").stat().st_mode & 0o007 == 0
