from typing import get_args

from gateway.config.pool import Engine
from gateway.picker.engines import find_engines


def test_every_engine_that_a_pool_may_name_is_there() -> None:
    assert set(find_engines()) == set(get_args(Engine))
