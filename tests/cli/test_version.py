import pytest

import gateway
from tests.cli.command import gatehouse


@pytest.mark.parametrize("asked", ["version", "--version"])
def test_the_version_is_printed(asked: str) -> None:
    result = gatehouse(asked)
    assert (result.exit_code, result.stdout) == (0, f"gatehouse {gateway.__version__}\n")
