"""The ext_authz filter: one message per request with all of it, one answer, nothing afterwards.

It exists on routes in mode `check` only. Headers are sent as raw lines: in the other form of a
CheckRequest Envoy joins repeated ones with commas, and a service that reads the joined value may
see what no upstream sees. A body over the limit is Envoy's own 413, before anybody is asked.
"""

from typing import Final

from envoy_data_plane.envoy.config.core.v3 import ApiVersion
from envoy_data_plane.envoy.extensions.filters.http.ext_authz.v3 import (
    BufferSettings,
    CheckSettings,
    ExtAuthz,
    ExtAuthzPerRoute,
)
from envoy_data_plane.envoy.type.matcher.v3 import ListStringMatcher, StringMatcher
from envoy_data_plane.envoy.type.v3 import HttpStatus, StatusCode

from gateway.config.schema import Limits, Listener, Route
from gateway.config.wiring import CHECK_NAMESPACE, METADATA_KEY, ROUTE_KEY, Wiring, routed_name
from gateway.edge.ext_proc import message_timeout, mutation_rules, workers_service
from gateway.edge.headers import NEVER_TO_SERVICE
from gateway.edge.packing import seconds

FILTER: Final = CHECK_NAMESPACE
"""Its name, which the namespace of its metadata repeats."""


def external_authorization(listener: Listener, limits: Limits) -> ExtAuthz:
    """The filter of one listener; a route adds what is its own by `checked_route`."""
    service = workers_service(limits)
    service.timeout = seconds(message_timeout(limits))
    return ExtAuthz(
        grpc_service=service,
        transport_api_version=ApiVersion.V3,
        failure_mode_allow=False,
        status_on_error=HttpStatus(code=StatusCode.ServiceUnavailable),
        with_request_body=_body(1),  # Envoy takes pack_as_bytes from here, whatever a route says
        clear_route_cache=False,
        validate_mutations=True,
        decoder_header_mutation_rules=mutation_rules(),
        encode_raw_headers=True,
        disallowed_headers=ListStringMatcher(
            patterns=[StringMatcher(exact=name, ignore_case=True) for name in NEVER_TO_SERVICE]
        ),
        include_peer_certificate=True,
        metadata_context_namespaces=list(listener.identity.metadata_namespaces),
        stat_prefix="gatehouse",
    )


def checked_route(route: Route, listener: Listener, limits: Limits) -> ExtAuthzPerRoute:
    """The filter on a route in mode `check`: how much body it holds, and what the service is told
    of the route and its wiring."""
    told = Wiring(listener.name, "check", override=False, timeout=message_timeout(limits))
    return ExtAuthzPerRoute(
        check_settings=CheckSettings(
            context_extensions={ROUTE_KEY: routed_name(route), METADATA_KEY: str(told)},
            with_request_body=_body(route.body_limit),
        )
    )


def _body(limit: int) -> BufferSettings:
    """The whole body as bytes, or none of it and 413."""
    return BufferSettings(max_request_bytes=limit, allow_partial_message=False, pack_as_bytes=True)
