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


def test_queue_or_cache_make_an_endpoint_full_and_the_pool_is_the_mean() -> None:
    queued, cached = state(EngineLoad(0, waiting=5)), state(EngineLoad(0, kv_usage=0.8))

    assert saturation([queued]) == saturation([cached]) == pytest.approx(1)
    assert saturation([queued, state(EngineLoad(0, waiting=0))]) == pytest.approx(0.5)


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
