"""Which pool a request goes to, by which model, and what it demands there. No I/O, no clock.

The model of a request is known when the name in its body has gone through the aliases of the route.
A pool's rewrites then split the requests for a name over models, as InferenceModelRewrite does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from gateway.config.pool import Rewrite, RewriteTarget
from gateway.model.demand import Demand
from gateway.model.prompt import Prompt
from gateway.pipeline.hints import RequestHints
from gateway.pipeline.pool import PoolStage

_DRAW_DIGITS: Final = 13
"""Of a hash in hexadecimal: 52 bits, as many as a float keeps."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The pool of a request, and the model that its servers are asked for."""

    pool: PoolStage
    model: str


def resolve(model: str, pools: Sequence[PoolStage], draw: float) -> Resolved | None:
    """Where a request for `model` ("" if it names none) goes, and what it asks for there; None if
    no pool serves it. `draw`, from 0 to below 1, decides between the targets of a rewrite."""
    pool = pool_of(model, pools)
    if pool is None:
        return None
    return Resolved(pool, target_of(model, pool.rewrites, draw) or model)


def pool_of(model: str, pools: Sequence[PoolStage]) -> PoolStage | None:
    """The first of `pools` that has the name: as a model, an adapter or a rewrite. Else the only
    pool there is, if it takes any name, else the first with a rewrite for every name."""
    for pool in pools:
        if model and model in pool.models:
            return pool
    if len(pools) == 1 and not pools[0].models:
        return pools[0]
    return next((pool for pool in pools if _rewrite_of("", pool.rewrites) is not None), None)


def names_of(pools: Sequence[PoolStage]) -> tuple[str, ...]:
    """Every name that requests may use, in order, each once."""
    return tuple(dict.fromkeys(name for pool in pools for name in pool.models))


def target_of(model: str, rewrites: Sequence[Rewrite], draw: float) -> str | None:
    """The model that stands for `model` by the rewrite of that name, else by the one of every
    name; None where there is none. Each target gets its share of the draws in [0, 1): by weight,
    where one without a weight gets nothing, or equal shares where none has a weight
    (InferenceModelRewrite of llm-d v0.10)."""
    rewrite = _rewrite_of(model, rewrites)
    if rewrite is None:
        return None
    weights = _weights(rewrite.targets)
    left = draw * sum(weights)
    chosen: str | None = None
    for target, weight in zip(rewrite.targets, weights, strict=True):
        if weight:
            chosen = target.model  # of the last one, should rounding leave a rest
            left -= weight
            if left < 0:
                break
    return chosen


def draw_of(hints: RequestHints, random: Random) -> float:
    """A number in [0, 1) for `resolve`: the same for all requests of a session, so that it keeps
    its model, whose cache knows its prompts."""
    if not hints.session:
        return random.random()
    return int(hints.session[:_DRAW_DIGITS], 16) / 16**_DRAW_DIGITS


def demand_of(
    prompt: Prompt, chain: tuple[int, ...], hints: RequestHints, pool: PoolStage
) -> Demand:
    """What a request demands of `pool`, of which `prompt` has the hash chain `chain` in the pool's
    blocks. An objective that the pool does not know is none."""
    length = sum(map(len, prompt.parts)) + len(prompt.parts)  # each part has an end
    return Demand(
        model=prompt.model,
        chain=chain,
        block_bytes=pool.block_bytes,
        prompt_bytes=max(length, len(chain) * pool.block_bytes),
        media_tokens=prompt.media_tokens,
        output_limit=prompt.output_limit,
        flow=hints.flow,
        session=hints.session,
        priority=pool.objectives.get(hints.objective, 0),
        ttft_slo=pool.ttft_slo if hints.ttft_slo is None else hints.ttft_slo,
        tpot_slo=pool.tpot_slo if hints.tpot_slo is None else hints.tpot_slo,
        subset=hints.subset,
        repeatable=prompt.repeatable,
    )


def _rewrite_of(model: str, rewrites: Sequence[Rewrite]) -> Rewrite | None:
    """The rewrite of a name, or the one of every name."""
    exact = (one for one in rewrites if model and one.model == model)
    return next(exact, None) or next((one for one in rewrites if one.model is None), None)


def _weights(targets: Sequence[RewriteTarget]) -> list[int]:
    weighted = any(target.weight is not None for target in targets)
    return [target.weight or 0 if weighted else 1 for target in targets]
