"""Envoy's routes: one for each route of the configuration, its metadata, and everything else.

Envoy's route name is the only route identity that the service believes: `routed_name` for a
configured route, `_metadata:` before it for its RFC 9728 metadata, `_unknown` for the rest.
The last two lead nowhere: whatever the service says, no upstream is behind them.

A route to pools is one Envoy route per pool, all of the same name: the service's verdict names the
pool in a header and has Envoy look again. Before that, none of them matches but the last, which
leads nowhere: a request without a pick goes to no model server.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from envoy_data_plane.envoy.config.route.v3 import (
    DirectResponseAction,
    HeaderMatcher,
    RetryPolicy,
    RetryPolicyRetryBackOff,
    RetryPolicyRetryHostPredicate,
    RouteAction,
    RouteActionUpgradeConfig,
    RouteConfiguration,
    RouteMatch,
    RouteMatchConnectMatcher,
    VirtualHost,
)
from envoy_data_plane.envoy.config.route.v3 import Route as EnvoyRoute
from envoy_data_plane.envoy.extensions.filters.http.ext_proc.v3 import ExtProcPerRoute
from envoy_data_plane.envoy.extensions.retry.host.previous_hosts.v3 import PreviousHostsPredicate
from envoy_data_plane.envoy.type.matcher.v3 import (
    RegexMatchAndSubstitute,
    RegexMatcher,
    StringMatcher,
)
from envoy_data_plane.google.protobuf import Any

from gateway.config.backend import Backend
from gateway.config.pool import Pool
from gateway.config.route_checks import WELL_KNOWN, listeners_of
from gateway.config.schema import Gateway, Listener, Route, Telling
from gateway.config.wiring import METADATA_PREFIX, POOL_HEADER, Mode, routed_name
from gateway.edge import ext_authz, ext_proc, verdict_guard
from gateway.edge.headers import NOT_TO_MODEL_SERVERS, NOWHERE_HEADER
from gateway.edge.packing import packed, seconds
from gateway.model.refusal import AUDIT_HEADER
from gateway.protocols.mcp.era import MODERN_REVISIONS

UNKNOWN: Final = "_unknown"
VIRTUAL_HOST: Final = "gatehouse"

_FROM_UPSTREAM_NEVER: Final = [AUDIT_HEADER, "x-envoy-upstream-service-time"]
_OF_THE_WAY_HERE: Final = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
]
"""Addresses of the own network are no business of a server elsewhere."""
_UPGRADES: Final = [RouteActionUpgradeConfig(upgrade_type="websocket")]
"""Where nothing is judged; on every other route Envoy refuses to leave HTTP."""

_RETRY_ON: Final = "connect-failure,refused-stream"
"""Nothing has been read by anybody in these two cases, so any request may be repeated."""

_BUSY: Final = 503
"""What else is retried where the service's RETRY_HEADER says so."""


def routes_name(listener: str) -> str:
    """The name of a listener's route configuration."""
    return f"{listener}_routes"


def route_configuration(gateway: Gateway, listener: Listener) -> RouteConfiguration:
    """All routes of one listener, the catch-alls last."""
    host = VirtualHost(
        name=VIRTUAL_HOST,
        domains=["*"],
        routes=list(_routes(gateway, listener)),
        response_headers_to_remove=_FROM_UPSTREAM_NEVER,
    )
    return RouteConfiguration(name=routes_name(listener.name), virtual_hosts=[host])


def _routes(gateway: Gateway, listener: Listener) -> Iterator[EnvoyRoute]:
    upstreams = {upstream.name: upstream for upstream in gateway.upstreams}
    for route in sorted(gateway.routes, key=_precedence):
        if listener.name in listeners_of(route, gateway):
            upstream = upstreams[route.backend]
            if isinstance(upstream, Pool):
                pools = [upstreams[name] for name in (route.backend, *route.pools)]
                yield from _pooled(route, pools, listener, gateway)
            else:
                yield from _to_backend(route, upstream, listener, gateway)
            if route.protocol != "unjudged":
                yield _metadata(route, listener, gateway)
    connect = RouteMatch(connect_matcher=RouteMatchConnectMatcher())
    yield _nowhere(UNKNOWN, connect, listener, gateway)
    yield _nowhere(UNKNOWN, RouteMatch(prefix="/"), listener, gateway)


def _to_backend(
    route: Route, backend: Backend, listener: Listener, gateway: Gateway
) -> Iterator[EnvoyRoute]:
    configured = _configured(route, backend, _filters(route, listener, gateway))
    if route.protocol == "mcp":
        yield from _without_sessions(route, configured)
    yield configured


def _pooled(
    route: Route, pools: Sequence[Backend], listener: Listener, gateway: Gateway
) -> Iterator[EnvoyRoute]:
    """One route for each pool, and last the one that every request has before its verdict."""
    filters = _filters(route, listener, gateway, ending=True)
    for pool in pools:
        chosen = _configured(route, pool, filters)
        header = HeaderMatcher(name=POOL_HEADER, string_match=StringMatcher(exact=pool.name))
        assert chosen.match is not None
        chosen.match.headers = [header]
        chosen.request_headers_to_remove += NOT_TO_MODEL_SERVERS
        assert chosen.route is not None
        assert chosen.route.retry_policy is not None
        chosen.route.retry_policy.retriable_status_codes = [_BUSY]
        yield chosen
    nowhere = _configured(route, pools[0], filters)
    assert nowhere.route is not None
    # Not by direct_response: Envoy gives a body no room of its own there (413 above 256 KiB).
    nowhere.route.cluster, nowhere.route.cluster_header = None, NOWHERE_HEADER
    yield nowhere


def _precedence(route: Route) -> tuple[bool, int]:
    """Exact paths first, then the longer of two base paths: Envoy takes the first that matches."""
    return route.below, -len(route.path) if route.below else 0


def _match(route: Route) -> RouteMatch:
    if not route.below:
        return RouteMatch(path=route.path)
    base = route.path.rstrip("/")
    return RouteMatch(path_separated_prefix=base) if base else RouteMatch(prefix="/")


def _put_path(route: Route, backend: Backend) -> str | None:
    """The path at the backend in place of the route's; None: the client's path stays."""
    return backend.path if route.upstream_path is None else route.upstream_path


def _rewritten(route: Route, backend: Backend) -> RegexMatchAndSubstitute | None:
    """The backend's base path in place of the route's. (Envoy's prefix_rewrite would leave two
    slashes where one of the two is the root.)"""
    path = _put_path(route, backend)
    if path is None or not route.below:
        return None
    base, root = re.escape(route.path.rstrip("/")), path.rstrip("/")
    pattern, put = (f"^{base}", root) if root and base else (f"^{base}/?", f"{root}/")
    return RegexMatchAndSubstitute(pattern=RegexMatcher(regex=pattern), substitution=put)


def mode_of(route: Route) -> Mode:
    """How a route is wired. An unjudged one is still announced, so that each pass is recorded."""
    return "head" if route.protocol == "unjudged" else route.mode


def _body_limit(route: Route) -> int | None:
    return None if mode_of(route) == "head" else route.body_limit


def _filters(
    route: Route, listener: Listener, gateway: Gateway, *, ending: bool = False
) -> dict[str, Any]:
    """What the filters do otherwise on this route."""
    mode = mode_of(route)
    if mode == "check":
        return _checked(route, listener, gateway)
    return _override(mode, listener, gateway, route.metadata, ending=ending)


def _configured(route: Route, backend: Backend, filters: dict[str, Any]) -> EnvoyRoute:
    return EnvoyRoute(
        name=routed_name(route),
        match=_match(route),
        route=RouteAction(
            cluster=backend.name,
            prefix_rewrite=""
            if route.below
            else _put_path(route, backend) or "",  # of the whole path then
            regex_rewrite=_rewritten(route, backend),
            host_rewrite_literal=backend.host or "",
            timeout=seconds(0),  # a tool may run, and a listening stream may be silent, for hours
            idle_timeout=seconds(0),
            retry_policy=_retry_policy(),
            upgrade_configs=_UPGRADES if route.protocol == "unjudged" else [],
        ),
        request_headers_to_remove=list(_OF_THE_WAY_HERE) if backend.url is not None else [],
        request_body_buffer_limit=_body_limit(route),
        typed_per_filter_config=filters,
    )


def _without_sessions(route: Route, configured: EnvoyRoute) -> Iterator[EnvoyRoute]:
    """The same for the revisions of MCP that have no sessions. The service does not ask for the
    heads of most of their responses, so Envoy takes out the id that a server sends all the same."""
    for revision in MODERN_REVISIONS:
        twin = EnvoyRoute().parse(bytes(configured))
        version = StringMatcher(exact=revision)
        header = HeaderMatcher(name="mcp-protocol-version", string_match=version)
        twin.match = RouteMatch(path=route.path, headers=[header])
        twin.response_headers_to_remove = ["mcp-session-id"]
        yield twin


def _metadata(route: Route, listener: Listener, gateway: Gateway) -> EnvoyRoute:
    path = WELL_KNOWN + route.path.rstrip("/")
    return _nowhere(METADATA_PREFIX + routed_name(route), RouteMatch(path=path), listener, gateway)


def _nowhere(name: str, match: RouteMatch, listener: Listener, gateway: Gateway) -> EnvoyRoute:
    return EnvoyRoute(
        name=name,
        match=match,
        direct_response=DirectResponseAction(status=404),
        typed_per_filter_config=_override("head", listener, gateway),
    )


def _override(
    mode: Mode,
    listener: Listener,
    gateway: Gateway,
    telling: Telling = "gatehouse",
    *,
    ending: bool = False,
) -> dict[str, Any]:
    if mode == "buffered" and telling != "native" and not ending:
        return {}
    override = ext_proc.route_override(listener, gateway.limits, mode, telling, ending=ending)
    return {ext_proc.FILTER: packed(override)}


def _checked(route: Route, listener: Listener, gateway: Gateway) -> dict[str, Any]:
    """ext_authz in place of ext_proc, and the guard looking for the verdict where that puts it."""
    return {
        ext_proc.FILTER: packed(ExtProcPerRoute(disabled=True)),
        ext_authz.FILTER: packed(ext_authz.checked_route(route, listener, gateway.limits)),
        verdict_guard.FILTER: packed(verdict_guard.checked_guard()),
    }


def _retry_policy() -> RetryPolicy:
    return RetryPolicy(
        retry_on=_RETRY_ON,
        num_retries=2,
        retry_back_off=RetryPolicyRetryBackOff(
            base_interval=seconds(0.005), max_interval=seconds(0.05)
        ),
        retry_host_predicate=[
            RetryPolicyRetryHostPredicate(
                name="envoy.retry_host_predicates.previous_hosts",
                typed_config=packed(PreviousHostsPredicate()),
            )
        ],
        host_selection_retry_max_attempts=5,
    )
