"""Refusals of Envoy and of its other filters in the protocol's form, without their inner reasons.

A request that was let through has its id in dynamic metadata and gets it back. Anything else never
ends as HTTP 200 or with `id: null`: MCP clients wait for ever for an answer to their id then.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from envoy_data_plane.envoy.config.accesslog.v3 import (
    AccessLogFilter,
    AndFilter,
    ComparisonFilter,
    ComparisonFilterOp,
    ExtensionFilter,
    MetadataFilter,
    OrFilter,
    StatusCodeFilter,
)
from envoy_data_plane.envoy.config.core.v3 import (
    DataSource,
    HeaderValue,
    HeaderValueOption,
    HeaderValueOptionHeaderAppendAction,
    RuntimeUInt32,
    SubstitutionFormatString,
)
from envoy_data_plane.envoy.extensions.access_loggers.filters.cel.v3 import ExpressionFilter
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import (
    LocalReplyConfig,
    ResponseMapper,
)
from envoy_data_plane.envoy.type.matcher.v3 import (
    MetadataMatcher,
    MetadataMatcherPathSegment,
    ValueMatcher,
)

from gateway.config.wiring import AUDIT_ID, RPC_ID, VERDICT_NAMESPACES
from gateway.edge.packing import packed
from gateway.model.jsonvalue import JsonObject
from gateway.model.refusal import (
    ANTHROPIC_FORMS,
    AUDIT_HEADER,
    ERROR_DOMAIN,
    ERROR_INFO,
    JSON_RPC_FORMS,
    OPENAI_FORMS,
    REST_FORMS,
    WORTH_REPEATING,
    ModelForm,
    Reason,
)

DETAILS_PREFIX: Final = "gatehouse"
"""An ImmediateResponse of the service whose `details` start so keeps its body; any other local
reply, one of the service without it included, gets a body from here."""

DENIED_BY_CHECK: Final = "ext_authz_denied"
"""The details of every refusal by some ext_authz. Those of the service carry the audit id in a
header, and keep their body too."""

_OWN: Final = (
    f"response.code_details.startsWith('{DETAILS_PREFIX}')"
    f" || (response.code_details == '{DENIED_BY_CHECK}' && '{AUDIT_HEADER}' in response.headers)"
)

RETRY_AFTER_SECONDS: Final = 1
_PASSING: Final = (503, 504)
"""What Envoy says when no worker could judge, or none did in time: it is worth another try."""

MESSAGES: Final[Mapping[int, tuple[int, str]]] = MappingProxyType(
    {
        400: (-32600, "bad request"),
        401: (-31401, "unauthenticated"),
        403: (-32600, "refused"),
        404: (-31404, "not found"),
        408: (-31500, "the request took too long to arrive"),
        413: (-31413, "the request body is too large"),
        429: (-31429, "too many requests"),
        431: (-32600, "the request headers are too large"),
        500: (-31500, "internal error"),
        502: (-31503, "the upstream failed"),
        503: (-31503, "temporarily unavailable"),
        504: (-31500, "timed out"),
    }
)
"""JSON-RPC error code and text by HTTP status; other statuses get those of 400 or 500."""


class _Status(NamedTuple):
    """A status, or all from one on: what it means, and the text for the caller."""

    op: ComparisonFilterOp
    status: int
    reason: Reason
    text: str


_UNAUTHENTICATED: Final = _Status(
    ComparisonFilterOp.EQ, 401, Reason.UNAUTHENTICATED, "unauthenticated"
)
_DENIED: Final = _Status(ComparisonFilterOp.EQ, 403, Reason.DENIED, "refused")
_TOO_LARGE: Final = _Status(
    ComparisonFilterOp.EQ, 413, Reason.TOO_LARGE, "the request is too large"
)
_LIMITED: Final = _Status(ComparisonFilterOp.EQ, 429, Reason.LIMITED, "too many requests")
_FAILED: Final = _Status(
    ComparisonFilterOp.GE, 500, Reason.NO_ENDPOINT, "the backend did not answer"
)
_UNAVAILABLE: Final = _FAILED._replace(text="temporarily unavailable")
_REFUSED: Final = _Status(ComparisonFilterOp.GE, 400, Reason.INVALID_REQUEST, "refused")

_BEHIND_US: Final = (_UNAUTHENTICATED, _DENIED, _LIMITED)
"""What a filter behind the gateway may say of a request that the gateway let through."""
_AFTERWARDS: Final = (*_BEHIND_US, _TOO_LARGE, _FAILED, _REFUSED)
"""What may become of such a request."""
_BEFORE: Final = (_TOO_LARGE, _UNAVAILABLE, _REFUSED)
"""What may become of one that nobody judged."""


@cache
def local_replies() -> LocalReplyConfig:
    """The mappers, first match wins; the same for every listener."""
    exact = [
        _mapper(ComparisonFilterOp.EQ, status, code, text)
        for status, (code, text) in MESSAGES.items()
    ]
    return LocalReplyConfig(
        mappers=[
            ResponseMapper(filter=_expressed(_OWN)),
            *_model_servers(),
            *_agents(),
            *(_answered(status) for status in (*_BEHIND_US, _FAILED)),
            *map(_unanswered, _BEHIND_US),
            *exact,
            _mapper(ComparisonFilterOp.GE, 500, *MESSAGES[500]),
            _mapper(ComparisonFilterOp.GE, 400, *MESSAGES[400]),
        ]
    )


# --- model servers ------------------------------------------------------------------------------


def _model_servers() -> Iterator[ResponseMapper]:
    """On routes to model servers, their errors; what was let through has an audit id, and if its
    upstream fails the status of the table as well."""
    for protocol, forms in (("openai", OPENAI_FORMS), ("anthropic", ANTHROPIC_FORMS)):
        error = _openai_error if protocol == "openai" else _anthropic_error
        for status in _AFTERWARDS:
            form = forms[status.reason]
            yield ResponseMapper(
                filter=_all(_compared(status), _speaks(protocol), _noted(AUDIT_ID)),
                status_code=form.status if status is _FAILED else None,
                body_format_override=_text(json.dumps(error(form, status.text, _AUDIT))),
                headers_to_add=[_header(AUDIT_HEADER, _AUDIT), *_retry(status)],
            )
        for status in _BEFORE:
            yield ResponseMapper(
                filter=_all(_compared(status), _speaks(protocol)),
                body_format_override=_text(
                    json.dumps(error(forms[status.reason], status.text, None))
                ),
                headers_to_add=_retry(status) if status is _UNAVAILABLE else [],
            )


def _retry(status: _Status) -> list[HeaderValueOption]:
    """When a repetition may help, or that none does. What a filter says itself stands."""
    if status.reason not in WORTH_REPEATING:
        return [_header("x-should-retry", "false")]
    wait = _header("retry-after", str(RETRY_AFTER_SECONDS))
    wait.append_action = HeaderValueOptionHeaderAppendAction.ADD_IF_ABSENT
    return [wait]


def _openai_error(form: ModelForm, text: str, reference: str | None) -> JsonObject:
    error: JsonObject = {"message": text, "type": form.type, "param": None, "code": form.code}
    if reference is not None:
        error["reference"] = reference
    return {"error": error}


def _anthropic_error(form: ModelForm, text: str, reference: str | None) -> JsonObject:
    error: JsonObject = {"type": "error", "error": {"type": form.type, "message": text}}
    if reference is not None:
        error["request_id"] = reference
    return error


# --- agents -------------------------------------------------------------------------------------


def _agents() -> Iterator[ResponseMapper]:
    """On routes to agents: of gRPC, which Envoy makes a grpc-status of, the text alone, and what
    was let through without an id of JSON-RPC came over REST."""
    for status in (_UNAVAILABLE, _REFUSED):
        yield ResponseMapper(
            filter=_all(_compared(status), _speaks("a2a", _GRPC)),
            body_format_override=_text(status.text),
        )
    for status in _AFTERWARDS:
        yield ResponseMapper(
            filter=_all(_compared(status), _speaks("a2a", _NO_ID), _noted(AUDIT_ID)),
            status_code=REST_FORMS[status.reason].status if status is _FAILED else None,
            body_format_override=_text(json.dumps(_rest_error(status))),
            headers_to_add=[_header(AUDIT_HEADER, _AUDIT), *_retry(status)],
        )


def _rest_error(status: _Status) -> JsonObject:
    form = REST_FORMS[status.reason]
    info: JsonObject = {
        "@type": ERROR_INFO,
        "reason": status.reason.value.upper(),
        "domain": ERROR_DOMAIN,
        "metadata": {"reference": _AUDIT},
    }
    error: JsonObject = {
        "code": form.status,
        "status": form.code,
        "message": status.text,
        "details": [info],
    }
    return {"error": error}


# --- JSON-RPC -----------------------------------------------------------------------------------


def _answered(status: _Status) -> ResponseMapper:
    """A request that the service let through and that failed afterwards: the caller waits for its
    id, which the service left in dynamic metadata."""
    # The id is JSON text already: it goes in without quotes.
    body = f'{{"jsonrpc":"2.0","id":{_RPC},"error":{json.dumps(_rpc_error(status))}}}'
    return ResponseMapper(
        filter=_all(_compared(status), _noted(RPC_ID)),
        status_code=JSON_RPC_FORMS[status.reason].status,
        body_format_override=_text(body),
        headers_to_add=[_header(AUDIT_HEADER, _AUDIT)],
    )


def _unanswered(status: _Status) -> ResponseMapper:
    """The same without one id to answer: the status tells it."""
    return ResponseMapper(
        filter=_all(_compared(status), _noted(AUDIT_ID)),
        body_format_override=_text(json.dumps({"jsonrpc": "2.0", "error": _rpc_error(status)})),
        headers_to_add=[_header(AUDIT_HEADER, _AUDIT), *_retry(status)],
    )


def _rpc_error(status: _Status) -> JsonObject:
    data: JsonObject = {"reason": status.reason.value, "reference": _AUDIT}
    if status is _LIMITED:
        data["retryAfterMs"] = RETRY_AFTER_SECONDS * 1000
    return {"code": JSON_RPC_FORMS[status.reason].code, "message": status.text, "data": data}


def _mapper(op: ComparisonFilterOp, status: int, code: int, text: str) -> ResponseMapper:
    """What nobody judged, and what is left."""
    body = json.dumps({"jsonrpc": "2.0", "error": {"code": code, "message": text}})
    return ResponseMapper(
        filter=_compared(_Status(op, status, Reason.OWN_FAULT, text)),
        body_format_override=_text(body),
        headers_to_add=[_header("retry-after", str(RETRY_AFTER_SECONDS))]
        if status in _PASSING
        else [],
    )


# --- filters and formats ------------------------------------------------------------------------

_GRPC: Final = "request.headers['content-type'].startsWith('application/grpc')"
_NO_ID: Final = " && ".join(
    f"!('{namespace}' in metadata.filter_metadata"
    f" && '{RPC_ID}' in metadata.filter_metadata['{namespace}'])"
    for namespace in VERDICT_NAMESPACES
)


def _all(*filters: AccessLogFilter) -> AccessLogFilter:
    return AccessLogFilter(and_filter=AndFilter(filters=list(filters)))


def _noted(key: str) -> AccessLogFilter:
    """That the service noted something of this name about the request."""
    either = [_has(namespace, key) for namespace in VERDICT_NAMESPACES]
    return AccessLogFilter(or_filter=OrFilter(filters=either))


def _has(namespace: str, key: str) -> AccessLogFilter:
    matcher = MetadataMatcher(
        filter=namespace,
        path=[MetadataMatcherPathSegment(key=key)],
        value=ValueMatcher(present_match=True),
    )
    return AccessLogFilter(
        metadata_filter=MetadataFilter(matcher=matcher, match_if_key_not_found=False)
    )


def _speaks(protocol: str, *further: str) -> AccessLogFilter:
    """That the route is one of `protocol`, and that the CEL expressions `further` hold."""
    route = f"xds.route_name.startsWith('{protocol}:')"
    return _expressed(" && ".join((route, *further)))


def _expressed(expression: str) -> AccessLogFilter:
    """That a CEL expression over the request holds."""
    return AccessLogFilter(
        extension_filter=ExtensionFilter(
            name="envoy.access_loggers.extension_filters.cel",
            typed_config=packed(ExpressionFilter(expression=expression)),
        )
    )


def _compared(status: _Status) -> AccessLogFilter:
    compared = ComparisonFilter(
        op=status.op,
        value=RuntimeUInt32(default_value=status.status, runtime_key="gatehouse.local_reply"),
    )
    return AccessLogFilter(status_code_filter=StatusCodeFilter(comparison=compared))


def _metadata(key: str) -> str:
    """What is noted under `key`, wherever that is; the other place is empty."""
    return "".join(f"%DYNAMIC_METADATA({namespace}:{key})%" for namespace in VERDICT_NAMESPACES)


_AUDIT: Final = _metadata(AUDIT_ID)
_RPC: Final = _metadata(RPC_ID)


def _text(body: str) -> SubstitutionFormatString:
    return SubstitutionFormatString(
        text_format_source=DataSource(inline_string=body),
        omit_empty_values=True,
        content_type="application/json",
    )


def _header(name: str, value: str) -> HeaderValueOption:
    return HeaderValueOption(
        header=HeaderValue(key=name, value=value),
        append_action=HeaderValueOptionHeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    )
