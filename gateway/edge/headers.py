"""Which headers belong to the gateway, and which end at it. Data; the one list of both."""

from typing import Final

from gateway.model.refusal import AUDIT_HEADER

SESSION_ENDPOINT: Final = "x-gateway-session-endpoint"
"""Written by the service: base64 of the "ip:port" that a bound request must reach."""

OWNED_NAMES: Final = (
    SESSION_ENDPOINT,
    "x-prefiller-host-port",
    "x-encoder-hosts-ports",
    "x-data-parallel-host-port",
    "x-kv-cache-source-host-port",
)
"""Written by the gateway only: whatever a client sends under these names is dropped at once."""

OWNED_PREFIXES: Final = (
    "x-gateway-destination-endpoint",
    "x-gatehouse-",
    "x-envoy-",  # a client could ask Envoy for retries and timeouts with them
)

OWNED_PATTERN: Final = r"x-gateway-.*-served"

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

NOT_TO_UPSTREAM_PREFIXES: Final = ("x-gateway-", "x-gatehouse-")
"""Control headers of the gateway, the client's hints included, go no further than the gateway."""

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
    SESSION_ENDPOINT,
    MAX_RETRIES,
    ":status",
)
"""All that the service may set or remove (regular expressions); Envoy refuses the rest."""
