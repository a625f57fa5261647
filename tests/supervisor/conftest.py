"""Fixtures of the tests that bring configurations into force."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.supervisor.reload_stage import Followed, reload_of
from tests.supervisor.rollout_stage import Stage, staged
from tests.supervisor.test_health import INTERVAL, Listener


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """One configuration is in force, and the stand-in of Envoy has taken it."""
    async with staged(tmp_path) as made:
        await made.start()
        yield made


@pytest.fixture
async def followed(tmp_path: Path) -> AsyncIterator[Followed]:
    """One endpoint is up and in force, and what follows the files has not begun yet."""
    listener = Listener()
    await listener.open()
    async with staged(tmp_path, endpoints=[listener.address]) as stage:
        await stage.start({("tracker", listener.address): True})
        reload = reload_of(stage)
        reload.discovery.health.watch({("tracker", listener.address): INTERVAL})
        yield Followed(stage, reload, listener)
        await reload.discovery.health.close()
    await listener.close()
