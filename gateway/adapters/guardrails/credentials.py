"""Credentials that providers are asked with. Errors quote nothing of them.

Source of the metadata server: "Authenticate workloads to Google Cloud APIs using service accounts"
(cloud.google.com/compute/docs/access/authenticate-workloads).
"""

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

import httpx

from gateway.config.providers import ModelArmor, ProviderAccess
from gateway.wire.strictjson import Document, decode

MAX_TOKEN: Final = 16 * 1024
"""Bytes of a file or an answer with a token."""

METADATA_PATH: Final = "/computeMetadata/v1/instance/service-accounts/default/token"
_FLAVOR: Final = ("metadata-flavor", "Google")
"""What a request to a metadata server has, and what its answers have."""

RENEW_SECONDS: Final = 225.0
"""How long before its end a token is renewed: the metadata server has a fresh one 300 seconds
before."""


class CredentialError(Exception):
    """There is no credential now."""


class TokenSource(Protocol):
    """Where the credential comes from."""

    async def header(self) -> tuple[str, str] | None:
        """Name and value of a header; None for none. Raises `CredentialError`."""
        ...

    async def close(self) -> None:
        """Give up connections."""
        ...


class NoToken:
    """For services that ask for no credential."""

    async def header(self) -> tuple[str, str] | None:
        """None."""
        return None

    async def close(self) -> None:
        """There is none."""


class FixedToken(NoToken):
    """A credential that is configured."""

    def __init__(self, name: str, value: str) -> None:
        self._header = (name, value)

    async def header(self) -> tuple[str, str] | None:
        """The configured header."""
        return self._header


class TokenFile(NoToken):
    """A bearer token in a file that another process keeps fresh."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[tuple[int, int, int], str] | None = None

    async def header(self) -> tuple[str, str] | None:
        """The token as it stands in the file now."""
        try:
            found = self._path.stat()
            version = (found.st_mtime_ns, found.st_size, found.st_ino)
            if self._read is None or self._read[0] != version:
                self._read = (version, self._token())
        except (OSError, ValueError):
            raise CredentialError from None
        return _bearer(self._read[1])

    def _token(self) -> str:
        with self._path.open("rb") as file:
            token = file.read(MAX_TOKEN + 1).decode("ascii").strip()
        if not _is_token(token):
            raise ValueError("no token")
        return token


class MetadataToken:
    """The access token of the machine's own service account, from Google's metadata server at
    `base`. It is renewed before it ends; while it cannot be, the one at hand serves to its end.
    `now` is in seconds on a monotonic clock."""

    def __init__(self, base: str, now: Callable[[], float] = time.monotonic) -> None:
        self._url = base.rstrip("/") + METADATA_PATH
        self._now = now
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=None,  # noqa: S113  whoever asks has a deadline for all of it
            headers=dict((_FLAVOR,)),
        )
        self._one = asyncio.Lock()
        self._token = ""
        self._renew = self._end = 0.0

    async def header(self) -> tuple[str, str] | None:
        """The token, asked for by one caller at a time."""
        async with self._one:
            now = self._now()
            if now >= self._renew:
                try:
                    self._token, seconds = await self._fetched()
                except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError):
                    if now >= self._end:
                        raise CredentialError from None
                else:
                    self._end = now + seconds
                    self._renew = now + max(seconds - RENEW_SECONDS, 0.0)
        return _bearer(self._token)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _fetched(self) -> tuple[str, float]:
        """A token, and for how many seconds it holds. ValueError for what is none."""
        received = bytearray()
        async with self._client.stream("GET", self._url) as response:
            name, value = _FLAVOR
            if response.status_code != HTTPStatus.OK or response.headers.get(name) != value:
                raise ValueError("no metadata server")
            async for piece in response.aiter_bytes():
                received += piece
                if len(received) > MAX_TOKEN:
                    raise ValueError("too large")
        document = decode(bytes(received), MAX_TOKEN)
        match document.value if isinstance(document, Document) else None:
            case {"access_token": str(token), "expires_in": int(seconds)} if _is_token(token):
                return token, float(seconds)
            case _:
                raise ValueError("no token")


def token_source(access: ProviderAccess) -> TokenSource:
    """The credential that the configuration names."""
    if access.token_file is not None:
        return TokenFile(Path(access.token_file))
    if access.auth is not None:
        return FixedToken(access.auth.header, access.auth.value.get_secret_value())
    if isinstance(access, ModelArmor) and access.metadata_server is not None:
        return MetadataToken(access.metadata_server)
    return NoToken()


def _bearer(token: str) -> tuple[str, str]:
    return "authorization", f"Bearer {token}"


def _is_token(text: str) -> bool:
    return 0 < len(text) <= MAX_TOKEN and text.isascii() and text.isprintable()
