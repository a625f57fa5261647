"""A pool of model servers as the stages know it. No I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.config.pool import Pool, Rewrite

BLOCK_BYTES: Final = 1024
"""Of the hash chain over a prompt: 256 tokens or so. Shared prefixes are thousands of tokens long,
and a 400 kB prompt has 400 hashes."""


@dataclass(frozen=True, slots=True)
class PoolStage:
    """A configured pool.

    `models` are the names that requests may use, adapters among them (empty: any), `rewrites` what
    they stand for, `objectives` priorities by name; `ttft_slo` and `tpot_slo` are seconds,
    `sample` the share of streams that are read.
    """

    name: str
    models: tuple[str, ...] = ()
    adapters: Mapping[str, str] = field(default_factory=dict[str, str])
    rewrites: tuple[Rewrite, ...] = ()
    objectives: Mapping[str, int] = field(default_factory=dict[str, int])
    ttft_slo: float | None = None
    tpot_slo: float | None = None
    sample: float = 0.0
    block_bytes: int = BLOCK_BYTES


def pool_stage(pool: Pool) -> PoolStage:
    """What the stages need of a pool of the configuration."""
    ttft, tpot = pool.slo.ttft_ms, pool.slo.tpot_ms
    named = tuple(one.model for one in pool.rewrites if one.model is not None)
    every = (*pool.models, *pool.adapters, *named) if pool.models else ()
    return PoolStage(
        name=pool.name,
        models=tuple(dict.fromkeys(every)),
        adapters=pool.adapters,
        rewrites=pool.rewrites,
        objectives=pool.objectives,
        ttft_slo=None if ttft is None else ttft / 1000,
        tpot_slo=None if tpot is None else tpot / 1000,
        sample=pool.sample,
    )
