"""A listener of Envoy and its chain of filters."""

from pathlib import Path
from typing import Final

import betterproto2
from envoy_data_plane.envoy.config.common.mutation_rules.v3 import (
    HeaderMutation,
    HeaderMutationRemoveOnMatch,
)
from envoy_data_plane.envoy.config.core.v3 import (
    Address,
    DataSource,
    Http2ProtocolOptions,
    HttpProtocolOptions,
    HttpProtocolOptionsHeadersWithUnderscoresAction,
    SocketAddress,
    SubstitutionFormatString,
    TypedExtensionConfig,
)
from envoy_data_plane.envoy.config.listener.v3 import Filter, FilterChain
from envoy_data_plane.envoy.config.listener.v3 import Listener as EnvoyListener
from envoy_data_plane.envoy.config.route.v3 import RouteConfiguration
from envoy_data_plane.envoy.extensions.filters.common.set_filter_state.v3 import FilterStateValue
from envoy_data_plane.envoy.extensions.filters.http.header_mutation.v3 import (
    HeaderMutation as HeaderMutationFilter,
)
from envoy_data_plane.envoy.extensions.filters.http.header_mutation.v3 import Mutations
from envoy_data_plane.envoy.extensions.filters.http.router.v3 import Router
from envoy_data_plane.envoy.extensions.filters.http.set_filter_state.v3 import (
    Config as SetFilterState,
)
from envoy_data_plane.envoy.extensions.filters.http.stateful_session.v3 import StatefulSession
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import (
    HttpConnectionManager,
    HttpConnectionManagerForwardClientCertDetails,
    HttpConnectionManagerPathWithEscapedSlashesAction,
    HttpConnectionManagerServerHeaderTransformation,
    HttpFilter,
    Rds,
)
from envoy_data_plane.envoy.extensions.http.early_header_mutation.header_mutation.v3 import (
    HeaderMutation as EarlyHeaderMutation,
)
from envoy_data_plane.envoy.extensions.http.stateful_session.header.v3 import (
    HeaderBasedSessionState,
)
from envoy_data_plane.envoy.type.matcher.v3 import RegexMatcher, StringMatcher

from gateway.config.schema import Limits, Listener
from gateway.edge import ext_authz, ext_proc, verdict_guard
from gateway.edge.headers import (
    CREDENTIALS,
    NOT_TO_CLIENT_PREFIXES,
    NOT_TO_SERVICE_PREFIXES,
    NOT_TO_UPSTREAM_PREFIXES,
    OWNED_NAMES,
    OWNED_PATTERN,
    OWNED_PREFIXES,
    SESSION_ENDPOINT,
)
from gateway.edge.local_replies import local_replies
from gateway.edge.packing import file_source, packed, seconds
from gateway.edge.routes import routes_name
from gateway.edge.tls import ListenerSecrets, listener_socket

BUFFER_BYTES: Final = 256 * 1024
"""What Envoy holds of a stream in each direction when the other side reads slowly. A judged
request body may be larger: its route raises the limit for it."""

MAX_HEADERS_KB: Final = 60
MAX_HEADERS: Final = 100
MAX_STREAMS_PER_CONNECTION: Final = 256
CONNECTION_WINDOW_BYTES: Final = 1024 * 1024
HEADERS_SECONDS: Final = 10.0
REQUEST_SECONDS: Final = 60.0
"""For a request to arrive whole: slow senders cannot hold buffers for longer."""
IDLE_CONNECTION_SECONDS: Final = 600.0


def listener(
    config: Listener,
    limits: Limits,
    routes: Path | RouteConfiguration,
    secrets: ListenerSecrets | None = None,
) -> EnvoyListener:
    """One listener. Its routes come from the file `routes`, or stand in it (for validation);
    `secrets` as in `listener_socket`."""
    chain = FilterChain(
        filters=[
            Filter(
                name="envoy.filters.network.http_connection_manager",
                typed_config=packed(_connection_manager(config, limits, routes)),
            )
        ],
        transport_socket=listener_socket(config.tls, secrets) if config.tls else None,
    )
    return EnvoyListener(
        name=config.name,
        stat_prefix=config.name,
        address=Address(
            socket_address=SocketAddress(address=config.address, port_value=config.port)
        ),
        filter_chains=[chain],
        per_connection_buffer_limit_bytes=BUFFER_BYTES,
    )


def _connection_manager(
    config: Listener, limits: Limits, routes: Path | RouteConfiguration
) -> HttpConnectionManager:
    manager = HttpConnectionManager(
        stat_prefix=config.name,
        http_filters=_filters(config, limits),
        early_header_mutation_extensions=[_strip_owned()],
        forward_client_cert_details=_client_cert_details(config),
        use_remote_address=True,
        server_header_transformation=(HttpConnectionManagerServerHeaderTransformation.PASS_THROUGH),
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action=(
            HttpConnectionManagerPathWithEscapedSlashesAction.REJECT_REQUEST
        ),
        common_http_protocol_options=HttpProtocolOptions(
            idle_timeout=seconds(IDLE_CONNECTION_SECONDS),
            max_headers_count=MAX_HEADERS,
            headers_with_underscores_action=(
                HttpProtocolOptionsHeadersWithUnderscoresAction.REJECT_REQUEST
            ),
        ),
        http2_protocol_options=_http2(),
        max_request_headers_kb=MAX_HEADERS_KB,
        request_headers_timeout=seconds(HEADERS_SECONDS),
        request_timeout=seconds(REQUEST_SECONDS),
        drain_timeout=seconds(limits.drain_seconds),
        local_reply_config=local_replies(),
    )
    if isinstance(routes, RouteConfiguration):
        manager.route_config = routes
    else:
        name = routes_name(config.name)
        manager.rds = Rds(config_source=file_source(routes), route_config_name=name)
    return manager


def _http2() -> Http2ProtocolOptions:
    return Http2ProtocolOptions(
        max_concurrent_streams=MAX_STREAMS_PER_CONNECTION,
        initial_stream_window_size=BUFFER_BYTES,
        initial_connection_window_size=CONNECTION_WINDOW_BYTES,
    )


def _client_cert_details(config: Listener) -> HttpConnectionManagerForwardClientCertDetails:
    """XFCC reaches the service only where some hop is believed, and then only over mTLS."""
    if config.identity.xfcc_from:
        return HttpConnectionManagerForwardClientCertDetails.FORWARD_ONLY
    return HttpConnectionManagerForwardClientCertDetails.SANITIZE


def _strip_owned() -> TypedExtensionConfig:
    mutations = [
        *(HeaderMutation(remove=name) for name in OWNED_NAMES),
        *(_remove(StringMatcher(prefix=prefix)) for prefix in OWNED_PREFIXES),
        _remove(StringMatcher(safe_regex=RegexMatcher(regex=OWNED_PATTERN))),
    ]
    return TypedExtensionConfig(
        name="envoy.http.early_header_mutation.header_mutation",
        typed_config=packed(EarlyHeaderMutation(mutations=mutations)),
    )


def _remove(matcher: StringMatcher) -> HeaderMutation:
    return HeaderMutation(remove_on_match=HeaderMutationRemoveOnMatch(key_matcher=matcher))


def _filters(config: Listener, limits: Limits) -> list[HttpFilter]:
    """In request order; responses pass them backwards.

    `client_edge` comes first, so that it sees a response last: after stateful_session, which adds
    the endpoint to it. `upstream_edge` comes last, when everybody who may read credentials has.
    Routes in mode `check` have ext_authz and not ext_proc, all others the reverse.
    """
    return [
        _filter("gatehouse.client_edge", _client_edge()),
        *_peer(config),
        _filter(ext_proc.FILTER, ext_proc.external_processor(config, limits)),
        _filter_of_routes(ext_authz.FILTER, ext_authz.external_authorization(config, limits)),
        _filter(verdict_guard.FILTER, verdict_guard.verdict_guard()),
        _filter("envoy.filters.http.stateful_session", _stateful_session()),
        _filter("gatehouse.upstream_edge", _upstream_edge()),
        _filter("envoy.filters.http.router", Router(suppress_envoy_headers=True)),
    ]


def _filter(name: str, config: betterproto2.Message) -> HttpFilter:
    return HttpFilter(name=name, typed_config=packed(config))


def _filter_of_routes(name: str, config: betterproto2.Message) -> HttpFilter:
    """A filter that does not exist but on routes which bring a configuration of it."""
    return HttpFilter(name=name, typed_config=packed(config), disabled=True)


def _client_edge() -> HeaderMutationFilter:
    return HeaderMutationFilter(
        mutations=Mutations(
            request_mutations=[
                _remove(StringMatcher(prefix=prefix)) for prefix in NOT_TO_SERVICE_PREFIXES
            ],
            response_mutations=[
                _remove(StringMatcher(prefix=prefix)) for prefix in NOT_TO_CLIENT_PREFIXES
            ],
        )
    )


def _upstream_edge() -> HeaderMutationFilter:
    removed = [
        *(HeaderMutation(remove=name) for name in CREDENTIALS),
        *(_remove(StringMatcher(prefix=prefix)) for prefix in NOT_TO_UPSTREAM_PREFIXES),
    ]
    return HeaderMutationFilter(mutations=Mutations(request_mutations=removed))


def _peer(config: Listener) -> list[HttpFilter]:
    if config.tls is None or config.tls.client_ca is None:
        return []
    sans = FilterStateValue(
        object_key=ext_proc.PEER_URI_SANS,
        factory_key="envoy.string",
        format_string=SubstitutionFormatString(
            text_format_source=DataSource(inline_string="%DOWNSTREAM_PEER_URI_SAN%"),
            omit_empty_values=True,
        ),
        skip_if_empty=True,
    )
    return [
        _filter("envoy.filters.http.set_filter_state", SetFilterState(on_request_headers=[sans]))
    ]


def _stateful_session() -> StatefulSession:
    """Binds a request to the endpoint that the service wrote into the header, or ends it: with
    404 if that endpoint has left the cluster, never by going elsewhere."""
    return StatefulSession(
        session_state=TypedExtensionConfig(
            name="envoy.http.stateful_session.header",
            typed_config=packed(HeaderBasedSessionState(name=SESSION_ENDPOINT)),
        ),
        strict=True,
        status_on_strict_destination_not_found=404,
    )
