"""A request that wants a model server, as the picker knows it: hashes and counts. Pure."""

from dataclasses import dataclass
from typing import Final

DEFAULT_FLOW: Final = "default-flow"
"""The flow of requests that name none, as in the endpoint picker protocol."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One generation request.

    `model` is the model or adapter that the server is asked for. `chain` has one 64-bit hash for
    each whole block of `block_bytes` bytes of the prompt, each hash standing for the prompt from
    its beginning up to the end of that block (and for model and cache salt). `prompt_bytes` is the
    length of the whole prompt, `media_tokens` an estimate of what media add to it, `output_limit`
    the most tokens of the answer, None if unknown.

    `flow` is the fairness id, `session` the affinity id ("" for none), `priority` is higher for
    more urgent and negative for what may be shed. `ttft_slo` and `tpot_slo` are seconds. `subset`
    are the only addresses that may be picked (None: any; empty: none). `repeatable` as in `Prompt`.
    """

    model: str
    chain: tuple[int, ...] = ()
    block_bytes: int = 1024
    prompt_bytes: int = 0
    media_tokens: int = 0
    output_limit: int | None = None
    flow: str = DEFAULT_FLOW
    session: str = ""
    priority: int = 0
    ttft_slo: float | None = None
    tpot_slo: float | None = None
    subset: tuple[str, ...] | None = None
    repeatable: bool = True
