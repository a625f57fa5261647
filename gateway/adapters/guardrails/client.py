"""JSON over HTTP with services that may misbehave.

Connections are kept. No redirect is followed, no variable of the environment about proxies is
believed, and an answer is read no further than a limit. Errors quote nothing of what was sent or
received.
"""

import json
import ssl
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

import httpx

from gateway.config.providers import ProviderAccess
from gateway.guardrails.provider import ProviderVerdict, Question
from gateway.model.finding import SkipReason
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.wire.strictjson import Malformed, decode

MAX_ANSWER: Final = 1024 * 1024
"""Bytes of an answer."""

MAX_TOKEN: Final = 16 * 1024
"""Bytes of a file with a token."""

_CONTENT: Final = frozenset({400, 413, 415, 422})
"""Statuses that speak of what was sent, and so by whoever wrote it."""

_TOO_LARGE: Final = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnusableError(Exception):
    """There is no verdict. `own` says that the service itself is at fault: what a caller can bring
    about by what he writes must not open the circuit for others."""

    def __init__(self, reason: SkipReason, *, own: bool = True) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.own = own


class Judge(Protocol):
    """What a provider does in its own form; time, size and trouble are others' concern."""

    async def judge(self, question: Question) -> ProviderVerdict:
        """The verdict. Raises `UnusableError` where there is none."""
        ...

    async def close(self) -> None:
        """Give up connections."""
        ...


class TokenSource(Protocol):
    """Where the credential comes from."""

    def header(self) -> tuple[str, str] | None:
        """Name and value of a header; None for none. Raises `UnusableError`, `own`."""
        ...


class NoToken:
    """For services that ask for no credential."""

    def header(self) -> tuple[str, str] | None:
        """None."""
        return None


class FixedToken:
    """A credential that is configured."""

    def __init__(self, name: str, value: str) -> None:
        self._header = (name, value)

    def header(self) -> tuple[str, str] | None:
        """The configured header."""
        return self._header


class TokenFile:
    """A bearer token in a file that another process keeps fresh."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[tuple[int, int, int], str] | None = None

    def header(self) -> tuple[str, str] | None:
        """The token as it stands in the file now."""
        try:
            found = self._path.stat()
            version = (found.st_mtime_ns, found.st_size, found.st_ino)
            if self._read is None or self._read[0] != version:
                self._read = (version, self._token())
        except (OSError, ValueError):
            raise UnusableError(SkipReason.ERROR) from None
        return "authorization", f"Bearer {self._read[1]}"

    def _token(self) -> str:
        with self._path.open("rb") as file:
            token = file.read(MAX_TOKEN + 1).decode("ascii").strip()
        if not token or len(token) > MAX_TOKEN or not token.isprintable():
            raise ValueError("no token")
        return token


def token_source(access: ProviderAccess) -> TokenSource:
    """The credential that the configuration names."""
    if access.token_file is not None:
        return TokenFile(Path(access.token_file))
    if access.auth is not None:
        return FixedToken(access.auth.header, access.auth.value.get_secret_value())
    return NoToken()


class HttpClient:
    """One service at `base`, with the certificate authority and the credential of `access`."""

    def __init__(self, base: str, access: ProviderAccess, connections: int) -> None:
        self._base = base.rstrip("/")
        self._tokens = token_source(access)
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            verify=ssl.create_default_context(cafile=access.ca),
            timeout=None,  # noqa: S113  whoever asks has a deadline for all of it
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            # A compressed answer could grow beyond any limit on what is received.
            headers={"accept": "application/json", "accept-encoding": "identity"},
        )

    async def post(self, path: str, value: JsonValue) -> JsonObject:
        """The JSON object that answers `value` with status 200. Raises `UnusableError`."""
        try:
            data = await self._exchange(self._base + path, json.dumps(value).encode())
        except httpx.TimeoutException:
            raise UnusableError(SkipReason.TIMEOUT) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError):
            raise UnusableError(SkipReason.ERROR) from None
        document = decode(data, MAX_ANSWER)
        if isinstance(document, Malformed) or not isinstance(document.value, dict):
            raise UnusableError(SkipReason.UNREADABLE)
        return document.value

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _exchange(self, url: str, body: bytes) -> bytes:
        headers = {"content-type": "application/json"}
        if (credential := self._tokens.header()) is not None:
            headers[credential[0]] = credential[1]
        async with self._client.stream("POST", url, content=body, headers=headers) as response:
            if response.status_code != HTTPStatus.OK:
                raise _refused(response.status_code)
            if response.headers.get("content-encoding", "identity") != "identity":
                raise UnusableError(SkipReason.UNREADABLE)
            received = bytearray()
            async for piece in response.aiter_raw():
                received += piece
                if len(received) > MAX_ANSWER:
                    raise UnusableError(SkipReason.UNREADABLE)
            return bytes(received)


def _refused(status: int) -> UnusableError:
    reason = SkipReason.OVERSIZE if status == _TOO_LARGE else SkipReason.ERROR
    return UnusableError(reason, own=status not in _CONTENT)
