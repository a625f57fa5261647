import gateway
from tests.cli.command import gatehouse


def test_the_version_is_printed() -> None:
    result = gatehouse("version")
    assert (result.exit_code, result.stdout) == (0, f"gatehouse {gateway.__version__}\n")
