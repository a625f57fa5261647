"""Filters that find out who is calling, after the gateway was asked."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import CHECKER, Filter, Setup

_AUTHENTICATION: Final = frozenset({"JwtAuthentication", "OAuth2", "ApiKeyAuth", "BasicAuth"})
_INJECTED: Final = ("allowed_upstream_headers", "allowed_upstream_headers_to_append")


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        for one in manager.after:
            if one.type in _AUTHENTICATION or _injects(one):
                yield one.node, f"{one.name} authenticates after the gateway has decided"


def _injects(one: Filter) -> bool:
    """Whether an ext_authz filter adds headers of its service's to the request."""
    response = one.config["http_service.authorization_response"]
    return one.type == CHECKER and any(response[key].given for key in _INJECTED)


DANGER: Final = Danger(
    name="authentication-after",
    level="danger",
    reason="the gateway judges without knowing what it finds out",
    fix="move it before the gateway's filters",
    find=_find,
)
