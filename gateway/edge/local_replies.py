"""Envoy's own refusals as JSON: same status, no id, and nothing about Envoy's inner reasons.

A request that was let through has its id in dynamic metadata and gets it back. Anything else never
ends as HTTP 200 or with `id: null`: MCP clients wait for ever for an answer to their id then.
"""

import json
from collections.abc import Iterator, Mapping
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

from gateway.config.wiring import AUDIT_ID, CHECK_NAMESPACE, METADATA_NAMESPACE, RPC_ID
from gateway.edge.packing import packed
from gateway.model.jsonvalue import JsonObject
from gateway.model.refusal import (
    ANTHROPIC_FORMS,
    JSON_RPC_FORMS,
    OPENAI_FORMS,
    ModelForm,
    Reason,
)

DETAILS_PREFIX: Final = "gatehouse"
"""An ImmediateResponse of the service whose `details` start so keeps its body; any other local
reply, one of the service without it included, gets a fixed body."""

DENIED_BY_CHECK: Final = "ext_authz_denied"
"""The details of a refusal of the service by ext_authz, which keeps its body too. When that gets no
answer they are others."""

_NAMESPACES: Final = (METADATA_NAMESPACE, CHECK_NAMESPACE)
"""Where the facts about a judged request are, by who asked for the verdict."""

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
            *_model_servers(),
            *map(_answered, _NAMESPACES),
            *exact,
            _mapper(ComparisonFilterOp.GE, 500, *MESSAGES[500]),
            _mapper(ComparisonFilterOp.GE, 400, *MESSAGES[400]),
        ]
    )


def _model_servers() -> Iterator[ResponseMapper]:
    """On routes to model servers, their errors; what was let through has an audit id, and if its
    upstream fails the status of the table as well."""
    forms = {"openai": OPENAI_FORMS, "anthropic": ANTHROPIC_FORMS}
    for op, status, reason, text in _MODEL_SERVER_ERRORS:
        for judged in (*_NAMESPACES, None):
            openai = _openai_error(OPENAI_FORMS[reason], text, judged)
            anthropic = _anthropic_error(ANTHROPIC_FORMS[reason], text, judged)
            for protocol, body in (("openai", openai), ("anthropic", anthropic)):
                asked = [
                    _filter(op, status),
                    _expressed(f"xds.route_name.startsWith('{protocol}:')"),
                ]
                headers = (
                    [_header("retry-after", str(RETRY_AFTER_SECONDS))] if status == 500 else []
                )
                if judged is not None:
                    asked.append(_noted(judged, AUDIT_ID))
                    headers.append(_header(AUDIT_HEADER, _metadata(judged, AUDIT_ID)))
                told = forms[protocol][reason].status if judged and status == 500 else None
                yield ResponseMapper(
                    filter=_all(*asked),
                    status_code=told,
                    body_format_override=_text(json.dumps(body)),
                    headers_to_add=headers,
                )


def _openai_error(form: ModelForm, text: str, judged: str | None) -> JsonObject:
    error: JsonObject = {"message": text, "type": form.type, "param": None, "code": form.code}
    if judged is not None:
        error["reference"] = _metadata(judged, AUDIT_ID)
    return {"error": error}


def _anthropic_error(form: ModelForm, text: str, judged: str | None) -> JsonObject:
    error: JsonObject = {"type": "error", "error": {"type": form.type, "message": text}}
    if judged is not None:
        error["request_id"] = _metadata(judged, AUDIT_ID)
    return error


_MODEL_SERVER_ERRORS: Final = (
    (ComparisonFilterOp.EQ, 413, Reason.TOO_LARGE, "the request is too large"),
    (ComparisonFilterOp.GE, 500, Reason.NO_ENDPOINT, "temporarily unavailable"),
    (ComparisonFilterOp.GE, 400, Reason.INVALID_REQUEST, "refused"),
)
"""Which statuses (compared how, with what), the reason whose form they get, and the text."""


def _answered(namespace: str) -> ResponseMapper:
    """An upstream that fails after the service let the request through: the caller waits for its
    id, which the service left in dynamic metadata, and gets it with HTTP 200."""
    error = {
        "code": JSON_RPC_FORMS[Reason.NO_ENDPOINT].code,
        "message": "the backend did not answer",
        "data": {"reason": Reason.NO_ENDPOINT.value, "reference": _metadata(namespace, AUDIT_ID)},
    }
    # The id is JSON text already: it goes in without quotes.
    body = f'{{"jsonrpc":"2.0","id":{_metadata(namespace, RPC_ID)},"error":{json.dumps(error)}}}'
    return ResponseMapper(
        filter=_all(_noted(namespace, RPC_ID), _filter(ComparisonFilterOp.GE, 500)),
        status_code=JSON_RPC_FORMS[Reason.NO_ENDPOINT].status,
        body_format_override=_text(body),
        headers_to_add=[_header(AUDIT_HEADER, _metadata(namespace, AUDIT_ID))],
    )


def _all(*filters: AccessLogFilter) -> AccessLogFilter:
    return AccessLogFilter(and_filter=AndFilter(filters=list(filters)))


def _noted(namespace: str, key: str) -> AccessLogFilter:
    """That the service noted something of this name about the request."""
    matcher = MetadataMatcher(
        filter=namespace,
        path=[MetadataMatcherPathSegment(key=key)],
        value=ValueMatcher(present_match=True),
    )
    return AccessLogFilter(
        metadata_filter=MetadataFilter(matcher=matcher, match_if_key_not_found=False)
    )


def _expressed(expression: str) -> AccessLogFilter:
    """That a CEL expression over the request holds."""
    return AccessLogFilter(
        extension_filter=ExtensionFilter(
            name="envoy.access_loggers.extension_filters.cel",
            typed_config=packed(ExpressionFilter(expression=expression)),
        )
    )


def _metadata(namespace: str, key: str) -> str:
    return f"%DYNAMIC_METADATA({namespace}:{key})%"


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
    return _all(
        AccessLogFilter(status_code_filter=StatusCodeFilter(comparison=compared)),
        _expressed(
            f"!response.code_details.startsWith('{DETAILS_PREFIX}')"
            f" && response.code_details != '{DENIED_BY_CHECK}'"
        ),
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
