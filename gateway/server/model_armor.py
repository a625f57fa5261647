"""Google Model Armor's sanitize methods, answered by Guardrails: an ASGI application.

Clients of Model Armor point at the gateway and get its findings: a template's id names a Guardrail.
Like the original it only tells; what comes of a match is for the client. Who asks proves who he is
as everywhere else, with an API key or a token.

Source: the REST surface of modelarmor.googleapis.com v1; errors as in google.rpc.Status.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.model.finding import Action, SkipReason
from gateway.model.head import Headers, Peer, RequestHead
from gateway.model.jsonvalue import JsonObject
from gateway.model.refusal import AUDIT_HEADER, Reason, Refusal
from gateway.server.model_armor_request import METHODS, BadRequestError, ClientText, read_request
from gateway.server.sanitizing import ROUTE_NAME, Authenticate, Examine, Examined, Terms
from gateway.wire.sanitization import sanitization_result

LOG: Final = logging.getLogger("gatehouse.model_armor")

_STATUS: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_DIRECTIONS: Final = {method: direction for direction, method in METHODS.items()}


class ModelArmorApplication:
    """The two sanitize methods. `authenticate` tells who sent a request, `examine` judges."""

    def __init__(
        self,
        terms: Callable[[], Terms],
        authenticate: Authenticate,
        examine: Examine,
    ) -> None:
        self._terms = terms
        self._authenticate = authenticate
        self._examine = examine
        self._serving = 0
        path = "/v1/projects/{project}/locations/{location}/templates/{call}"
        self.application = Starlette(
            routes=[Route(path, self._sanitize, methods=["POST"])],
            exception_handlers={HTTPStatus.NOT_FOUND: _not_found, 405: _not_found},
        )

    async def _sanitize(self, request: Request) -> Response:
        terms = self._terms()
        if self._serving >= terms.concurrency:
            return _error(HTTPStatus.TOO_MANY_REQUESTS, "too many requests at once")
        self._serving += 1
        try:
            async with asyncio.timeout(terms.seconds):
                return await self._answer(request, terms)
        except TimeoutError:
            return _error(HTTPStatus.GATEWAY_TIMEOUT, "not judged in time")
        except ClientDisconnect:
            return _error(HTTPStatus.BAD_REQUEST, "the request has no end")
        except Exception as error:  # noqa: BLE001  a traceback could quote what was judged
            LOG.error("a request of Model Armor's API ended by %s", type(error).__name__)  # noqa: TRY400
            return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error")
        finally:
            self._serving -= 1

    async def _answer(self, request: Request, terms: Terms) -> Response:
        principal = self._authenticate(_head(request))
        if isinstance(principal, Refusal):
            return _refused(principal)
        template, _, method = request.path_params["call"].rpartition(":")
        direction = _DIRECTIONS.get(method)
        guardrail = terms.templates.get(template) if terms.templates else template
        if direction is None or not guardrail:
            return _error(HTTPStatus.NOT_FOUND, "no such template or method")
        body = await _body(request, terms.max_bytes)
        if body is None:
            return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too large")
        try:
            asked = read_request(body, direction, terms.max_bytes)
        except BadRequestError as error:
            return _error(HTTPStatus.BAD_REQUEST, str(error))
        try:
            examined = await self._examine(guardrail, asked, principal)
        except KeyError:
            return _error(HTTPStatus.NOT_FOUND, "no such template or method")
        told = _told(examined, asked)
        if examined.audit_id:
            told.headers[AUDIT_HEADER] = examined.audit_id
        return told


def _told(examined: Examined, asked: ClientText) -> Response:
    """What was not judged although it had to be is an error: a client that looks for matches alone
    would take it for harmless."""
    outcome = examined.outcome
    enforced = [one for one in outcome.missed if one.action is Action.BLOCK and not one.shadow]
    matched = any(one.action is Action.BLOCK and not one.shadow for one in outcome.found)
    if enforced and not matched:
        if all(one.skipped.reason is SkipReason.OVERSIZE for one in enforced):
            return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the text is too large")
        return _error(HTTPStatus.SERVICE_UNAVAILABLE, "not all of the text could be judged")
    result = sanitization_result(outcome, examined.filters, asked.text, examined.masked)
    return JSONResponse({"sanitizationResult": result})


def _head(request: Request) -> RequestHead:
    """The head as identity reads it. Header lines of this listener prove nothing about a peer."""
    lines = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw
    ]
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    host = request.client.host if request.client is not None else ""
    return RequestHead(
        request.method,
        path,
        request.headers.get("host", ""),
        request.url.scheme,
        Headers(lines),
        ROUTE_NAME,
        Peer(address=host),
    )


async def _body(request: Request, limit: int) -> bytes | None:
    """The body, None as soon as it is too large."""
    received = bytearray()
    async for piece in request.stream():
        received += piece
        if len(received) > limit:
            return None
    return bytes(received)


def _refused(refusal: Refusal) -> Response:
    status = HTTPStatus.UNAUTHORIZED
    if refusal.reason is not Reason.UNAUTHENTICATED:
        status = HTTPStatus.SERVICE_UNAVAILABLE  # the keys of an issuer are not at hand
    return _error(status, refusal.message, dict(refusal.headers))


async def _not_found(request: Request, error: Exception) -> Response:
    del request, error
    return _error(HTTPStatus.NOT_FOUND, "no such template or method")


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    error: JsonObject = {"code": int(status), "message": message, "status": _STATUS[int(status)]}
    return JSONResponse({"error": error}, int(status), headers=headers)
