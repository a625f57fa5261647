"""Refusals that tell a client which credential would do. Pure: no I/O, no clock.

Source: RFC 6750 section 3 (Bearer challenges), RFC 9728 section 5.1 (resource_metadata),
RFC 9110 section 5.6.4 (quoting).
"""

import re
from collections.abc import Sequence
from typing import Final

from gateway.identity.base import Invalid
from gateway.identity.metadata_document import metadata_url, origin_of
from gateway.identity.rules import ListenerRules
from gateway.model.head import RequestHead
from gateway.model.refusal import Reason, Refusal

REALM: Final = "gatehouse"
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # scope-token of RFC 6749, section 3.3


def unauthenticated(
    head: RequestHead, rules: ListenerRules, invalid: Invalid | None = None
) -> Refusal:
    """The refusal of a request without a credential, or with one that is `invalid`.

    A fault of the gateway's own carries no challenge: a new token would not help.
    """
    if invalid is None:
        scopes = rules.challenge_scopes.get(head.route, ())
        parameters = _where(head, rules) | _scope(scopes)
        return _refusal(Reason.UNAUTHENTICATED, "a credential is required", parameters)
    if invalid.reason is not Reason.UNAUTHENTICATED:
        return Refusal(invalid.reason, invalid.message)
    parameters = _where(head, rules)
    if invalid.bearer:
        parameters = {"error": "invalid_token", "error_description": invalid.message} | parameters
    return _refusal(Reason.UNAUTHENTICATED, invalid.message, parameters)


def missing_scope(head: RequestHead, rules: ListenerRules, needed: Sequence[str]) -> Refusal:
    """The step-up challenge for an operation that `needed` scopes would allow.

    `needed` are all the scopes of the operation, also those that the caller has: a client asks
    for exactly what one challenge names (MCP authorization, "Step-Up Authorization Flow").
    """
    parameters = {"error": "insufficient_scope"} | _scope(needed) | _where(head, rules)
    return _refusal(Reason.MISSING_SCOPE, "the credential lacks a scope", parameters)


def challenge(parameters: dict[str, str]) -> str:
    """A Bearer challenge; values are quoted, and one that cannot be quoted is left out."""
    quoted = ", ".join(
        f"{name}={_quote(value)}"
        for name, value in parameters.items()
        if value.isascii() and value.isprintable()
    )
    return f"Bearer {quoted}"


def _refusal(reason: Reason, message: str, parameters: dict[str, str]) -> Refusal:
    return Refusal(reason, message, headers=(("www-authenticate", challenge(parameters)),))


def _where(head: RequestHead, rules: ListenerRules) -> dict[str, str]:
    """Where a client learns who issues tokens for this resource, if tokens help here at all."""
    origin = origin_of(head, rules.resource_base) if rules.takes_tokens else None
    if origin is None:
        return {"realm": REALM}
    return {"resource_metadata": metadata_url(origin, head.path.partition("?")[0])}


def _scope(scopes: Sequence[str]) -> dict[str, str]:
    usable = sorted({scope for scope in scopes if _SCOPE.fullmatch(scope)})
    return {"scope": " ".join(usable)} if usable else {}


def _quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
