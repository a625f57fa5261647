"""The command as a whole: help, start-up, colours."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli.app import SUBCOMMANDS
from tests.cli.command import gatehouse, write_gateway
from tests.support.gatehouse import allow

PUBLIC = [name for name, one in SUBCOMMANDS.items() if not one.hidden]
WITH_EXAMPLES = [name for name in PUBLIC if name != "version"]
PROGRAM = str(Path(sys.executable).with_name("gatehouse"))


def test_help_lists_every_subcommand_but_the_hidden_one() -> None:
    result = gatehouse("--help")
    assert result.exit_code == 0
    listed = [line.split()[1] for line in result.stdout.splitlines() if line.startswith("│ ")]
    assert [name for name in listed if not name.startswith("-")] == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_what_help_says_of_a_subcommand_is_what_it_says_of_itself(name: str) -> None:
    documented = (SUBCOMMANDS[name].load().__doc__ or "").splitlines()[0]
    assert SUBCOMMANDS[name].summary == documented


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_every_subcommand_has_an_example(name: str) -> None:
    result = gatehouse(name, "--help")
    assert result.exit_code == 0
    assert f"gatehouse {name}" in result.stdout.split("Options")[0].replace("Usage: gatehouse", "")


def test_a_subcommand_that_does_not_exist_is_wrong_usage() -> None:
    result = gatehouse("bogus")
    assert result.exit_code == 2
    assert "No such command 'bogus'" in result.stderr


def test_only_the_subcommand_that_is_called_is_loaded() -> None:
    """A worker starts with this program, and has no use for Envoy's configuration types."""
    code = (
        "import sys; from gateway.cli.app import application; application(['worker']); "
        "sys.exit(any('envoy_data_plane' in name or 'uvicorn' in name for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def on_terminal(command: list[str], **env: str) -> bytes:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    subprocess.run(
        command,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", **env},
        timeout=60,
        check=False,
    )
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 65536):
            written += piece
    except OSError:  # the end of a terminal
        pass
    os.close(ours)
    return written


def test_colours_are_for_terminals_only_and_not_for_everybody(tmp_path: Path) -> None:
    command = [PROGRAM, "check", "-c", write_gateway(tmp_path, allow(tool=["echo"]))]
    coloured = on_terminal(command)
    plain = on_terminal(command, NO_COLOR="1")
    piped = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert b"\x1b[31m" in coloured
    assert b'unknown key "tool"' in coloured
    assert b"\x1b" not in plain
    assert b'unknown key "tool"' in plain
    assert b"\x1b" not in piped.stderr
    assert piped.returncode == 1
