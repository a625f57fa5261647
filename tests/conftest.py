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


_GATEWAYS: Final = "tests/envoy/"
_ALIKE: Final = (
    "test_a2a",
    "test_anthropic",
    "test_credentials",
    "test_egress",
    "test_ext_authz",
    "test_guardrail",
    "test_hazards",
    "test_identity",
    "test_metadata",
    "test_model_armor",
    "test_openai",
    "test_provenance",
    "test_tool_pins",
)
"""Tests of gateways that ask and look at the answer, and time nothing."""

_ORDER: Final = ("rest", "envoy", "alike")
"""What is longest comes first, so that the last is done by whoever is free."""


def _group(nodeid: str) -> str:
    if not nodeid.startswith(_GATEWAYS):
        return "rest"
    return "alike" if nodeid.removeprefix(_GATEWAYS).startswith(_ALIKE) else "envoy"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: _ORDER.index(_group(item.nodeid)))


class BesideEachOther(LoadScopeScheduling):
    """Tests of whole gateways behind Envoy run one after another, and so do all others beside them:
    either would starve more than one neighbour on two cores. When the others are done there is
    room for a second gateway, for tests that time nothing."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    config.option.loadscopereorder = False  # not by how many tests there are
    return BesideEachOther(config, log)
