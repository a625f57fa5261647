"""An HTTP client for the official MCP client that spoils a request on its way, once told how."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx2
from typing_extensions import override


@dataclass(frozen=True)
class Sent:
    """A request as the SDK made it: header lines with lower-case names, and the body."""

    headers: dict[str, str]
    body: bytes

    def with_headers(self, **changes: str) -> "Sent":
        """The same with other headers; underscores stand for hyphens."""
        lines = {name.replace("_", "-"): value for name, value in changes.items()}
        return replace(self, headers=self.headers | lines)

    def with_body(self, old: str, new: str) -> "Sent":
        """The same with one text in the body for another, which must be there."""
        assert old.encode() in self.body, self.body
        return replace(self, body=self.body.replace(old.encode(), new.encode(), 1))


class Tampering(httpx2.AsyncHTTPTransport):
    """Passes requests on; calls of tools go through `spoil` while one is set. `status` is that of
    the last call."""

    def __init__(self) -> None:
        super().__init__()
        self.spoil: Callable[[Sent], Sent] | None = None
        self.status = 0

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        if b'"tools/call"' not in body:
            return await super().handle_async_request(request)
        response = await super().handle_async_request(self._spoilt(request, body))
        self.status = response.status_code
        return response

    def _spoilt(self, request: httpx2.Request, body: bytes) -> httpx2.Request:
        if self.spoil is None:
            return request
        sent = self.spoil(Sent(dict(request.headers), body))
        lines = {name: value for name, value in sent.headers.items() if name != "content-length"}
        return httpx2.Request(
            request.method,
            request.url,
            headers=lines,
            content=sent.body,
            extensions=request.extensions,
        )
