"""Follows one collection of a Kubernetes cluster: all of it is listed, then changes are watched.

Source: Kubernetes API concepts, "Efficient detection of changes": a watch goes on from the version
of the list or of the last event or bookmark; 410 Gone means to list anew.
"""

import asyncio
import math
import random
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Generic, TypeVar

from gateway.adapters.kubernetes_api import (
    Access,
    GoneError,
    KubernetesApi,
    KubernetesError,
    MissingError,
)
from gateway.adapters.kubernetes_objects import ObjectError, name_and_version
from gateway.model.jsonvalue import JsonObject

T = TypeVar("T")

PAGE_OBJECTS: Final = 250
MOST_OBJECTS: Final = 10_000
"""Of one collection: each is a server that is connected to and asked."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds until the API is asked again: `first` after one failure, twice as long after each
    further one, at most `last`, all of them less up to a half at random. A watch is to last
    `watch`: short, so that a connection that died unseen is found, which is `grace` later."""

    first: float = 0.5
    last: float = 30.0
    watch: float = 60.0
    grace: float = 10.0

    def after(self, failures: int, chance: random.Random) -> float:
        """Seconds to wait after so many failures in a row, of which there is at least one."""
        longest = min(self.first * 2 ** min(failures - 1, 16), self.last)
        return longest * chance.uniform(0.5, 1)


PACE: Final = Pace()


@dataclass(frozen=True, slots=True)
class Kind:
    """Objects of a cluster: what `path` holds, limited by `query`; `{namespace}` in it is that of
    the access. More than `most` are a fault. That the API does not know it is one, too, unless it
    is `optional` and there are no objects of it that it would lose."""

    path: str
    query: Mapping[str, str]
    most: int = MOST_OBJECTS
    optional: bool = False


class Collection(Generic[T]):
    """The objects of one kind.

    `objects` maps names to what `read` makes of each object, None until there was a first list.
    `fault` says why they may be old, "" if they are not. `told` is called when either changes. An
    object that `read` refuses with ObjectError is a fault.
    """

    def __init__(
        self,
        access: Callable[[], Access],
        kind: Kind,
        read: Callable[[JsonObject], T],
        told: Callable[[], None],
        pace: Pace = PACE,
    ) -> None:
        self.objects: dict[str, T] | None = None
        self.fault = ""
        self._access = access
        self._kind = kind
        self._read = read
        self._told = told
        self._pace = pace
        self._chance = random.Random()  # noqa: S311  spreads load, guards nothing
        self._failures = 0

    async def follow(self) -> None:
        """List and watch until cancelled, whatever the API does."""
        while True:
            try:
                access = await asyncio.to_thread(self._access)
                async with access.connected() as api:
                    await self._list_and_watch(
                        api, self._kind.path.format(namespace=access.namespace)
                    )
            except GoneError:
                pass  # the usual end of a version, not a fault
            except MissingError as error:
                none = self._kind.optional and not self.objects
                self._now({} if none else self.objects, "" if none else str(error))
            except (KubernetesError, ObjectError) as error:
                self._now(self.objects, str(error))
            await self._pause()

    def _now(self, objects: dict[str, T] | None, fault: str) -> None:
        same = (objects, fault) == (self.objects, self.fault)
        self.objects, self.fault = objects, fault
        if not same:
            self._told()

    async def _pause(self) -> None:
        self._failures += 1
        await asyncio.sleep(self._pace.after(self._failures, self._chance))

    async def _list_and_watch(self, api: KubernetesApi, path: str) -> None:
        """Ends by an exception alone."""
        objects, version = await self._list(api, path)
        self._now(objects, "")
        clock = asyncio.get_running_loop()
        while True:
            began = clock.time()
            version = await self._watch(api, path, version)
            if clock.time() - began > self._pace.watch / 2:
                self._failures = 0
            await self._pause()

    async def _list(self, api: KubernetesApi, path: str) -> tuple[dict[str, T], str]:
        objects: dict[str, T] = {}
        query = {**self._kind.query, "limit": str(PAGE_OBJECTS)}
        while True:
            page = await api.page(path, query)
            objects |= {name_and_version(one)[0]: self._read(one) for one in page.items}
            self._bound(objects)
            if not page.more:
                return objects, page.version
            if not page.items:
                raise KubernetesError("said something that is no list")
            query["continue"] = page.more

    def _bound(self, objects: Mapping[str, T]) -> None:
        if len(objects) > self._kind.most:
            raise KubernetesError(f"has more than {self._kind.most} objects that are meant")

    async def _watch(self, api: KubernetesApi, path: str, version: str) -> str:
        """One watch, to its end; the version to go on from."""
        query = {
            **self._kind.query,
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(math.ceil(self._pace.watch)),
        }
        try:
            async with (
                asyncio.timeout(self._pace.watch + self._pace.grace),
                aclosing(api.watch(path, query)) as events,
            ):
                async for event in events:
                    version = self._take(event)
                    self._failures = 0
        except TimeoutError:
            pass  # the API did not end it in time: the connection is dead
        return version

    def _take(self, event: JsonObject) -> str:
        """Note what happened; the version after it."""
        match event:
            case {"type": "ERROR", "object": {"code": int(code)}}:
                if code == HTTPStatus.GONE:
                    raise GoneError("the version is gone")
                raise KubernetesError(f"ended the watch with {code}")
            case {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(version)}}}:
                return version
            case {"type": "ADDED" | "MODIFIED" | "DELETED" as kind, "object": dict(value)}:
                name, version = name_and_version(value)
                objects = {**(self.objects or {})}
                objects.pop(name, None)
                if kind != "DELETED":
                    objects[name] = self._read(value)
                self._bound(objects)
                self._now(objects, "")
                return version
            case _:
                raise KubernetesError("said something that is no event")
