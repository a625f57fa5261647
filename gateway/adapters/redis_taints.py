"""Taints that gateways share, in Redis or Valkey.

Each label is a key of its own that the server forgets by itself: PREFIXtaint:KEY:LABEL. A read
asks for every label that there is a document for, which are few.
"""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from redis.asyncio import Redis

from gateway.adapters.redis_client import GONE, open_client
from gateway.config.state import State


class RedisTaints:
    """A `TaintStore`; `prefix` is that of `state`."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    async def read(self, keys: Sequence[str], labels: Collection[str]) -> frozenset[str] | None:
        """Which of the labels are under any of the keys; None where the server does not answer."""
        asked = [(key, label) for key in keys for label in labels]
        if not asked:
            return frozenset()
        try:
            found = await cast("Any", self._client.mget([self._name(*one) for one in asked]))
        except GONE:
            return None
        return frozenset(
            label for (_, label), value in zip(asked, found, strict=True) if value is not None
        )

    async def write(self, keys: Sequence[str], labels: Mapping[str, float]) -> bool:
        """Keep labels, each for its seconds from now."""
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                for key in keys:
                    for label, seconds in labels.items():
                        name, milliseconds = self._name(key, label), max(round(seconds * 1000), 1)
                        pipe.set(name, 1, px=milliseconds)
                await pipe.execute()
        except GONE:
            return False
        return True

    async def close(self) -> None:
        """Let the connections go."""
        with contextlib.suppress(*GONE):
            await self._client.aclose()

    def _name(self, key: str, label: str) -> str:
        return f"{self._prefix}taint:{key}:{label}"


def open_taints(state: State) -> RedisTaints:
    """The store that `state` names; it connects when it is first asked."""
    return RedisTaints(open_client(state), state.prefix)
