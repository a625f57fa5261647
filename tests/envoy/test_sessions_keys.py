"""A gateway without a good sealing key does not start, and says what is wrong in one line."""

import json
import sys
from pathlib import Path

import pytest

from tests.support.gatehouse import SEAL_KEY, allow, gateway_config
from tests.support.processes import running

START_SECONDS = 30.0
KEYS = {
    "none": [],
    "repeated": ["QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="],
    "one given twice": [SEAL_KEY, SEAL_KEY],
}


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_a_weak_or_missing_key_stops_the_start_with_one_error(
    tmp_path: Path, keys: list[str]
) -> None:
    assert_does_not_start(tmp_path, keys)


def test_the_demo_makes_a_key_only_where_none_is_given(tmp_path: Path) -> None:
    assert_does_not_start(tmp_path, ["c2hvcnQ="], "--demo")


def assert_does_not_start(tmp_path: Path, keys: list[str], *options: str) -> None:
    config = gateway_config({"tracker": ["http://127.0.0.1:9/mcp"]}, tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "policies.yaml").write_text(json.dumps(allow()))
    path = tmp_path / "gateway.yaml"
    path.write_text(json.dumps(config | {"sessions": {"keys": keys}}))
    command = [sys.executable, "-m", "gateway", "up", "-c", str(path), "--quiet", *options]
    with running(command) as process:
        assert process.wait(START_SECONDS) == 2
        assert process.stdout.lines == []
        (line,) = process.stderr.lines
    assert line.startswith(f"{path}:")
    assert "sessions.keys" in line
    assert not [key for key in keys if key in line]
