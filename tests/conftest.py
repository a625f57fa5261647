"""What runs beside what, where tests are spread over processes (`make test`), and what they share:
patterns that one of them has compiled are none of the user's."""

import os
import shutil
import tempfile
from typing import Final

import pytest
from typing_extensions import override
from xdist.remote import Producer  # pyright: ignore[reportMissingTypeStubs]
from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]

_CACHES: Final = "XDG_CACHE_HOME"
_OURS: Final = "gatehouse-test-caches-"


def pytest_configure() -> None:
    """Processes of a run inherit the folder from the one that has begun it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ[_CACHES] = tempfile.mkdtemp(prefix=_OURS)


def pytest_unconfigure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ and _OURS in os.environ.get(_CACHES, ""):
        shutil.rmtree(os.environ[_CACHES], ignore_errors=True)


class BesideEachOther(LoadScopeScheduling):
    """Tests of whole gateways behind Envoy run one after another, and so do all others beside them:
    either would starve more than one neighbour on two cores."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        return "envoy" if nodeid.startswith("tests/envoy/") else "rest"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return BesideEachOther(config, log)
