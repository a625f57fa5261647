"""The options of `gatehouse up`; what it does is shown in tests/envoy/test_up.py."""

from pathlib import Path

from tests.cli.command import gatehouse, without_secrets, write_gateway
from tests.support.gatehouse import allow


def test_a_child_without_a_command_is_wrong_usage() -> None:
    result = gatehouse("up", "--start", "tracker")
    assert result.exit_code == 2
    assert "want NAME=COMMAND" in result.stderr


def test_a_wrong_configuration_does_not_start(tmp_path: Path) -> None:
    file = write_gateway(tmp_path, allow(tool=["echo"]))
    for command in ("up", "serve"):
        result = without_secrets(gatehouse(command, "-c", file))
        assert result.exit_code == 2
        assert 'unknown key "tool" (did you mean "tools"?)' in result.stderr
