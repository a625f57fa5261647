"""What runs beside what, where tests are spread over processes (`make test`)."""

from pathlib import Path

import pytest

ENVOY = Path(__file__).parent / "envoy"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of whole gateways behind Envoy run one after another, and so do all others beside
    them: either would starve more than one neighbour on two cores."""
    for item in items:
        group = "envoy" if item.path.is_relative_to(ENVOY) else "rest"
        item.add_marker(pytest.mark.xdist_group(group))
