"""Fetches the key sets of token issuers, from files and over HTTP, and keeps them fresh.

The supervisor alone runs this; workers get the documents from it. A key set that was read once
stays in force until a newer one parses: an issuer that is down for an hour must not lock out
everybody. It never follows a redirect, never sends a credential and believes no environment
variable about proxies.
"""

import asyncio
import ipaddress
import random as randomness
import ssl
import time
import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx

from gateway.adapters.jwks_schedule import Schedule
from gateway.config.schema import JwtIssuer
from gateway.identity.keys import MAX_DOCUMENT, parse_key_set

FETCH_SECONDS: Final = 10.0


class KeySetError(Exception):
    """A key set could not be fetched or read; the text quotes nothing of what was received."""


@dataclass(frozen=True, slots=True)
class KeySetState:
    """One issuer's key set, for `gatehouse status`.

    `keys` is 0 until a set was read; `fetched_at` is when the set in force was last confirmed,
    `next_at` when it is due again, both in seconds of the clock; `error` is the last fault, empty
    after a success.
    """

    issuer: str
    source: str
    keys: int
    fetched_at: float | None
    next_at: float
    failures: int
    error: str


OnChange = Callable[[str, bytes], None]
"""Told an issuer and its JWKS document at first and after every change; must not raise."""


class _Issuer:
    """One issuer's source, schedule and last good document."""

    def __init__(self, config: JwtIssuer) -> None:
        self.config = config
        self.issuer = config.issuer
        self.source = _source(config)
        self.schedule = Schedule(config.refresh)
        self.wake = asyncio.Event()
        self.document: bytes | None = None
        self.keys = 0
        self.fetched_at: float | None = None
        self.error = ""

    def inherit(self, former: "_Issuer") -> None:
        """Go on with the set of an entry that this one replaces, until the first fetch."""
        self.document, self.keys = former.document, former.keys
        self.fetched_at = former.fetched_at

    def state(self) -> KeySetState:
        return KeySetState(
            self.issuer,
            str(self.source),
            self.keys,
            self.fetched_at,
            self.schedule.due,
            self.schedule.failures,
            self.error,
        )


class JwksKeeper:
    """Keeps the key sets of several issuers.

    `clock` gives seconds and never runs backwards, `random` values in [0, 1); a fetch that takes
    longer than `fetch_seconds` has failed. ValueError for an issuer without exactly one source, or
    with a plain-HTTP source that is not on loopback.
    """

    def __init__(
        self,
        issuers: Sequence[JwtIssuer],
        on_change: OnChange,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = randomness.random,
        fetch_seconds: float = FETCH_SECONDS,
    ) -> None:
        self._issuers = {config.issuer: _Issuer(config) for config in issuers}
        self._replaced = asyncio.Event()
        self._on_change = on_change
        self._clock = clock
        self._random = random
        self._fetch_seconds = fetch_seconds

    def replace(self, issuers: Sequence[JwtIssuer]) -> bool:
        """Keep the sets of these issuers from now on; whether any of them is new or changed. One
        that stays as it was keeps its set and schedule; a changed one is fetched at once and keeps
        its set until that succeeds, so that a reload refuses nobody."""
        before = self._issuers
        if list(issuers) == [one.config for one in before.values()]:
            return False
        self._issuers = {one.issuer: _successor(before.get(one.issuer), one) for one in issuers}
        self._replaced.set()
        return True

    def states(self) -> tuple[KeySetState, ...]:
        """What is known of every issuer, in the order of the configuration."""
        return tuple(one.state() for one in self._issuers.values())

    def documents(self) -> dict[str, bytes]:
        """The key sets in force, by issuer."""
        return {
            name: one.document for name, one in self._issuers.items() if one.document is not None
        }

    def hurry(self, issuer: str) -> None:
        """A token named a key that the issuer's set does not have: fetch early, but not often."""
        one = self._issuers.get(issuer)
        if one is not None:
            one.schedule.hurry(self._clock())
            one.wake.set()

    async def run(self) -> None:
        """Fetch and refresh until cancelled, also when there is nothing to fetch yet."""
        while True:
            self._replaced.clear()
            async with _client() as client, asyncio.TaskGroup() as tasks:
                keepers = [
                    tasks.create_task(self._keep(client, one)) for one in self._issuers.values()
                ]
                await self._replaced.wait()
                for keeper in keepers:
                    keeper.cancel()

    async def refresh_due(self) -> None:
        """Fetch, once, what is due now; faults are kept in `states`."""
        async with _client() as client, asyncio.TaskGroup() as tasks:
            for one in self._issuers.values():
                if one.schedule.due <= self._clock():
                    tasks.create_task(self._refresh(client, one))

    async def _keep(self, client: httpx.AsyncClient, one: _Issuer) -> None:
        while True:
            one.wake.clear()
            wait = one.schedule.due - self._clock()
            if wait <= 0:
                await self._refresh(client, one)
                continue
            try:
                await asyncio.wait_for(one.wake.wait(), wait)
            except TimeoutError:
                continue

    async def _refresh(self, client: httpx.AsyncClient, one: _Issuer) -> None:
        one.schedule.started(self._clock())
        try:
            document = await _read(client, one.source, self._fetch_seconds)
            keys = _usable_keys(document)
        except KeySetError as error:
            one.error = str(error)
            one.schedule.failed(self._clock(), self._random())
            return
        changed = document != one.document
        one.document, one.keys, one.error = document, keys, ""
        one.fetched_at = self._clock()
        one.schedule.succeeded(one.fetched_at, self._random())
        if changed:
            self._on_change(one.issuer, document)


def _successor(former: _Issuer | None, config: JwtIssuer) -> _Issuer:
    if former is not None and former.config == config:
        return former
    issuer = _Issuer(config)
    if former is not None:
        issuer.inherit(former)
    return issuer


def _source(config: JwtIssuer) -> Path | str:
    if (config.jwks_file is None) == (config.jwks_url is None):
        raise ValueError("identity.jwt: give exactly one of jwks_file and jwks_url")
    if config.jwks_url is None:
        return Path(config.jwks_file or "")
    url = urllib.parse.urlsplit(config.jwks_url)
    if url.username is not None or url.password is not None:
        raise ValueError("identity.jwt: jwks_url may not contain credentials")
    if url.scheme != "https" and not _is_loopback(url.hostname or ""):
        raise ValueError("identity.jwt: jwks_url must be https, except on loopback")
    return config.jwks_url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        follow_redirects=False,
        trust_env=False,
        verify=ssl.create_default_context(),
        timeout=FETCH_SECONDS,
        # A compressed answer could grow beyond any limit on what is received.
        headers={
            "accept": "application/jwk-set+json, application/json",
            "accept-encoding": "identity",
        },
    )


def _usable_keys(document: bytes) -> int:
    try:
        return len(parse_key_set(document).keys)
    except ValueError as error:
        raise KeySetError(str(error)) from None


async def _read(client: httpx.AsyncClient, source: Path | str, limit: float) -> bytes:
    if isinstance(source, Path):
        return await asyncio.to_thread(_read_file, source)
    try:
        async with asyncio.timeout(limit):
            return await _fetch(client, source)
    except TimeoutError:
        raise KeySetError(f"no complete answer within {limit:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise KeySetError(f"cannot be fetched: {type(error).__name__}") from None


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            document = file.read(MAX_DOCUMENT + 1)
    except OSError as error:
        raise KeySetError(f"cannot be read: {error.strerror}") from None
    if len(document) > MAX_DOCUMENT:
        raise KeySetError(f"more than {MAX_DOCUMENT} bytes")
    return document


async def _fetch(client: httpx.AsyncClient, url: str) -> bytes:
    """The body of a 200 answer, read no further than the limit, in whatever pieces it comes."""
    async with client.stream("GET", url) as response:
        if response.status_code != HTTPStatus.OK:
            raise KeySetError(f"answered with HTTP {response.status_code}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise KeySetError("answered with a content encoding that was not asked for")
        received = bytearray()
        async for piece in response.aiter_raw():
            received += piece
            if len(received) > MAX_DOCUMENT:
                raise KeySetError(f"more than {MAX_DOCUMENT} bytes")
        return bytes(received)
