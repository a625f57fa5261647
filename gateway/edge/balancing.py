"""How Envoy finds the endpoint that the service has picked for a request."""

from typing import Final

from envoy_data_plane.envoy.config.cluster.v3 import LoadBalancingPolicy, LoadBalancingPolicyPolicy
from envoy_data_plane.envoy.config.core.v3 import TypedExtensionConfig
from envoy_data_plane.envoy.extensions.load_balancing_policies.least_request.v3 import LeastRequest
from envoy_data_plane.envoy.extensions.load_balancing_policies.override_host.v3 import (
    OverrideHost,
    OverrideHostOverrideHostSource,
)
from envoy_data_plane.envoy.extensions.load_balancing_policies.subset.v3 import (
    Subset,
    SubsetLbSubsetFallbackPolicy,
)
from envoy_data_plane.envoy.type.metadata.v3 import MetadataKey, MetadataKeyPathSegment

from gateway.config.wiring import DESTINATION, LB_NAMESPACE
from gateway.edge.packing import packed

OVERRIDE_HOST: Final = "envoy.load_balancing_policies.override_host"
SUBSET: Final = "envoy.load_balancing_policies.subset"
LEAST_REQUEST: Final = "envoy.load_balancing_policies.least_request"


def by_picked_endpoint() -> LoadBalancingPolicy:
    """The endpoints of the list that the service wrote, one for each attempt, and nobody else: one
    that was not picked may be one that a filter left out. Without any of them Envoy answers 503.

    Only members of the cluster: unlike ORIGINAL_DST it cannot be led to another address. The list
    is read from metadata, which no client can write; the header of the same name is on its way to
    nobody and is taken out before.
    """
    source = OverrideHostOverrideHostSource(
        metadata=MetadataKey(key=LB_NAMESPACE, path=[MetadataKeyPathSegment(key=DESTINATION)])
    )
    policy = OverrideHost(override_host_sources=[source], fallback_policy=_nobody())
    return _policy(OVERRIDE_HOST, policy)


def _nobody() -> LoadBalancingPolicy:
    """Subsets of which no request asks for any, and no fallback beside them."""
    within = _policy(LEAST_REQUEST, LeastRequest())
    nobody = Subset(
        fallback_policy=SubsetLbSubsetFallbackPolicy.NO_FALLBACK, subset_lb_policy=within
    )
    return _policy(SUBSET, nobody)


def _policy(name: str, config: OverrideHost | LeastRequest | Subset) -> LoadBalancingPolicy:
    extension = TypedExtensionConfig(name=name, typed_config=packed(config))
    return LoadBalancingPolicy(
        policies=[LoadBalancingPolicyPolicy(typed_extension_config=extension)]
    )
