"""`gatehouse top`: the pools of a running gateway."""

import asyncio
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from gateway.cli.top import pools_text
from tests.cli.command import gatehouse
from tests.envoy.pool_stage import Client, client, pool_gateway
from tests.support.engines import engines
from tests.support.gatehouse import Gateway
from tests.support.http_server import Handler, serving
from tests.support.ports import free_port

PATIENCE = 30.0
SCREEN_BEFORE = "\x1b[?1049l"
"""What a program writes that gives back the screen as it was (xterm)."""

PREFACE = "A long preface that every question about the same document begins with. " * 40
ENDPOINT = {
    "address": "10.0.0.1:8000",
    "healthy": False,
    "in_flight": {"requests": 4},
    "load": {"running": 3, "waiting": 2, "kv_usage": 0.5, "age": 0.2}
    | {"prefix_hits": 30.0, "prefix_queries": 40.0},
    "rates": {"prefill_tokens_per_second": 12_000},
    "picks": 17,
}
POOL = {
    "name": "chat",
    "profile": "default",
    "endpoints": [ENDPOINT, {"address": "10.0.0.2:8000", "healthy": True, "load": None}],
    "hit_share": {"believed": 0.71, "reported": None},
    "first_token_ms": {"p50": 41.5, "p95": 80.0},
    "picks": {"default": 20},
    "dropped": {"rejected-saturated": 3},
    "queue": {
        "waiting": 5,
        "bytes": 700,
        "saturation": 1.25,
        "bands": [{"priority": -1, "waiting": 5, "oldest": 2.5}],
    },
    "shadow": {"profile": "other", "compared": 10, "agreed": 9},
}


def printed(document: dict[str, object]) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(pools_text(json.loads(json.dumps(document))))
    return captured.get()


def test_a_pool_is_a_table_of_its_servers_with_what_matters_above() -> None:
    text = printed({"pools": [POOL]})
    for said in (
        "hit rate 71% believed, - reported",
        "p50 41.5 p95 80.0",
        "picks default 20",
        "queue 5 waiting, 700 bytes, saturation 125%",
        "priority -1: 5, oldest 2.5 s",
        "rejected-saturated 3",
        "shadow other agreed in 9 of 10 picks",
    ):
        assert said in text
    (busy,) = [line.split() for line in text.splitlines() if line.startswith("10.0.0.1:8000")]
    assert " ".join(busy) == "10.0.0.1:8000 DOWN 4 3 2 50% 75% 17 12000 0.2 s ago"
    (idle,) = [line.split() for line in text.splitlines() if line.startswith("10.0.0.2:8000")]
    assert set(idle[1:]) == {"-"}


def test_no_pools_are_no_table_and_a_failure() -> None:
    class Empty(Handler):
        def do_GET(self) -> None:  # noqa: N802  http.server calls it
            self.answer(200, b'{"version": 1, "pools": []}')

    assert "no pools" in printed({"pools": []})
    with serving(Empty) as admin:
        assert gatehouse("top", "--admin", admin).exit_code == 1
    assert gatehouse("top", "--admin", f"127.0.0.1:{free_port()}").exit_code == 1


async def asked(one: Client, count: int) -> None:
    for number in range(count):
        answer = await one.chat(f"{PREFACE} Question {number}?", stream=True)
        assert answer.status == 200


async def test_what_several_workers_picked_is_one_table(tmp_path: Path) -> None:
    with (
        engines(2, speed=20) as pool,
        pool_gateway(tmp_path, pool, workers=2, sample=1.0) as gateway,
    ):
        async with client(gateway) as one:
            await asked(one, 6)
        gateway.wait_for_records(6)
        admin = gateway.admin.removeprefix("http://")
        text = gatehouse("top", "--admin", admin)
        told = json.loads(gatehouse("top", "--admin", admin, "--json").stdout)
        assert gateway.metric("gatehouse_pool_picks_total") == 6
        assert gateway.metric("gatehouse_pool_first_token_seconds_count") == 6
        assert gateway.metric("gatehouse_pool_in_flight_requests") == 0
        assert gateway.metric("gatehouse_pool_load_known") == 2
        assert gateway.metric("gatehouse_pool_degraded_picks_total") == 0
    assert text.exit_code == 0, text.output
    assert all(each.address in text.stdout for each in pool)
    assert "picks default 6" in text.stdout
    (row,) = told["pools"]
    assert row["picks"] == {"default": 6}
    assert row["hit_share"]["reported"] > 0.5
    assert row["first_token_ms"]["seen"] == 6
    assert (row["engine"], row["scraped"]) == ("vllm", True)


class Terminal:
    """`gatehouse top` on a terminal of its own."""

    def __init__(self, gateway: Gateway) -> None:
        """Looks every 0.2 s."""
        self._ours, theirs = pty.openpty()
        command = (sys.executable, "-m", "gateway", "top", "--interval", "0.2")
        admin = gateway.admin.removeprefix("http://")
        self.process = subprocess.Popen(
            [*command, "--admin", admin],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "160", "LINES": "40"},
        )
        os.close(theirs)
        self.shown = b""

    def until(self, text: str) -> None:
        """Until that has been written since the last call, and forget all before it."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.shown.find(text.encode())) < 0:
            ready, _, _ = select.select([self._ours], [], [], deadline - time.monotonic())
            assert ready, self.shown
            self.shown += os.read(self._ours, 65_536)
        self.shown = self.shown[found + len(text) :]

    def end(self) -> None:
        """No process is left."""
        self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self._ours)


async def test_on_a_terminal_pools_are_shown_live(tmp_path: Path) -> None:
    with engines(1, speed=20) as pool, pool_gateway(tmp_path, pool) as gateway:
        terminal = Terminal(gateway)
        try:
            async with client(gateway) as one:
                await asyncio.to_thread(terminal.until, "picks none")
                assert (await one.chat("Hello")).status == 200
                await asyncio.to_thread(terminal.until, "picks default 1")
                assert (await one.chat("Hello")).status == 200
                await asyncio.to_thread(terminal.until, "picks default 2")
            terminal.process.send_signal(signal.SIGINT)
            await asyncio.to_thread(terminal.until, SCREEN_BEFORE)
            assert terminal.process.wait(PATIENCE) == 130
        finally:
            terminal.end()


async def test_a_gateway_that_goes_while_it_is_shown_is_told_on_the_screen_that_stays(
    tmp_path: Path,
) -> None:
    with engines(1, speed=20) as pool, pool_gateway(tmp_path, pool) as gateway:
        terminal = Terminal(gateway)
        await asyncio.to_thread(terminal.until, "picks none")
    try:
        terminal.until(SCREEN_BEFORE)
        terminal.until("no gateway answers on")
        assert terminal.process.wait(PATIENCE) == 1
    finally:
        terminal.end()


async def test_picks_without_the_picker_process_are_counted_as_such(tmp_path: Path) -> None:
    with engines(1, speed=20) as pool, pool_gateway(tmp_path, pool, workers=2) as gateway:
        async with client(gateway) as one:
            async with asyncio.timeout(60):
                while gateway.metric("gatehouse_pool_degraded_picks_total") == 0:
                    for picker in pickers(gateway):
                        os.kill(picker, signal.SIGKILL)
                    await asked(one, 2)
        assert gateway.metric("gatehouse_pool_picks_total") >= 2


def pickers(gateway: Gateway) -> list[int]:
    """The picker process of a gateway, unless it is just starting."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == gateway.process.pid and b"picker" in command:
            found.append(int(folder.name))
    return found
