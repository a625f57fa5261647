"""What an endpoint does of encode, prefill and decode. Pure: no I/O, no clock."""

from typing import Final

from gateway.picker.endpoint import Endpoint

ROLE_LABEL: Final = "llm-d.ai/role"

_STAGES: Final = {
    "encode": frozenset({"encode"}),
    "prefill": frozenset({"prefill"}),
    "decode": frozenset({"decode"}),
    "both": frozenset({"prefill", "decode"}),
    "prefill-decode": frozenset({"prefill", "decode"}),
    "encode-prefill": frozenset({"encode", "prefill"}),
    "encode-prefill-decode": frozenset({"encode", "prefill", "decode"}),
}


def stages_of(endpoint: Endpoint) -> frozenset[str]:
    """The stages by the label `llm-d.ai/role`, of which an unknown value means none, and without it
    by the endpoint's role.

    llm-d's prefill filter leaves out pods without the label; here such an endpoint has the role
    "both" unless the configuration gives it another.
    """
    return _STAGES.get(endpoint.labels.get(ROLE_LABEL, endpoint.role), frozenset())
