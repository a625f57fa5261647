"""The picker of all workers of a gateway: one placer behind a Unix socket.

What a worker has been given and not given back ends with its connection, so that a killed worker
leaves no endpoint looking busy and no place in a queue taken.
"""

import asyncio
import contextlib
from typing import Any

from gateway.model.demand import Demand
from gateway.model.jsonvalue import JsonValue
from gateway.model.placement import Dropped, Placement, Served
from gateway.pipeline.placer import Entry
from gateway.server.placewire import (
    BrokenLineError,
    frame,
    from_answer,
    receive,
    to_demand,
    to_served,
)
from gateway.server.placing import LocalPlacer


class PickerServer:
    """Serves `placer` to workers on the Unix socket `path`."""

    def __init__(self, placer: LocalPlacer, path: str) -> None:
        self._placer = placer
        self._path = path
        self._server: asyncio.Server | None = None
        self._customers: set[Customer] = set()

    async def start(self) -> None:
        """Bind and serve. Raises OSError."""
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        customer = Customer(self._placer, writer)
        self._customers.add(customer)
        try:
            while True:
                await customer.take(await receive(reader))
        except BrokenLineError:
            pass
        finally:
            self._customers.discard(customer)
            customer.leave()

    async def stop(self) -> None:
        """End every connection."""
        if self._server is not None:
            self._server.close()
        for customer in list(self._customers):
            customer.leave()


class Customer:
    """One worker."""

    def __init__(self, placer: LocalPlacer, writer: asyncio.StreamWriter) -> None:
        self._placer = placer
        self._writer = writer
        self._held: dict[tuple[str, int], Placement] = {}
        self._queued: dict[tuple[str, int], asyncio.Task[None]] = {}

    async def take(self, message: list[JsonValue]) -> None:
        """Do what a message says. Raises `BrokenLineError` for one that is none."""
        match message:
            case ["place", int(number), str(pool), list(values), int(size)]:
                await self._place(number, pool, to_demand(values), size)
            case ["leave", str(pool), int(entry)]:
                self._forget(pool, entry)
            case ["moved", str(pool), int(ticket), str(endpoint)]:
                placement = self._held.get((pool, ticket))
                if placement is not None:
                    self._placer.moved(placement, endpoint)
            case ["first", str(pool), int(ticket)]:
                placement = self._held.get((pool, ticket))
                if placement is not None:
                    self._placer.first_token(placement)
            case ["finish", str(pool), int(ticket), list(values)]:
                placement = self._held.pop((pool, ticket), None)
                if placement is not None:
                    self._placer.finish(placement, to_served(values))
            case _:
                raise BrokenLineError

    async def _place(self, number: int, pool: str, demand: Demand, size: int) -> None:
        answer = await self._placer.place(pool, demand, size)
        if isinstance(answer, Placement):
            self._hold(answer)
        self._say(["answer", number, from_answer(answer)])
        if isinstance(answer, Entry):
            waiting = asyncio.ensure_future(self._wait(answer))
            self._queued[answer.pool, answer.number] = waiting

    async def _wait(self, entry: Entry) -> None:
        try:
            result: Placement | Dropped = await self._placer.wait(entry)
        except asyncio.CancelledError:
            self._placer.leave(entry)
            raise
        del self._queued[entry.pool, entry.number]
        if isinstance(result, Placement):
            self._hold(result)
        self._say(["end", entry.pool, entry.number, from_answer(result)])

    def _hold(self, placement: Placement) -> None:
        key = placement.pool, placement.ticket
        self._held[key] = placement
        self._placer.when_evicted(placement, lambda: self._say(["evict", *key]))

    def _forget(self, pool: str, entry: int) -> None:
        """The worker no longer waits; an end that crossed this on its way it finishes itself."""
        waiting = self._queued.pop((pool, entry), None)
        if waiting is not None:
            waiting.cancel()

    def _say(self, message: list[Any]) -> None:
        if not self._writer.is_closing():
            self._writer.write(frame(message))

    def leave(self) -> None:
        """The worker is gone, and all that it had."""
        for waiting in self._queued.values():
            waiting.cancel()
        self._queued.clear()
        for placement in self._held.values():
            self._placer.finish(placement, Served())
        self._held.clear()
        with contextlib.suppress(OSError):
            self._writer.close()
