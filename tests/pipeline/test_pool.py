"""What the stages know of a pool."""

from gateway.config.pool import Pool
from gateway.pipeline.pool import pool_stage

POOL = Pool.model_validate_json(
    """{"name": "chat", "endpoints": ["10.0.0.1:80"], "models": ["llama"],
    "adapters": {"sql": "llama"}, "objectives": {"urgent": 5}, "slo": {"ttft_ms": 500},
    "rewrites": [{"model": "fast", "targets": [{"model": "llama"}]},
                 {"targets": [{"model": "llama"}]}]}"""
)


def test_requests_may_name_models_adapters_and_what_is_rewritten() -> None:
    stage = pool_stage(POOL)
    assert stage.models == ("llama", "sql", "fast")
    assert stage.objectives == {"urgent": 5}


def test_a_pool_without_models_takes_any_name_whatever_else_it_has() -> None:
    assert pool_stage(POOL.model_copy(update={"models": ()})).models == ()


def test_goals_are_in_seconds_and_unset_ones_are_none() -> None:
    stage = pool_stage(POOL)
    assert (stage.ttft_slo, stage.tpot_slo) == (0.5, None)
