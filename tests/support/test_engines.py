import httpx
import pytest

from tests.support.engines import engine, engines
from tests.support.ports import free_port
from tests.support.waiting import until

BODY = {"model": "base-model", "prompt": "Hello", "max_tokens": 2}
SOON = 0.3


def test_every_engine_has_a_name_and_an_address_of_its_own() -> None:
    with engines(2, each=[{}, {"name": "other", "model": "m"}], latency="constant") as pool:
        assert [one.name for one in pool] == ["engine-0", "other"]
        assert len({one.address for one in pool}) == 2
        models = [httpx.get(f"{one.url}/v1/models").json()["data"][0]["id"] for one in pool]
    assert models == ["base-model", "m"]
    assert all(one.process.returncode is not None for one in pool)


def test_an_engine_can_be_killed_and_come_back_where_it_was() -> None:
    port = free_port()
    with engine(latency="constant", port=port) as one:
        one.kill()
        with pytest.raises(httpx.ConnectError):
            one.seen()
        with engine(latency="constant", port=port) as again:
            assert again.seen()["count"] == 0


def test_a_frozen_engine_answers_once_it_is_thawed() -> None:
    with engine(latency="constant") as one:
        one.freeze()
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{one.url}/v1/completions", json=BODY, timeout=SOON)
        one.thaw()
        assert httpx.post(f"{one.url}/v1/completions", json=BODY).status_code == 200
        until(lambda: one.seen()["count"] >= 1)


def test_samples_are_summed_over_their_labels() -> None:
    with engine(latency="constant") as one:
        httpx.post(f"{one.url}/v1/completions", json=BODY).raise_for_status()
        assert one.metrics()["vllm:request_success_total"] == 1


def test_a_setting_that_cannot_be_changed_fails_the_test() -> None:
    with (
        engine(latency="constant") as one,
        pytest.raises(AssertionError, match="cannot be changed"),
    ):
        one.configure(model="other")
