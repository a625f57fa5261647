"""`gatehouse trace export`: what pools keep becomes a trace."""

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from gateway.simulation.mooncake import read_trace
from tests.cli.command import gatehouse, without_secrets, write_gateway
from tests.simulation.records import record


def config(folder: Path, **traces: str | None) -> str:
    """A gateway.yaml with a pool for each, which keeps a trace where a file is named."""
    pools = [
        {
            "name": name,
            "path": "/v1",
            "endpoints": [f"127.0.0.1:{at + 1}"],
            **({} if file is None else {"trace": {"file": file}}),
        }
        for at, (name, file) in enumerate(traces.items())
    ]
    return write_gateway(folder, pools=pools)


def keep(path: Path, *records: dict[str, Any]) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in records))


def export(*options: str) -> Result:
    return without_secrets(gatehouse("trace", "export", *options))


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_both_halves_of_every_file_are_exported_in_order(tmp_path: Path) -> None:
    path = config(tmp_path, chat="chat.log", code="code.log")
    keep(tmp_path / "chat.log.1", record(at=10.0))
    keep(tmp_path / "chat.log", record(at=12.0))
    keep(tmp_path / "code.log", record(at=11.0, pool="code"))
    result = export("-c", path)
    assert [(row["timestamp"], row["pool"]) for row in rows(result)] == [
        *((0, "chat"), (1000, "code"), (2000, "chat"))
    ]
    assert result.stderr.startswith("3 requests out of ")


def test_one_pool_and_one_stretch_of_time_can_be_chosen(tmp_path: Path) -> None:
    path, now = config(tmp_path, chat="all.log", code="all.log"), time.time()
    keep(
        tmp_path / "all.log",
        record(at=now - 7000),
        record(at=now - 60),
        record(at=now, pool="code"),
    )
    assert [row["pool"] for row in rows(export("-c", path, "--pool", "code"))] == ["code"]
    result = export("-c", path, "--since", "1h")
    assert [row["pool"] for row in rows(result)] == ["chat", "code"]
    assert "1 of another pool, or older, left out" in result.stderr
    assert len(rows(export("-c", path, "--since", "2001-01-31T08:00"))) == 3
    assert export("-c", path, "--since", "2999-01-31").exit_code == 1


def test_a_file_is_written_that_the_simulation_reads(tmp_path: Path) -> None:
    path, mine = config(tmp_path, chat="chat.log"), tmp_path / "mine.jsonl"
    keep(tmp_path / "chat.log", record(), record(at=1001.0))
    assert export("-c", path, "-o", str(mine)).stdout == ""
    assert len(read_trace(mine)) == 2
    result = export("-c", path, "-o", str(tmp_path / "none" / "mine.jsonl"))
    assert result.exit_code == 2
    assert "cannot write" in result.stderr


def test_lines_that_are_no_records_are_left_out_and_told(tmp_path: Path) -> None:
    path = config(tmp_path, chat="chat.log")
    (tmp_path / "chat.log").write_text(json.dumps(record()) + '\n{"at": 1\n[]\n')
    result = export("-c", path)
    assert len(rows(result)) == 1
    assert f"left out 2 lines, the first: {tmp_path / 'chat.log'}:2: no JSON" in result.stderr


def test_what_failed_is_left_out_and_told(tmp_path: Path) -> None:
    path = config(tmp_path, chat="chat.log")
    keep(tmp_path / "chat.log", record(), record(status=503))
    assert "1 that were not answered well left out" in export("-c", path).stderr


def test_a_pool_that_has_served_nothing_yet_is_told(tmp_path: Path) -> None:
    result = export("-c", config(tmp_path, chat="chat.log"))
    assert result.exit_code == 1
    assert "chat.log is not there yet" in result.stderr


def test_without_files_a_running_gateway_is_asked(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    result = export("-c", config(tmp_path, chat=None), "--admin", address)
    assert result.exit_code == 1
    assert f"no gateway answers on {address}" in result.stderr


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--pool", "cat"), "has the pools: chat"),
        (("--since", "yesterday"), "want 30m, 12h or 7d"),
        (("-c", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_a_wrong_question_is_refused(tmp_path: Path, options: tuple[str, str], fault: str) -> None:
    result = export("-c", config(tmp_path, chat="chat.log"), *options)
    assert result.exit_code == 2
    assert fault in result.stderr


def test_a_trace_cannot_be_kept_on_stdout(tmp_path: Path) -> None:
    result = export("-c", config(tmp_path, chat="-"))
    assert result.exit_code == 2
    assert "want a file" in result.stderr


def test_help_has_examples_and_an_unknown_action_is_refused() -> None:
    text = gatehouse("trace", "--help").stdout
    assert "gatehouse trace export -o mine.jsonl" in text
    assert gatehouse("trace", "import").exit_code == 2
