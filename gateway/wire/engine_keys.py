"""Members of a body by which model servers and the proxies beside them talk to one another.

A client that writes them names the server to fetch a cache from, or takes another's place in the
queue of an engine. Sources: the request models of vLLM, SGLang and trtllm-serve, which read them
beside the members of the API. Pure: no I/O, no clock.
"""

from collections.abc import Collection
from typing import Final

from gateway.wire.keyfold import ProtocolKeys

ENGINE_KEYS: Final = frozenset(
    (
        "kv_transfer_params",
        "ec_transfer_params",
        "bootstrap_host",
        "bootstrap_port",
        "bootstrap_room",
        "disaggregated_params",
        "data_parallel_rank",
        "priority",
        "request_id",
        "cache_hit_threshold",
        "rid",
        "routed_dp_rank",
        "vllm_xargs",
    )
)
"""Of the top level of a body."""

_KEYS: Final = ProtocolKeys(ENGINE_KEYS)


def engine_key(body: Collection[str]) -> str | None:
    """The first of ENGINE_KEYS in the keys of a body, or that one of them can be mistaken for.

    Callers bound the keys: each is folded.
    """
    found = sorted(ENGINE_KEYS.intersection(body))
    return found[0] if found else _KEYS.mimicked(body)
