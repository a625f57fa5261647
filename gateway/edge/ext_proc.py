"""The ext_proc filter: which messages Envoy sends to the service, and what it may answer.

Messages per request, before anything that the service asks for by mode_override:
head 1; buffered 1 without a body, 2 with one; duplex one per chunk, both ways, and trailers.
"""

from dataclasses import replace
from typing import Final

from envoy_data_plane.envoy.config.common.mutation_rules.v3 import HeaderMutationRules
from envoy_data_plane.envoy.config.core.v3 import (
    BackoffStrategy,
    GrpcService,
    GrpcServiceEnvoyGrpc,
    HeaderValue,
    RetryPolicy,
    RetryPolicyRetryHostPredicate,
)
from envoy_data_plane.envoy.extensions.filters.http.ext_proc.v3 import (
    ExternalProcessor,
    ExternalProcessorRouteCacheAction,
    ExtProcOverrides,
    ExtProcPerRoute,
    HeaderForwardingRules,
    MetadataOptions,
    MetadataOptionsMetadataNamespaces,
    ProcessingMode,
)
from envoy_data_plane.envoy.extensions.filters.http.ext_proc.v3 import (
    ProcessingModeBodySendMode as Body,
)
from envoy_data_plane.envoy.extensions.filters.http.ext_proc.v3 import (
    ProcessingModeHeaderSendMode as Send,
)
from envoy_data_plane.envoy.extensions.retry.host.previous_hosts.v3 import PreviousHostsPredicate
from envoy_data_plane.envoy.type.matcher.v3 import ListStringMatcher, RegexMatcher, StringMatcher
from envoy_data_plane.envoy.type.v3 import HttpStatus, StatusCode

from gateway.config.schema import Limits, Listener, Telling
from gateway.config.wiring import (
    LB_NAMESPACE,
    METADATA_KEY,
    METADATA_NAMESPACE,
    NATIVE_NAMESPACE,
    QUEUE_SECONDS,
    SUBSET_NAMESPACE,
    Mode,
    Wiring,
)
from gateway.edge.headers import MUTABLE, NEVER_TO_SERVICE
from gateway.edge.packing import packed, seconds

FILTER: Final = "envoy.filters.http.ext_proc"
WORKERS: Final = "gatehouse_workers"
"""Name of the cluster of the service's workers. No backend's name can hold an underscore."""

GRACE_SECONDS: Final = 1.0
"""By how much Envoy waits longer than the service's own deadline, so that a late judgement ends
as a refusal of the service in the protocol's form and not as Envoy's 504."""

PEER_URI_SANS: Final = "gatehouse.peer_uri_sans"
"""Filter state with every URI SAN of the client's certificate, comma separated. The attribute
connection.uri_san_peer_certificate has the first one only, and two must be refused."""

REQUEST_ATTRIBUTES: Final = (
    "xds.route_name",
    "source.address",
    "connection.mtls",
    "connection.uri_san_peer_certificate",
)
PEER_ATTRIBUTE: Final = f"filter_state['{PEER_URI_SANS}']"
RESPONSE_ATTRIBUTES: Final = ("response.code_details", "upstream.address")

_RETRIED: Final = "connect-failure,refused-stream,reset,unavailable,resource-exhausted"
ATTEMPTS: Final = 4
"""At most so many workers are asked about one request."""
_HOST_ATTEMPTS: Final = 5

_MODES: Final[dict[Mode, ProcessingMode]] = {
    "head": ProcessingMode(
        request_header_mode=Send.SEND,
        response_header_mode=Send.SKIP,
        request_body_mode=Body.NONE,
        response_body_mode=Body.NONE,
        request_trailer_mode=Send.SKIP,
        response_trailer_mode=Send.SKIP,
    ),
    "buffered": ProcessingMode(
        request_header_mode=Send.SEND,
        response_header_mode=Send.SKIP,
        request_body_mode=Body.BUFFERED,
        response_body_mode=Body.NONE,
        request_trailer_mode=Send.SEND,
        response_trailer_mode=Send.SKIP,
    ),
    # Envoy obeys no mode_override here and wants trailers with full duplex, so all is asked for.
    "duplex": ProcessingMode(
        request_header_mode=Send.SEND,
        response_header_mode=Send.SEND,
        request_body_mode=Body.FULL_DUPLEX_STREAMED,
        response_body_mode=Body.FULL_DUPLEX_STREAMED,
        request_trailer_mode=Send.SEND,
        response_trailer_mode=Send.SEND,
    ),
}


def wiring(listener: Listener, limits: Limits, mode: Mode) -> Wiring:
    """What the service is told about a stream of `listener` in `mode`."""
    return Wiring(listener.name, mode, mode != "duplex", message_timeout(limits))


def message_timeout(limits: Limits) -> float:
    """Seconds that Envoy waits for one answer: always longer than the service's own deadline."""
    return limits.decision_seconds + GRACE_SECONDS


def external_processor(listener: Listener, limits: Limits) -> ExternalProcessor:
    """The filter of one listener, in `buffered` mode: a request without a route has its body
    judged rather than waved through. Routes in another mode override it."""
    return ExternalProcessor(
        grpc_service=workers_service(limits, _told(listener, limits)),
        failure_mode_allow=False,
        status_on_error=HttpStatus(code=StatusCode.ServiceUnavailable),
        processing_mode=_MODES["buffered"],
        allow_mode_override=True,
        message_timeout=seconds(message_timeout(limits)),
        max_message_timeout=seconds(QUEUE_SECONDS),
        request_attributes=_request_attributes(listener),
        response_attributes=list(RESPONSE_ATTRIBUTES),
        metadata_options=_metadata(listener),
        forward_rules=_forward_rules(),
        mutation_rules=mutation_rules(),
        # The route is chosen again when the service says so, and it does only with a verdict that
        # names one of the route's pools in a header which no client can send. No other filter
        # clears the route, and no other route of these names matches on what the service may write.
        route_cache_action=ExternalProcessorRouteCacheAction.DEFAULT,
        stat_prefix="gatehouse",
    )


def route_override(
    listener: Listener,
    limits: Limits,
    mode: Mode,
    telling: Telling = "gatehouse",
    *,
    ending: bool = False,
) -> ExtProcPerRoute:
    """The filter on a route that is wired in `mode`; the service is told so, and may write what
    `telling` says. With `ending` its stream lasts until the response has ended."""
    told = str(wiring(listener, limits, mode))
    modes = _MODES[mode]
    return ExtProcPerRoute(
        overrides=ExtProcOverrides(
            processing_mode=replace(modes, response_trailer_mode=Send.SEND) if ending else modes,
            metadata_options=_metadata(listener, NATIVE_NAMESPACE) if telling == "native" else None,
            grpc_initial_metadata=[HeaderValue(key=METADATA_KEY, value=told)],
        )
    )


def _told(listener: Listener, limits: Limits) -> HeaderValue:
    return HeaderValue(key=METADATA_KEY, value=str(wiring(listener, limits, "buffered")))


def workers_service(limits: Limits, *metadata: HeaderValue) -> GrpcService:
    """The service's workers as a filter calls them, with `metadata` on every call: another one is
    asked as long as nothing has been answered."""
    return GrpcService(
        envoy_grpc=GrpcServiceEnvoyGrpc(cluster_name=WORKERS, skip_envoy_headers=True),
        initial_metadata=list(metadata),
        retry_policy=RetryPolicy(
            retry_on=_RETRIED,
            num_retries=ATTEMPTS - 1,
            retry_back_off=BackoffStrategy(
                base_interval=seconds(0.005),
                # Envoy makes this the timeout of each attempt as well.
                max_interval=seconds(message_timeout(limits)),
            ),
            retry_host_predicate=[
                RetryPolicyRetryHostPredicate(
                    name="envoy.retry_host_predicates.previous_hosts",
                    typed_config=packed(PreviousHostsPredicate()),
                )
            ],
            host_selection_retry_max_attempts=_HOST_ATTEMPTS,
        ),
    )


def _request_attributes(listener: Listener) -> list[str]:
    mtls = listener.tls is not None and listener.tls.client_ca is not None
    return [*REQUEST_ATTRIBUTES, *((PEER_ATTRIBUTE,) if mtls else ())]


def _metadata(listener: Listener, *further: str) -> MetadataOptions:
    """What the service sees of other filters' metadata, and what it may write itself: its own
    namespace, the load balancer's and those of `further`."""
    names = [*listener.identity.metadata_namespaces, SUBSET_NAMESPACE]
    written = [METADATA_NAMESPACE, LB_NAMESPACE, *further]
    return MetadataOptions(
        forwarding_namespaces=MetadataOptionsMetadataNamespaces(untyped=names),
        receiving_namespaces=MetadataOptionsMetadataNamespaces(untyped=written),
    )


def _forward_rules() -> HeaderForwardingRules:
    hidden = [StringMatcher(exact=name, ignore_case=True) for name in NEVER_TO_SERVICE]
    return HeaderForwardingRules(disallowed_headers=ListStringMatcher(patterns=hidden))


def mutation_rules() -> HeaderMutationRules:
    """What the service may change of a head; anything else ends the request."""
    allowed = "|".join(MUTABLE)
    return HeaderMutationRules(
        disallow_all=True,
        allow_expression=RegexMatcher(regex=allowed),
        disallow_is_error=True,
    )
