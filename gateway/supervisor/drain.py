"""The last seconds of an Envoy: no new connections, open requests end."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import httpx

from gateway.config.schema import Gateway
from gateway.edge.admin import EnvoyAdmin, admin_address

LOG: Final = logging.getLogger("gatehouse.supervisor")
DRAIN_POLL_SECONDS: Final = 0.05


async def drain(gateway: Gateway, hurried: Callable[[], bool]) -> None:
    """Give open requests `limits.drain_seconds` to end, or until somebody is in a hurry."""
    envoy = EnvoyAdmin(admin_address(gateway))
    try:
        async with asyncio.timeout(gateway.limits.drain_seconds):
            await envoy.drain_listeners()
            while not hurried() and await envoy.active_requests(gateway):  # noqa: ASYNC110  Envoy
                await asyncio.sleep(DRAIN_POLL_SECONDS)
    except TimeoutError:
        LOG.warning("requests that were still open after the drain are cut")
    except httpx.HTTPError:
        LOG.warning("Envoy's admin address does not answer: nothing is waited for")
    finally:
        await envoy.close()
