import pytest

from gateway.model.engine import EngineLoad
from gateway.picker.endpoint import Endpoint, EndpointState, InFlight
from gateway.picker.saturation import saturation


def state(load: EngineLoad | None, *, unseen: int = 0, healthy: bool = True) -> EndpointState:
    flight = InFlight(requests=unseen, prefilling=unseen)
    return EndpointState(Endpoint("a", healthy=healthy), flight, load, unseen)


def test_unknown_is_not_full() -> None:
    assert saturation([state(None)]) == 0
    assert saturation([state(EngineLoad(0))]) == 0


def test_a_queue_makes_an_endpoint_full_and_the_pool_is_the_mean() -> None:
    queued = state(EngineLoad(0, waiting=5))

    assert saturation([queued]) == 1
    assert saturation([queued], queue_depth=20) == pytest.approx(0.25)
    assert saturation([queued, state(EngineLoad(0, waiting=0))]) == pytest.approx(0.5)


def test_a_cache_makes_an_endpoint_full_only_if_requests_wait_for_it() -> None:
    assert saturation([state(EngineLoad(0, waiting=0, kv_usage=0.8))]) == pytest.approx(0.8)
    assert saturation([state(EngineLoad(0, waiting=0, kv_usage=1.0))]) == pytest.approx(0.95)
    assert saturation([state(EngineLoad(0, kv_usage=1.0))]) == pytest.approx(0.95)
    assert saturation([state(EngineLoad(0, waiting=1, kv_usage=1.0))]) == 1
    assert saturation([state(EngineLoad(0, waiting=0, kv_usage=1.0), unseen=1)]) == 1


def test_endpoints_that_only_prefill_do_not_count() -> None:
    prefill = EndpointState(Endpoint("p", role="prefill"), load=EngineLoad(0, waiting=50))

    assert saturation([prefill, state(EngineLoad(0, waiting=1))]) == pytest.approx(0.2)
    assert saturation([prefill]) == 1


def test_requests_that_the_scrape_cannot_know_count_as_waiting() -> None:
    assert saturation([state(EngineLoad(0, waiting=0), unseen=5)]) == pytest.approx(1)


def test_requests_in_flight_count_against_a_configured_capacity() -> None:
    assert saturation([state(None, unseen=5)], capacity=10) == pytest.approx(0.5)


def test_unhealthy_endpoints_do_not_count_and_without_any_other_the_pool_is_full() -> None:
    full = state(EngineLoad(0, waiting=50), healthy=False)

    assert saturation([full, state(None)]) == 0
    assert saturation([full]) == 1


def test_one_endpoint_that_is_very_full_does_not_make_the_pool_full() -> None:
    idle = [state(EngineLoad(0, waiting=0)) for _ in range(99)]
    assert saturation([state(EngineLoad(0, waiting=10**9)), *idle]) == pytest.approx(0.01)
