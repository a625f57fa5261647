"""What metrics may tell of a recorded request. No I/O, no clock.

A record keeps names as a client, an upstream or a token chose them; a label is finite. So a method
is one of ours or of a rule, a version one of its protocol's revisions, and a name one that a policy
spells out or, of a model, an alias of the route. The rest is `OTHER`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from gateway.audit.record import Record
from gateway.model.refusal import JSON_RPC_FORMS, Reason
from gateway.pipeline.snapshot import RouteStage
from gateway.policy.names import KnownNames
from gateway.policy.vocabulary import Selector
from gateway.protocols.a2a.operation import V03, V10
from gateway.protocols.mcp.era import HANDSHAKE_REVISIONS, MODERN_REVISIONS
from gateway.telemetry.conventions import OTHER
from gateway.telemetry.operation import Operation

REVISIONS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"mcp": frozenset(HANDSHAKE_REVISIONS + MODERN_REVISIONS), "a2a": frozenset((V03, V10))}
)
TARGETS: Final[Mapping[str, Selector]] = MappingProxyType(
    {"tools/call": "tools", "prompts/get": "prompts"}
)
"""Methods of MCP with a target that is a label. URIs never are."""

MODELS: Final = frozenset({"openai", "anthropic"})
"""Protocols whose targets are models."""

_CODES: Final = MappingProxyType(
    {reason.value: str(form.code) for reason, form in JSON_RPC_FORMS.items()}
)
_REASONS: Final = frozenset(reason.value for reason in Reason)
_STATUSES: Final = frozenset(int(status) for status in HTTPStatus)


def target_of(record: Record, route: RouteStage, names: KnownNames) -> str:
    """The tool, prompt, model or agent; "" where the method names none."""
    if record.protocol == "a2a":
        return record.backend
    if record.protocol in MODELS:
        selector: Selector | None = "models"
    else:
        selector = TARGETS.get(record.method)
    if selector is None or not record.target:
        return ""
    if selector == "models" and record.target in route.aliases:
        return record.target
    return names.known(selector, record.target)


def operation_of(record: Record, route: RouteStage, names: KnownNames, cut: str) -> Operation:
    """The operation of a request. `cut` says why a response ended early, "" if it did not."""
    protocol, version = record.protocol, record.version
    refused = record.decision == "refuse" and protocol == "mcp"
    code = _CODES.get(record.reason, "") if refused else ""
    return Operation(
        route=route.name,
        backend=record.backend,
        protocol=protocol,
        method=names.method(record.method),
        target=target_of(record, route, names),
        version=version if not version or version in REVISIONS.get(protocol, ()) else OTHER,
        error=code or _error(record, cut),
        status=code,
    )


def _error(record: Record, cut: str) -> str:
    """The `error.type`: a reason of ours, what cut the response off, or the upstream's status."""
    if record.reason:
        return record.reason if record.reason in _REASONS else OTHER
    if cut:
        return cut
    if record.status < HTTPStatus.BAD_REQUEST:
        return ""
    return str(record.status) if record.status in _STATUSES else OTHER
