"""`gatehouse picker` as the supervisor starts it: one real process, at the other end of a line."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from gateway.adapters.channel import Channel
from tests.cli.command import gatehouse
from tests.server.test_picker_process import configured

PATIENCE = 30.0


@pytest.mark.parametrize("end", ["line", "signal"])
async def test_the_picker_serves_and_ends_with_its_supervisor(tmp_path: Path, end: str) -> None:
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "picker"
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway", "picker", f"--channel={theirs.fileno()}"),
                *("--index=0", f"--listen=unix:{file}"),
                pass_fds=(theirs.fileno(),),
                env=dict(os.environ),
            )
        line = await Channel.over(ours)
        async with asyncio.timeout(PATIENCE):
            await line.send(configured(tmp_path))
            answer = await line.receive()
            assert answer == {"pid": process.pid}
            _, writer = await asyncio.open_unix_connection(str(file))
            writer.close()
            await writer.wait_closed()
            if end == "line":
                line.close()
            else:
                process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
        line.close()


def test_the_picker_is_no_command_for_people() -> None:
    assert "picker" not in gatehouse("--help").stdout.split()
