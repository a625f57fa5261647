"""What runs beside what, where tests are spread over processes (`make test`)."""

import pytest
from typing_extensions import override
from xdist.remote import Producer  # pyright: ignore[reportMissingTypeStubs]
from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]


class BesideEachOther(LoadScopeScheduling):
    """Tests of whole gateways behind Envoy run one after another, and so do all others beside them:
    either would starve more than one neighbour on two cores."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        return "envoy" if nodeid.startswith("tests/envoy/") else "rest"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return BesideEachOther(config, log)
