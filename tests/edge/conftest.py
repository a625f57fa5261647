"""Fixtures of the tests that run a real Envoy."""

from collections.abc import AsyncIterator

import pytest

from tests.edge.stage import Service, Upstream, echoing, serving


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with echoing(Upstream()) as started:
        yield started


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serving(Service()) as started:
        yield started
