import asyncio
import json
import os
import select
import stat
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.audit_file import AuditFile
from gateway.model.jsonvalue import JsonObject

Open = Callable[..., AuditFile]


@pytest.fixture
def lost() -> list[int]:
    return []


@pytest.fixture
async def audit(tmp_path: Path, lost: list[int]) -> AsyncGenerator[Open]:
    """Opens sinks on the file audit.jsonl; all are closed afterwards."""
    files: list[AuditFile] = []

    def open_file(**options: int) -> AuditFile:
        files.append(AuditFile(str(tmp_path / "audit.jsonl"), lost.append, **options))
        return files[-1]

    yield open_file
    for file in files:
        await file.close()


def lines(folder: Path) -> list[Any]:
    text = (folder / "audit.jsonl").read_text(encoding="utf-8")
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


async def test_records_are_lines_in_order_and_close_flushes(audit: Open, tmp_path: Path) -> None:
    file = audit()
    for number in range(100):
        file.write({"n": number})
    await file.close()
    assert lines(tmp_path) == [{"n": number} for number in range(100)]


async def test_a_record_is_written_without_close(audit: Open, tmp_path: Path) -> None:
    file = audit()
    file.write({"n": 1})
    async with asyncio.timeout(10):
        while not lines(tmp_path):  # noqa: ASYNC110  the file is what is waited for
            await asyncio.sleep(0.001)
    file.write({"n": 2})
    await file.close()
    assert lines(tmp_path) == [{"n": 1}, {"n": 2}]


async def test_records_go_behind_what_the_file_has(audit: Open, tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_text('{"old":1}\n')
    file = audit()
    file.write({"n": 1})
    await file.close()
    assert lines(tmp_path) == [{"old": 1}, {"n": 1}]


async def test_the_file_is_not_for_everybody(audit: Open, tmp_path: Path) -> None:
    audit()
    mode = stat.S_IMODE((tmp_path / "audit.jsonl").stat().st_mode)
    assert mode & (stat.S_IRWXO | stat.S_IWGRP) == 0


async def test_lines_of_two_writers_never_mix(audit: Open, tmp_path: Path) -> None:
    files = [audit(), audit()]
    wide = "x" * 3_000
    for number in range(400):
        for who, file in enumerate(files):
            file.write({"who": who, "n": number, "wide": wide})
        if number % 40 == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*(file.close() for file in files))
    got = [(line["who"], line["n"]) for line in lines(tmp_path)]
    assert [n for who, n in got if who == 0] == list(range(400))
    assert [n for who, n in got if who == 1] == list(range(400))


ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import asyncio, sys
from gateway.adapters.audit_file import AuditFile

async def main():
    file = AuditFile("-", lambda lost: sys.exit(3))
    for number in range(2000):  # far more than a pipe holds
        file.write({"who": int(sys.argv[1]), "n": number, "wide": "x" * 1000})
    await file.close()

asyncio.run(main())
"""


def test_lines_of_two_processes_never_mix_on_one_pipe() -> None:
    reading, writing = os.pipe()
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(who)], stdout=writing) for who in (0, 1)
    ]
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        got = [json.loads(line) for line in pipe]
    assert [writer.wait() for writer in writers] == [0, 0]
    for who in (0, 1):
        assert [line["n"] for line in got if line["who"] == who] == list(range(2000))


async def test_a_full_queue_counts_what_it_drops(
    audit: Open, tmp_path: Path, lost: list[int]
) -> None:
    file = audit(queue_limit=3)
    for number in range(5):
        file.write({"n": number})
    assert lost == [1, 1]
    await file.close()
    assert lines(tmp_path) == [{"n": 0}, {"n": 1}, {"n": 2}]


async def test_records_on_their_way_to_a_slow_pipe_count_as_queued(
    tmp_path: Path, lost: list[int]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    file = AuditFile(str(pipe), lost.append, queue_limit=100)
    wide = "x" * (select.PIPE_BUF - 100)
    for number in range(100):  # far more than a pipe holds
        file.write({"n": number, "wide": wide})
    async with asyncio.timeout(10):
        while not select.select([reading], [], [], 0)[0]:  # noqa: ASYNC110  until it is written
            await asyncio.sleep(0.001)
    file.write({"n": 100})
    assert lost == [1]
    closing = asyncio.ensure_future(file.close())
    os.set_blocking(reading, True)
    with os.fdopen(reading, "rb") as stream:
        data = await asyncio.to_thread(stream.read)
    await closing
    assert [json.loads(line)["n"] for line in data.splitlines()] == list(range(100))


async def test_what_cannot_be_written_is_counted(
    tmp_path: Path, lost: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "audit.jsonl").symlink_to("/dev/full")
    file = AuditFile(str(tmp_path / "audit.jsonl"), lost.append)
    for number in range(3):
        file.write({"n": number, "target": "secret"})
    await file.close()
    assert sum(lost) == 3
    assert "3 audit records could not be written" in caplog.text
    assert "secret" not in caplog.text


async def test_a_line_that_a_full_disk_cut_off_does_not_swallow_the_next(
    audit: Open, tmp_path: Path, lost: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, free = os.write, [11]  # bytes: one whole record and a part of the next

    def write(fd: int, data: memoryview) -> int:
        if not free[0]:
            raise OSError(28, "No space left on device")
        written = real(fd, data[: free[0]])
        free[0] -= written
        return written

    file = audit()
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        for number in range(3):
            file.write({"n": number})
        async with asyncio.timeout(10):
            while not lost:  # noqa: ASYNC110  what is waited for has no event
                await asyncio.sleep(0.001)
    file.write({"n": 3})
    await file.close()
    assert (tmp_path / "audit.jsonl").read_text() == '{"n":0}\n{"n\n{"n":3}\n'


async def test_after_close_records_are_lost_and_nothing_else_is_written(
    audit: Open, tmp_path: Path, lost: list[int]
) -> None:
    file = audit()
    await file.close()
    file.write({"n": 1})
    await file.close()
    assert lost == [1]
    assert lines(tmp_path) == []


async def test_text_that_is_no_unicode_is_still_a_json_line(audit: Open, tmp_path: Path) -> None:
    record: JsonObject = {"target": "a\nb\u2028\ud800é"}
    file = audit()
    file.write(record)
    await file.close()
    (line,) = (tmp_path / "audit.jsonl").read_bytes().splitlines()
    assert json.loads(line) == record


def test_a_file_that_cannot_be_opened_is_an_os_error(lost: list[int]) -> None:
    with pytest.raises(OSError, match="No such file"):
        AuditFile("/nonexistent/audit.jsonl", lost.append)
