"""The types of gateway.yaml for proxies that somebody else configures.

Gateways of the Gateway API Inference Extension send their requests to an endpoint picker by the
endpoint picker protocol, and their configuration has no word of ours: neither the wiring that we
generate nor names of our routes. What they would say, the operator says here.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from gateway.config.section import Name, Section

ToldName: TypeAlias = Literal["model", "base-model", "pool"]


class PickerProtocol(Section):
    """Serve the endpoint picker protocol: a stream that brings no configuration of ours is one
    of a proxy that wants a model server picked."""

    route: Name = Field(
        description="By which route its requests are judged; it leads to pools. The proxy decides "
        "which paths it sends here."
    )
    listener: Name | None = Field(
        default=None,
        description="Whose rules of identity count; unset: the route's listener, or the only one.",
    )
    callers: Literal["mtls", "any"] = Field(
        default="mtls",
        description="`any`: workers take connections without a client certificate, from whoever "
        "reaches their address; a network policy should say who that is.",
    )
    fallbacks: Annotated[int, Field(ge=0, le=2)] = Field(
        default=0,
        description="How many further model servers the pick names for retries, in order. Envoy's "
        "override_host takes such a list; ORIGINAL_DST clusters and agentgateway take one alone.",
    )
    mode_override: bool = Field(
        default=False,
        description="Whether the proxy obeys mode_override (Envoy's allow_mode_override), so that "
        "bodies of responses are read where they are needed although it does not send them.",
    )
    tell: tuple[ToldName, ...] = Field(
        default=(),
        description="Headers that routes of the proxy may match on, as body-based routing sets "
        "them: x-gateway-model-name, x-gateway-base-model-name, x-gateway-pool.",
    )
    credentials: Literal["end", "pass"] = Field(
        default="end",
        description="`end`: the client's credentials are taken out of what goes on, as everywhere "
        "else; `pass`: the proxy or the model servers need them.",
    )
