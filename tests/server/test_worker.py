"""A worker judges by what the supervisor sends, and ends when that can say nothing any more."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from gateway.model.jsonvalue import JsonObject
from gateway.pipeline.snapshot import Snapshot
from gateway.server.worker import Sink, Worker
from gateway.telemetry.metrics import Metrics


class Line:
    """The line to a supervisor that says these messages and then is gone."""

    def __init__(self, *messages: JsonObject) -> None:
        self._messages = [*messages]
        self.answers: list[JsonObject] = []
        self.closed = False

    async def send(self, message: JsonObject) -> None:
        self.answers.append(message)

    async def receive(self) -> JsonObject:
        if not self._messages:
            raise EOFError
        return self._messages.pop(0)

    def close(self) -> None:
        self.closed = True


def refuses(message: JsonObject, missed: Callable[[str], None]) -> Snapshot:
    del missed
    raise ValueError(f"no snapshot {message.get('number')}")


def no_sink(path: str, lost: Callable[[int], None]) -> Sink:
    raise AssertionError((path, lost))


async def answers(folder: Path, *messages: JsonObject) -> list[JsonObject]:
    line = Line(*messages)
    async with asyncio.timeout(20):
        address = f"unix:{folder}/worker.sock"
        metrics = Metrics(CollectorRegistry())
        await Worker(line, address, refuses, no_sink, metrics=metrics).run()
    assert line.closed
    return line.answers


async def test_it_ends_when_the_supervisor_is_gone(tmp_path: Path) -> None:
    assert await answers(tmp_path) == []


async def test_a_snapshot_that_cannot_be_made_is_told_and_nothing_is_served(tmp_path: Path) -> None:
    told = await answers(tmp_path, {"type": "snapshot", "number": 3}, {"type": "poll"})
    assert told[0] == {"problem": "no snapshot 3"}
    assert (told[1]["snapshot"], told[1]["streams"]) == (0, 0)
    assert not (tmp_path / "worker.sock").exists()


@pytest.mark.parametrize("kind", ["other", None])
async def test_a_message_that_it_does_not_know_is_a_problem(tmp_path: Path, kind: str) -> None:
    assert await answers(tmp_path, {"type": kind}) == [{"problem": f"unknown message {kind!r}"}]
