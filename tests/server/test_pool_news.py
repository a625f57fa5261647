"""What the supervisor says of model servers reaches the placer of its process."""

import pytest

from gateway.model.engine import EngineLoad
from gateway.picker.endpoint import Endpoint
from gateway.picker.pool_messages import PoolMessageError, endpoints_message, loads_message
from gateway.server.pool_news import PoolNews
from tests.server.desks import POOL, placer, plan

ADDRESS = "10.0.0.9:80"


def addresses(one: object) -> list[str]:
    assert isinstance(one, type(placer()))
    return [state.address for state in one.desks[POOL].pool.states()]


def test_endpoints_and_loads_are_taken_and_nothing_else() -> None:
    one = placer()
    news = PoolNews(one, lambda: 100.0)
    assert news.take(endpoints_message({POOL: [Endpoint(ADDRESS)]}))
    assert addresses(one) == [ADDRESS]
    report = (POOL, ADDRESS, EngineLoad(at=49.0, waiting=3))
    assert news.take(loads_message([report], now=50.0))
    (state,) = one.desks[POOL].pool.states()
    assert state.load == EngineLoad(at=99.0, waiting=3)
    assert not news.take({"type": "poll"})


def test_a_pool_that_a_reload_brings_has_the_endpoints_that_were_told_before() -> None:
    one = placer()
    news = PoolNews(one, lambda: 0.0)
    news.take(endpoints_message({POOL: [Endpoint(ADDRESS)], "new": [Endpoint(ADDRESS)]}))
    one.configure({POOL: plan(), "new": plan()})
    assert not one.desks["new"].pool.states()
    news.repeat()
    assert [state.address for state in one.desks["new"].pool.states()] == [ADDRESS]


def test_what_this_version_did_not_write_is_an_error() -> None:
    with pytest.raises(PoolMessageError):
        PoolNews(placer(), lambda: 0.0).take({"type": "pools", "endpoints": [1]})
