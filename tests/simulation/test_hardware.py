"""The step-time model."""

import pytest

from gateway.simulation.hardware import LLAMA_8B, Server, StepTime

MODEL = StepTime(Server())


def test_many_decode_steps_take_as_long_as_the_same_steps_one_by_one() -> None:
    decoding, context = 10, 50_000
    single = sum(MODEL.step(0, 0.0, 0, decoding, context + step * decoding) for step in range(37))
    assert MODEL.decode(37, decoding, context) == pytest.approx(single)


@pytest.mark.parametrize("time", [1e-6, 0.02, 0.5, 3.0])
def test_the_fewest_steps_until_a_time_reach_it_and_one_less_does_not(time: float) -> None:
    steps = MODEL.decodes_until(time, 20, 90_000)
    assert MODEL.decode(steps, 20, 90_000) >= time
    assert steps == 1 or MODEL.decode(steps - 1, 20, 90_000) < time


def test_a_small_batch_waits_for_the_weights_and_a_large_one_for_the_products() -> None:
    assert MODEL.step(1, 0.0, 1, 0, 0) == MODEL.step(100, 0.0, 1, 0, 0)
    assert MODEL.step(8000, 0.0, 1, 0, 0) > 1.9 * MODEL.step(4000, 0.0, 1, 0, 0) - MODEL.fixed


def test_a_slow_server_takes_longer_for_everything_but_its_overheads() -> None:
    slow = StepTime(Server(slow=2.5))
    assert slow.per_token == pytest.approx(2.5 * MODEL.per_token)
    assert slow.weights == pytest.approx(2.5 * MODEL.weights)
    assert slow.fixed == MODEL.fixed


def test_computing_and_the_rest_of_a_step_are_slowed_apart() -> None:
    slow = StepTime(Server(prefill=5.0, decode=0.5))
    assert slow.per_token == pytest.approx(5 * MODEL.per_token)
    assert slow.attention == pytest.approx(5 * MODEL.attention)
    for name in ("weights", "kv", "fixed", "per_request"):
        assert getattr(slow, name) == pytest.approx(0.5 * getattr(MODEL, name))


def test_the_prefill_rate_is_between_the_two_published_ones() -> None:
    assert 15928 <= 7200 / MODEL.step(7200, 7200 * 7200 / 2, 1, 0, 0) <= 20480


def test_a_smaller_model_leaves_more_room_for_the_cache() -> None:
    assert Server(LLAMA_8B, gpus=2).blocks > 2 * Server().blocks


def test_the_work_of_a_prefill_grows_with_what_is_before_it() -> None:
    assert MODEL.prefill(1000, 100_000) > 2 * MODEL.prefill(1000, 0)


def test_moving_keys_and_values_takes_their_bytes_over_the_link() -> None:
    fast, slow = Server(link=50e9), Server(link=1.25e9)
    assert slow.transfer(10_000) - slow.transfer(0) == pytest.approx(10_000 * 262_144 / 1.25e9)
    assert fast.transfer(0) == slow.transfer(0) > 0
