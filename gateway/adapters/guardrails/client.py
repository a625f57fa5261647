"""JSON over HTTP with services that may misbehave.

Connections are kept. No redirect is followed, no variable of the environment about proxies is
believed, and an answer is read no further than a limit. Errors quote nothing of what was sent or
received.
"""

import json
import ssl
from http import HTTPStatus
from typing import Final, Protocol

import httpx

from gateway.adapters.guardrails.credentials import CredentialError, token_source
from gateway.config.providers import ProviderAccess
from gateway.guardrails.provider import ProviderVerdict, Question
from gateway.model.finding import SkipReason
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.wire.strictjson import Malformed, decode

MAX_ANSWER: Final = 1024 * 1024
"""Bytes of an answer."""

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
        await self._tokens.close()
        await self._client.aclose()

    async def _exchange(self, url: str, body: bytes) -> bytes:
        headers = {"content-type": "application/json"}
        try:
            credential = await self._tokens.header()
        except CredentialError:
            raise UnusableError(SkipReason.ERROR) from None
        if credential is not None:
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
