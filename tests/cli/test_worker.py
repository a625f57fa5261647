"""`gatehouse worker` as the supervisor starts it: one real process, at the other end of a line.

What it judges is shown in tests/envoy, what it answers on the line in tests/server.
"""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from grpc import RpcError, aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.adapters.channel import Channel
from gateway.bootstrap.load import load
from gateway.bootstrap.snapshot import snapshot_message
from gateway.model.jsonvalue import JsonObject
from tests.cli.command import SECRETS, gatehouse, write_gateway
from tests.support.gatehouse import allow

PATIENCE = 30.0
INDEX = 3


@dataclass
class Started:
    """A worker's process, our end of its line, and the file of its socket."""

    process: asyncio.subprocess.Process
    line: Channel
    file: Path

    async def ask(self, message: JsonObject) -> JsonObject:
        async with asyncio.timeout(PATIENCE):
            await self.line.send(message)
            return await self.line.receive()

    async def ended(self) -> tuple[int, str]:
        """Its exit status, and what it said."""
        async with asyncio.timeout(PATIENCE):
            _, said = await self.process.communicate()
        return self.process.returncode or 0, said.decode()

    async def healthy(self) -> bool:
        """Whether it says on its socket that it serves."""
        async with aio.insecure_channel(f"unix:{self.file}") as channel:
            health: Any = health_pb2_grpc.HealthStub(channel)
            try:
                answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
            except RpcError:
                return False
            return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@asynccontextmanager
async def started(**env: str) -> AsyncGenerator[Started]:
    """A worker that was told nothing yet; killed at the end if it still runs."""
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryDirectory() as folder:  # a short name: sockets have no room for more
        file = Path(folder) / "worker.sock"
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway", "worker", f"--channel={theirs.fileno()}"),
                *(f"--index={INDEX}", f"--listen=unix:{file}"),
                pass_fds=(theirs.fileno(),),
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **env},
            )
        line = await Channel.over(ours)
        try:
            yield Started(process, line, file)
        finally:
            line.close()
            if process.returncode is None:
                process.kill()
                await process.wait()


def snapshot(folder: Path, number: int = 1) -> JsonObject:
    """What the supervisor sends of a configuration with secrets in it."""
    record = {"path": str(folder / "audit.jsonl")}
    return snapshot_message(
        load(Path(write_gateway(folder, allow(), record=record)), {}), number, {}
    )


async def test_it_serves_on_its_socket_from_the_first_snapshot_on(tmp_path: Path) -> None:
    async with started() as worker:
        idle: JsonObject = {"snapshot": 0, "streams": 0, "missed": [], "noted": []}
        assert await worker.ask({"type": "poll"}) == idle
        assert not worker.file.exists()
        assert await worker.ask(snapshot(tmp_path)) == {"pid": worker.process.pid}
        assert await worker.healthy()
        assert await worker.ask(snapshot(tmp_path, 2)) == {"pid": worker.process.pid}
        assert await worker.ask({"type": "poll"}) == {**idle, "snapshot": 2}


async def test_it_keeps_its_snapshot_when_the_next_one_cannot_be_used(tmp_path: Path) -> None:
    async with started() as worker:
        await worker.ask(snapshot(tmp_path))
        key_sets: JsonObject = {"https://idp.example": "<html>"}
        answer = await worker.ask({**snapshot(tmp_path, 2), "key_sets": key_sets})
        assert answer == {"problem": "not a JSON Web Key Set: no array `keys`"}
        assert (await worker.ask({"type": "poll"}))["snapshot"] == 1
        assert await worker.healthy()


@pytest.mark.parametrize("how", ["SIGTERM", "the line closes"])
async def test_it_ends_well_when_it_is_told_to_and_when_nobody_can_tell_it_any_more(
    tmp_path: Path, how: str
) -> None:
    async with started(GATEHOUSE_LOG="INFO") as worker:
        await worker.ask(snapshot(tmp_path))
        if how == "SIGTERM":
            worker.process.send_signal(signal.SIGTERM)
        else:
            worker.line.close()
        status, said = await worker.ended()
        assert status == 0
        assert f"worker-{INDEX} INFO draining" in said
        assert not [secret for secret in SECRETS if secret in said]
        assert not await worker.healthy()


async def test_it_ends_without_a_snapshot_too() -> None:
    async with started() as worker:
        worker.line.close()
        assert await worker.ended() == (0, "")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "--channel"),
        (("--channel", "9", "--index", "0"), "--listen"),
        (("--channel", "line", "--index", "0", "--listen", "unix:/w.sock"), "--channel"),
    ],
)
def test_what_the_supervisor_would_give_is_needed(arguments: tuple[str, ...], named: str) -> None:
    result = gatehouse("worker", *arguments)
    assert result.exit_code == 2
    assert named in result.stderr
