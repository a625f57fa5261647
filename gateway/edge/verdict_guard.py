"""The second line of defence: no request leaves Envoy without the service's verdict on it.

ext_proc lets a request go on when the service ends its stream cleanly before answering, whatever
failure_mode_allow says. Every verdict writes the audit id into dynamic metadata, and nothing else
can (a namespace that only this filter's `receiving_namespaces` opens); a request without it is
refused here. On routes in mode `check` it is ext_authz that asks, and writes what the service says
into the one namespace that it ever writes; no other filter may write there.
"""

from typing import Final

from envoy_data_plane.envoy.config.rbac.v3 import (
    Permission,
    Policy,
    Principal,
    RbacAction,
    SourcedMetadata,
)
from envoy_data_plane.envoy.config.rbac.v3 import Rbac as Rules
from envoy_data_plane.envoy.extensions.filters.http.rbac.v3 import Rbac, RbacPerRoute
from envoy_data_plane.envoy.type.matcher.v3 import (
    MetadataMatcher,
    MetadataMatcherPathSegment,
    ValueMatcher,
)

from gateway.config.wiring import AUDIT_ID, CHECK_NAMESPACE, METADATA_NAMESPACE

FILTER: Final = "envoy.filters.http.rbac"


def verdict_guard() -> Rbac:
    """Allows what carries an audit id of ext_proc; the rest is answered with 403."""
    return _guard(METADATA_NAMESPACE)


def checked_guard() -> RbacPerRoute:
    """On a route in mode `check`: the same for an audit id of ext_authz."""
    return RbacPerRoute(rbac=_guard(CHECK_NAMESPACE))


def _guard(namespace: str) -> Rbac:
    judged = MetadataMatcher(
        filter=namespace,
        path=[MetadataMatcherPathSegment(key=AUDIT_ID)],
        value=ValueMatcher(present_match=True),
    )
    policy = Policy(
        permissions=[Permission(sourced_metadata=SourcedMetadata(metadata_matcher=judged))],
        principals=[Principal(any=True)],
    )
    return Rbac(rules=Rules(action=RbacAction.ALLOW, policies={"judged": policy}))
