import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from gateway.supervisor import children as module
from gateway.supervisor.children import ChildFailedError, Children
from gateway.supervisor.options import Child


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").exists()


async def test_children_run_until_they_are_stopped() -> None:
    children = Children([Child("a", ("sleep", "100")), Child("b", ("sleep", "100"))])
    await children.start()
    pids = children.pids
    assert list(pids) == ["a", "b"]
    assert all(map(runs, pids.values()))
    await children.stop()
    assert not any(map(runs, pids.values()))
    assert children.pids == {}


async def test_one_that_ignores_the_signal_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.1)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(100)"
    children = Children([Child("deaf", (sys.executable, "-c", deaf))])
    await children.start()
    (pid,) = children.pids.values()
    await asyncio.to_thread(_wait_until_deaf, pid)
    await children.stop()
    assert not runs(pid)


def _wait_until_deaf(pid: int) -> None:
    bit = 1 << (signal.SIGTERM - 1)
    while not _ignored(pid) & bit:
        os.sched_yield()


def _ignored(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1], 16) for line in lines if line.startswith("SigIgn:"))


async def test_work_goes_on_while_all_children_run() -> None:
    children = Children([Child("a", ("sleep", "100"))])
    await children.start()
    done: list[str] = []

    async def work() -> None:
        done.append("done")

    async def failing() -> None:
        raise LookupError

    await children.watch_over(work())
    assert done == ["done"]
    with pytest.raises(LookupError):
        await children.watch_over(failing())
    await children.stop()


@pytest.mark.parametrize(
    ("command", "status"), [("false", 1), ("/nonexistent/program", 1), ("sh -c 'exit 7'", 7)]
)
async def test_a_child_that_ends_ends_the_work(command: str, status: int) -> None:
    children = Children([Child("a", ("sleep", "100")), Child.parse(f"b={command}")])
    await children.start()
    with pytest.raises(ChildFailedError, match=f"^b ended with status {status}$"):
        await children.watch_over(asyncio.sleep(100))
    await children.stop()
