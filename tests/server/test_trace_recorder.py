"""Requests of pools with a trace are recorded as they end; without one the newest can be asked."""

import json
import os
from collections.abc import Callable

import pytest

from gateway.config.pool import Trace
from gateway.model.jsonvalue import JsonObject
from gateway.model.placement import Placement, Served
from gateway.server import trace_recorder
from gateway.server.arrival import Arrival
from gateway.server.picks import Kept, Picks
from gateway.server.trace_recorder import TraceRecorder, record_of
from gateway.simulation.recorded import recorded

KEY = os.urandom(32)
ONE, TWO = Trace(file="/tmp/one"), Trace(file="/tmp/two", max_bytes=100_000)


class Files:
    """Opens sinks that keep what they get."""

    def __init__(self) -> None:
        self.written: dict[str, list[JsonObject]] = {}
        self.closed: list[str] = []
        self.most: dict[str, int] = {}
        self.lost: Callable[[int], None] | None = None

    def open(self, path: str, most: int, lost: Callable[[int], None]) -> "File":
        self.lost = lost
        self.most[path] = most
        return File(self, path)


class File:
    def __init__(self, files: Files, path: str) -> None:
        self._files, self._path = files, path

    def write(self, record: JsonObject) -> None:
        self._files.written.setdefault(self._path, []).append(record)

    async def close(self) -> None:
        self._files.closed.append(self._path)


def recorder(files: Files) -> TraceRecorder:
    made = TraceRecorder()
    made.open_sink = files.open
    return made


def ended(pool: str = "chat", blocks: int = 2, *, served: Served | None = None) -> Kept:
    placement = Placement(
        *(1, "10.0.0.1:80", pool, "cost"), cached_tokens=256, prompt_tokens=600, waited=0.5
    )
    arrival = Arrival(100.0, 3, bytes(range(8)) * blocks, 2400, 1024)
    answer = served or Served("10.0.0.2:80", 200, 0.25, 610, 512, 40)
    return Kept("llama", 0, placement, arrival, 64_000, answer, 2.0)


async def test_what_ends_goes_to_the_file_of_its_pool_and_other_pools_have_none() -> None:
    files = Files()
    one = recorder(files)
    await one.configure({"chat": ONE, "code": TWO}, KEY)
    for pool in ("chat", "code", "batch", "chat"):
        one.ended(ended(pool))
    assert {path: len(lines) for path, lines in files.written.items()} == {ONE.file: 2, TWO.file: 1}
    assert files.most == {ONE.file: ONE.max_bytes, TWO.file: 100_000}


async def test_a_reload_keeps_files_that_stay_and_closes_those_that_go() -> None:
    files = Files()
    one = recorder(files)
    await one.configure({"chat": ONE, "code": TWO}, KEY)
    await one.configure({"chat": ONE, "batch": ONE}, KEY)
    assert files.closed == [TWO.file]
    one.ended(ended("code"))
    one.ended(ended("batch"))
    assert [record["pool"] for record in files.written[ONE.file]] == ["batch"]
    await one.close()
    assert files.closed == [TWO.file, ONE.file]
    one.ended(ended("batch"))
    assert len(files.written[ONE.file]) == 1


async def test_a_worker_without_files_refuses_a_configuration_that_wants_one() -> None:
    one = TraceRecorder()
    await one.configure({}, KEY)
    with pytest.raises(OSError, match="no trace can be kept in /tmp/one"):
        await one.configure({"chat": ONE}, KEY)
    one.ended(ended("chat"))


def test_a_record_has_all_that_a_trace_needs() -> None:
    found = recorded(json.loads(json.dumps(record_of(ended(), KEY))))
    assert (found.at, found.pool, found.model, found.profile) == (100.0, "chat", "llama", "cost")
    assert (found.endpoint, found.endpoints, found.status) == ("10.0.0.2:80", 3, 200)
    assert (found.prompt_tokens, found.cached_tokens, found.output_tokens) == (610, 512, 40)
    assert (found.believed_tokens, found.believed_cached) == (600, 256)
    assert (found.ttft, found.duration) == (0.75, 2.0)
    assert (found.cache_tokens, found.blocks) == (64_000, 2)
    assert found.hash_at(0) == found.hash_at(1) != bytes(range(8))


def test_what_was_not_seen_of_an_answer_is_not_made_up() -> None:
    found = recorded(json.loads(json.dumps(record_of(ended(served=Served(None, 503)), KEY))))
    assert (found.endpoint, found.status) == ("10.0.0.1:80", 503)
    assert (found.prompt_tokens, found.output_tokens, found.ttft) == (None, None, None)


def test_the_newest_are_told_as_far_as_an_answer_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_recorder, "TOLD", 100)
    picks = Picks()
    for number in range(10):
        kept = ended(f"pool-{number}", blocks=4)
        picks.keep(str(number), kept)
    going_on = ended("pool-10")
    going_on.served = None
    picks.keep("10", going_on)
    told = recorder(Files()).view(picks)["records"]
    assert isinstance(told, list)
    assert [one["pool"] for one in told if isinstance(one, dict)] == ["pool-9", "pool-8", "pool-7"]


async def test_lost_records_are_counted_and_said_once_in_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    files, told = Files(), list[int]()
    one = TraceRecorder(told.append)
    one.open_sink = files.open
    await one.configure({"chat": ONE}, KEY)
    assert files.lost is not None
    for _ in range(1500):
        files.lost(1)
    assert one.lost == sum(told) == 1500
    said = [record.getMessage() for record in caplog.records]
    assert said == ["1 records of a trace were lost", "1000 records of a trace were lost"]


async def test_of_files_that_cannot_all_be_opened_none_stays_open() -> None:
    files = Files()
    one = TraceRecorder()
    opened: list[str] = []

    def open_one(path: str, most: int, lost: Callable[[int], None]) -> File:
        if opened:
            raise OSError("no such folder")
        opened.append(path)
        return files.open(path, most, lost)

    one.open_sink = open_one
    with pytest.raises(OSError, match="no such folder"):
        await one.configure({"chat": ONE, "code": TWO}, KEY)
    assert files.closed == opened
