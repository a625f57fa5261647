"""Asks an MCP server for its tools, as a client does: 2026-07-28 without a session, and where a
server does not speak that, an older revision with its handshake.

No redirect is followed, no variable of the environment about proxies is believed, and answers are
read no further than their limits. No text of an error quotes what was received, nor a credential.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import httpx

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.protocols.mcp.attributes import (
    CLIENT_CAPABILITIES_KEY,
    CLIENT_INFO_KEY,
    PROTOCOL_VERSION_KEY,
)
from gateway.protocols.mcp.era import HANDSHAKE_REVISIONS, MODERN_REVISIONS
from gateway.wire.content import is_media_type
from gateway.wire.sse import Reader
from gateway.wire.strictjson import Document, decode

MAX_BYTES: Final = 4 * 1024 * 1024
"""Of all answers of one look together."""
MAX_PAGES: Final = 100
MAX_TOOLS: Final = 10_000
ANSWER_SECONDS: Final = 10.0
"""For one look, with every page of it."""
END_SECONDS: Final = 1.0
"""For the end of a session, when nothing else is wanted any more."""

_MODERN: Final = MODERN_REVISIONS[-1]
_LEGACY: Final = HANDSHAKE_REVISIONS[-1]
_CLIENT: Final[JsonObject] = {"name": "gatehouse", "version": "1"}
_JSON: Final = "application/json"
_EVENTS: Final = "text/event-stream"
_SESSION: Final = "mcp-session-id"
_NO_BODY: Final = frozenset({HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT})


class ToolListError(Exception):
    """A server cannot be asked or understood; the text says why."""


class _OtherRevisionError(Exception):
    """The server does not speak the newest revision."""


@dataclass(frozen=True, slots=True)
class ToolServer:
    """One server. `address` is "ip:port", `path` that of its MCP endpoint, `host` the Host header
    ("": the address). With `tls` its certificate has to name `server_name` ("": the address) and
    chain to `ca` (None: the system's); `certificate` and `key` are our own. `header` is the
    credential, name and value."""

    address: str
    path: str
    host: str = ""
    tls: bool = False
    server_name: str = ""
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    header: tuple[str, str] | None = field(default=None, repr=False)


async def list_tools(server: ToolServer, patience: float = ANSWER_SECONDS) -> list[JsonObject]:
    """The definitions of all tools that a server offers, in its order; `patience` is in seconds.
    Raises `ToolListError`."""
    try:
        async with asyncio.timeout(patience), _connected(server) as client:
            try:
                return await _Talk(client, server, _MODERN).listed()
            except _OtherRevisionError:
                return await _with_handshake(client, server)
    except TimeoutError:
        raise ToolListError(f"no answer in {patience:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise ToolListError(f"cannot be reached: {type(error).__name__}") from None


@asynccontextmanager
async def _connected(server: ToolServer) -> AsyncGenerator[httpx.AsyncClient]:
    try:
        context = await asyncio.to_thread(_context, server) if server.tls else None
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ToolListError(f"TLS files cannot be read: {type(error).__name__}") from None
    async with httpx.AsyncClient(
        follow_redirects=False,
        trust_env=False,
        verify=context or False,  # without a context nothing is encrypted
        timeout=None,  # noqa: S113  all of it has a deadline
    ) as client:
        yield client


def _context(server: ToolServer) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=server.ca)
    if server.certificate is not None:
        context.load_cert_chain(server.certificate, server.key)
    return context


async def _with_handshake(client: httpx.AsyncClient, server: ToolServer) -> list[JsonObject]:
    """By a session, which is ended afterwards where the server began one."""
    talk = _Talk(client, server, _LEGACY)
    await talk.shake_hands()
    try:
        return await talk.listed()
    finally:
        await talk.end()


class _Talk:
    """Messages of one revision with one server."""

    def __init__(self, client: httpx.AsyncClient, server: ToolServer, revision: str) -> None:
        self._client = client
        self._server = server
        self._revision = revision
        self._session = ""
        self._number = 0
        self._left = MAX_BYTES

    async def listed(self) -> list[JsonObject]:
        tools: list[JsonObject] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            result = await self._ask("tools/list", {} if cursor is None else {"cursor": cursor})
            page = result.get("tools")
            found = [one for one in page if isinstance(one, dict)] if isinstance(page, list) else []
            if not isinstance(page, list) or len(found) != len(page):
                raise ToolListError("its list of tools is none")
            tools += found
            if len(tools) > MAX_TOOLS:
                raise ToolListError(f"it offers more than {MAX_TOOLS} tools")
            match result.get("nextCursor"):
                case None | "":
                    return tools
                case str(more) if more != cursor:
                    cursor = more
                case _:
                    raise ToolListError("its list does not go on as it says")
        raise ToolListError(f"its list has more than {MAX_PAGES} pages")

    async def shake_hands(self) -> None:
        about: JsonObject = {"capabilities": {}, "clientInfo": _CLIENT}
        result = await self._ask("initialize", {"protocolVersion": self._revision, **about})
        agreed = result.get("protocolVersion")
        if not isinstance(agreed, str) or agreed not in HANDSHAKE_REVISIONS:
            raise ToolListError("it speaks no revision of MCP that is known here")
        self._revision = agreed
        await self._post({"jsonrpc": "2.0", "method": "notifications/initialized"}, None)

    async def end(self) -> None:
        if not self._session:
            return
        request = self._request("DELETE", None, "")
        with contextlib.suppress(httpx.HTTPError, TimeoutError):  # it forgets the session itself
            async with asyncio.timeout(END_SECONDS):
                answer = await self._client.send(request, stream=True)
                await answer.aclose()

    async def _ask(self, method: str, params: JsonObject) -> JsonObject:
        self._number += 1
        if self._revision == _MODERN:
            params = {**params, "_meta": _meta()}
        message: JsonObject = {
            "jsonrpc": "2.0",
            "id": self._number,
            "method": method,
            "params": params,
        }
        answer = await self._post(message, self._number)
        result = answer.get("result") if answer is not None else None
        if isinstance(result, dict):
            return result
        if self._revision == _MODERN:
            raise _OtherRevisionError
        raise ToolListError(f"it answers {method} with an error")

    async def _post(self, message: JsonObject, ident: int | None) -> JsonObject | None:
        """The answer to a message; None where it has none."""
        content = json.dumps(message).encode()
        request = self._request("POST", content, str(message["method"]))
        answer = await self._client.send(request, stream=True)
        try:
            return await self._answer(answer, ident)
        finally:
            await answer.aclose()

    async def _answer(self, answer: httpx.Response, ident: int | None) -> JsonObject | None:
        if ident is None and (answer.status_code in _NO_BODY or answer.is_success):
            return None
        if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise ToolListError(f"HTTP {answer.status_code}: it wants another credential")
        if answer.status_code != HTTPStatus.OK:
            if self._revision == _MODERN and answer.is_client_error:
                raise _OtherRevisionError
            raise ToolListError(f"HTTP {answer.status_code}")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise ToolListError("it answers in a coding that was not asked for")
        self._session = answer.headers.get(_SESSION, self._session)
        kind = answer.headers.get("content-type", "")
        if is_media_type(kind, _EVENTS):
            return await self._from_events(answer, ident)
        if not is_media_type(kind, _JSON):
            raise ToolListError("it answers with something that is neither JSON nor events")
        body = b"".join([piece async for piece in self._pieces(answer)])
        return _message(body, ident)

    async def _from_events(self, answer: httpx.Response, ident: int | None) -> JsonObject:
        reader = Reader(MAX_BYTES)
        async for piece in self._pieces(answer):
            for event in reader.feed(piece):
                found = _message(event.data, ident) if event.data else None
                if found is not None:
                    return found
        raise ToolListError("its stream ends before the answer")

    async def _pieces(self, answer: httpx.Response) -> AsyncGenerator[bytes]:
        async for piece in answer.aiter_raw():
            self._left -= len(piece)
            if self._left < 0:
                raise ToolListError(f"it says more than {MAX_BYTES} bytes")
            yield piece

    def _request(self, verb: str, content: bytes | None, method: str) -> httpx.Request:
        server = self._server
        headers = {
            "accept": f"{_JSON}, {_EVENTS}",
            "accept-encoding": "identity",
            "content-type": _JSON,
            "host": server.host or server.address,
            "user-agent": "gatehouse",
        }
        if self._revision == _MODERN:
            headers |= {"mcp-protocol-version": _MODERN, "mcp-method": method}
        elif method != "initialize":
            headers["mcp-protocol-version"] = self._revision
        if self._session:
            headers[_SESSION] = self._session
        if server.header is not None:
            headers[server.header[0]] = server.header[1]
        name = server.server_name or server.address.rpartition(":")[0].strip("[]")
        scheme = "https" if server.tls else "http"
        return self._client.build_request(
            verb,
            f"{scheme}://{server.address}{server.path}",
            content=content,
            headers=headers,
            extensions={"sni_hostname": name} if server.tls else {},
        )


def _meta() -> JsonObject:
    return {
        PROTOCOL_VERSION_KEY: _MODERN,
        CLIENT_INFO_KEY: _CLIENT,
        CLIENT_CAPABILITIES_KEY: {},
    }


def _message(data: bytes, ident: int | None) -> JsonObject | None:
    """The answer to the request with this id; None for another message."""
    document = decode(data, MAX_BYTES)
    if not isinstance(document, Document):
        raise ToolListError("it says something that is not strict JSON")
    value: JsonValue = document.value
    if not isinstance(value, dict):
        raise ToolListError("it says something that is no message")
    return value if "method" not in value and value.get("id") == ident else None
