"""Waiting for something, but not for ever; what does not wait pays nothing for it."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`. Raises TimeoutError when it waits for longer than `seconds`.

    Most judgements never wait: a timer for each would cost more than the machine and the codec
    do. So `work` runs to its first wait without one, which nothing could interrupt anyway.
    """
    try:
        awaited = work.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
    async with asyncio.timeout(seconds):
        return await _Rest(work, awaited)


class _Rest(Generic[T]):
    """A coroutine that has begun; `awaited` is what it waits for."""

    __slots__ = ("_awaited", "_work")

    def __init__(self, work: Coroutine[Any, Any, T], awaited: object) -> None:
        self._work = work
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, T]:
        """What `await` does, from the second step on."""
        awaited = self._awaited
        try:
            while True:
                try:
                    sent = yield awaited
                except BaseException as error:  # noqa: BLE001  whatever comes is for the coroutine
                    awaited = self._work.throw(error)
                else:
                    awaited = self._work.send(sent)
        except StopIteration as finished:
            result: T = finished.value
            return result
