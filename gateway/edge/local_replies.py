"""Envoy's own refusals as JSON: same status, no id, and nothing about Envoy's inner reasons.

A request that was let through has its id in dynamic metadata and gets it back. Anything else never
ends as HTTP 200 or with `id: null`: MCP clients wait for ever for an answer to their id then.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from envoy_data_plane.envoy.config.accesslog.v3 import (
    AccessLogFilter,
    AndFilter,
    ComparisonFilter,
    ComparisonFilterOp,
    ExtensionFilter,
    MetadataFilter,
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

from gateway.config.wiring import AUDIT_ID, METADATA_NAMESPACE, RPC_ID
from gateway.edge.packing import packed
from gateway.model.refusal import JSON_RPC_FORMS, Reason

DETAILS_PREFIX: Final = "gatehouse"
"""An ImmediateResponse of the service whose `details` start so keeps its body; any other local
reply, one of the service without it included, gets a fixed body."""

RETRY_AFTER_SECONDS: Final = 1
_PASSING: Final = (503, 504)
"""What Envoy says when no worker could judge, or none did in time: it is worth another try."""

AUDIT_HEADER: Final = "x-gatehouse-audit-id"

MESSAGES: Final[Mapping[int, tuple[int, str]]] = MappingProxyType(
    {
        400: (-32600, "bad request"),
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


def local_replies() -> LocalReplyConfig:
    """The mappers, first match wins: exact statuses, then any other 4xx and 5xx."""
    exact = [
        _mapper(ComparisonFilterOp.EQ, status, code, text)
        for status, (code, text) in MESSAGES.items()
    ]
    return LocalReplyConfig(
        mappers=[
            _answered(),
            *exact,
            _mapper(ComparisonFilterOp.GE, 500, *MESSAGES[500]),
            _mapper(ComparisonFilterOp.GE, 400, *MESSAGES[400]),
        ]
    )


def _answered() -> ResponseMapper:
    """An upstream that fails after the service let the request through: the caller waits for its
    id, which the service left in dynamic metadata, and gets it with HTTP 200."""
    error = {
        "code": JSON_RPC_FORMS[Reason.NO_ENDPOINT].code,
        "message": "the backend did not answer",
        "data": {"reason": Reason.NO_ENDPOINT.value, "reference": _metadata(AUDIT_ID)},
    }
    # The id is JSON text already: it goes in without quotes.
    body = f'{{"jsonrpc":"2.0","id":{_metadata(RPC_ID)},"error":{json.dumps(error)}}}'
    known = AccessLogFilter(
        metadata_filter=MetadataFilter(
            matcher=MetadataMatcher(
                filter=METADATA_NAMESPACE,
                path=[MetadataMatcherPathSegment(key=RPC_ID)],
                value=ValueMatcher(present_match=True),
            ),
            match_if_key_not_found=False,
        )
    )
    failed = _filter(ComparisonFilterOp.GE, 500)
    return ResponseMapper(
        filter=AccessLogFilter(and_filter=AndFilter(filters=[known, failed])),
        status_code=JSON_RPC_FORMS[Reason.NO_ENDPOINT].status,
        body_format_override=_text(body),
        headers_to_add=[_header(AUDIT_HEADER, _metadata(AUDIT_ID))],
    )


def _metadata(key: str) -> str:
    return f"%DYNAMIC_METADATA({METADATA_NAMESPACE}:{key})%"


def _mapper(op: ComparisonFilterOp, status: int, code: int, text: str) -> ResponseMapper:
    body = json.dumps({"jsonrpc": "2.0", "error": {"code": code, "message": text}})
    return ResponseMapper(
        filter=_filter(op, status),
        body_format_override=_text(body),
        headers_to_add=[_header("retry-after", str(RETRY_AFTER_SECONDS))]
        if status in _PASSING
        else [],
    )


def _filter(op: ComparisonFilterOp, status: int) -> AccessLogFilter:
    compared = ComparisonFilter(
        op=op,
        value=RuntimeUInt32(default_value=status, runtime_key="gatehouse.local_reply"),
    )
    foreign = ExpressionFilter(expression=f"!response.code_details.startsWith('{DETAILS_PREFIX}')")
    return AccessLogFilter(
        and_filter=AndFilter(
            filters=[
                AccessLogFilter(status_code_filter=StatusCodeFilter(comparison=compared)),
                AccessLogFilter(
                    extension_filter=ExtensionFilter(
                        name="envoy.access_loggers.extension_filters.cel",
                        typed_config=packed(foreign),
                    )
                ),
            ]
        )
    )


def _text(body: str) -> SubstitutionFormatString:
    return SubstitutionFormatString(
        text_format_source=DataSource(inline_string=body), content_type="application/json"
    )


def _header(name: str, value: str) -> HeaderValueOption:
    return HeaderValueOption(
        header=HeaderValue(key=name, value=value),
        append_action=HeaderValueOptionHeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    )
