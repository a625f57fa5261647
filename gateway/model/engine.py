"""What a model server says of itself, whatever engine it is. Pure: no I/O, no clock."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineLoad:
    """One scrape of a model server. None is what its engine does not tell.

    `at` is when it was asked, on the picker's clock in seconds. `waiting` and `running` count
    requests; `kv_usage` is 0 to 1. `cache_tokens` is the capacity of the prefix cache in tokens and
    `block_tokens` the size of its blocks. `running_adapters` and `waiting_adapters` are LoRA
    adapters, of which at most `max_adapters` are active at a time. The rest are counters since the
    server began: `prefix_hits` and `prefix_queries` in tokens, `ttft_sum` in seconds over
    `ttft_count` answers, `prompt_tokens` and `generation_tokens`.
    """

    at: float
    waiting: int | None = None
    running: int | None = None
    kv_usage: float | None = None
    cache_tokens: int | None = None
    block_tokens: int | None = None
    max_adapters: int | None = None
    running_adapters: frozenset[str] = frozenset()
    waiting_adapters: frozenset[str] = frozenset()
    prefix_hits: float | None = None
    prefix_queries: float | None = None
    ttft_sum: float | None = None
    ttft_count: float | None = None
    prompt_tokens: float | None = None
    generation_tokens: float | None = None
