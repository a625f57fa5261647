"""Which headers belong to the gateway, and which end at it. Data; the one list of both."""

from typing import Final

from gateway.config.wiring import DESTINATION, POOL_HEADER, RETRY_HEADER
from gateway.model.refusal import AUDIT_HEADER

SESSION_ENDPOINT: Final = "x-gateway-session-endpoint"
"""Written by the service: base64 of the "ip:port" that a bound request must reach."""

TO_MODEL_SERVERS: Final = (
    "x-prefiller-host-port",
    "x-encoder-hosts-ports",
    "x-data-parallel-host-port",
    "x-kv-cache-source-host-port",
)
"""Written by the service: what the server of a pool is told of the other servers that take part."""

NEVER_TO_MODEL_SERVERS: Final = ("x-prefiller-url", "x-data-parallel-rank")
"""Older names of two of them, which some servers still obey. Nobody writes them."""

OWNED_NAMES: Final = (SESSION_ENDPOINT, POOL_HEADER, *TO_MODEL_SERVERS, *NEVER_TO_MODEL_SERVERS)
"""Written by the gateway only: whatever a client sends under these names is dropped at once."""

OWNED_PREFIXES: Final = (
    DESTINATION,
    "x-gatehouse-",
    "x-envoy-",  # a client could ask Envoy for retries and timeouts with them
)

OWNED_PATTERN: Final = r"x-gateway-.*-served"

NOWHERE_HEADER: Final = "x-gatehouse-nowhere"
"""Would name the cluster of a request that was given to no pool. Nobody can write it, so there is
none, and Envoy answers 503."""

CREDENTIALS: Final = (
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "cookie",
    "x-forwarded-client-cert",
)
"""A client's credentials: the service sees them, no upstream does."""

NEVER_TO_SERVICE: Final = ("cookie", "proxy-authorization", "set-cookie")
"""Secrets that no method of identity reads; Envoy keeps them from the service."""

NOT_TO_UPSTREAM_PREFIXES: Final = ("x-gateway-", "x-gatehouse-", "x-llm-d-")
"""Control headers of the gateway, the client's hints included, go no further than the gateway."""

NOT_TO_MODEL_SERVERS: Final = (
    "x-prediction-based-scheduling",
    "x-session-id",
    "x-session-token",
    "x-slo-tpot-ms",
    "x-slo-ttft-ms",
)
"""Hints for a picker without a prefix of their own. Elsewhere these names may be a server's."""

NOT_TO_SERVICE_PREFIXES: Final = ("x-envoy-",)
"""What Envoy itself has added by then. Nobody needs it, and after the service there may be one
header of that kind only: MAX_RETRIES, which the router takes out."""

MAX_RETRIES: Final = "x-envoy-max-retries"
"""Written by the service: "0" for a bound request, whose retries could go to another endpoint."""

NOT_TO_CLIENT_PREFIXES: Final = ("x-gateway-",)
"""Would tell clients the addresses of endpoints (stateful_session writes one on responses)."""

MUTABLE: Final = (
    "accept-encoding",
    "accept-post",
    "allow",
    "baggage",
    "cache-control",
    "content-digest",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-type",
    "digest",
    "grpc-message",
    "grpc-status",
    "last-event-id",
    "mcp-[a-z0-9-]+",
    "repr-digest",
    "request-id",
    "retry-after",
    "traceparent",
    "tracestate",
    "www-authenticate",
    AUDIT_HEADER,
    "x-http-method(-override)?",
    "x-method-override",
    "x-should-retry",
    "x-llm-d-request-dropped-reason",
    "x-session-token",
    SESSION_ENDPOINT,
    POOL_HEADER,
    DESTINATION,
    *TO_MODEL_SERVERS,
    MAX_RETRIES,
    RETRY_HEADER,
    ":status",
)
"""All that the service may set or remove (regular expressions); Envoy refuses the rest."""
