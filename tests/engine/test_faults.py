from contextlib import suppress

import httpx
import pytest

from tests.engine.faults import Faults
from tests.engine.settings import Settings
from tests.support.engines import ImitatedEngine, engine
from tests.support.waiting import until

BODY = {"model": "base-model", "prompt": "Hello", "max_tokens": 8}
SOON = 0.3


def ask(one: ImitatedEngine, **headers: str) -> httpx.Response:
    return httpx.post(f"{one.url}/v1/completions", json=BODY, headers=headers)


@pytest.mark.parametrize(
    ("fault", "status"),
    [("unavailable", 503), ("rate_limit", 429), ("server_error", 500), ("invalid_request", 400)],
)
def test_an_engine_answers_with_the_error_that_it_is_told_to(fault: str, status: int) -> None:
    with engine(latency="constant") as one:
        one.configure(fault=fault)
        assert ask(one).status_code == status
        one.configure(fault="none")
        assert ask(one).status_code == 200


def test_a_client_can_ask_for_an_error() -> None:
    with engine(latency="constant") as one:
        assert ask(one, x_return_error="503").status_code == 200
        assert ask(one, **{"X-Return-Error": "503"}).status_code == 503
        assert ask(one, **{"X-Return-Error": "soon"}).status_code == 400


def test_a_rate_of_faults_fails_that_share_and_the_same_requests_each_time() -> None:
    settings = Settings(fault="unavailable", fault_rate=0.25)
    runs = [[faults.next(settings) for _ in range(1_000)] for faults in (Faults(1), Faults(1))]
    assert runs[0] == runs[1]
    assert 200 < runs[0].count("unavailable") < 300
    assert runs[0].count("none") == 1_000 - runs[0].count("unavailable")


def test_an_engine_that_stalls_gives_no_head_and_works_on() -> None:
    with engine(latency="constant") as one:
        one.configure(fault="stall")
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{one.url}/v1/completions", json=BODY, timeout=SOON)
        one.configure(fault="none")
        assert ask(one).status_code == 200
        assert one.seen()["outcomes"] == {"aborted": 1, "served": 1}


@pytest.mark.parametrize(
    ("fault", "error"), [("hang", httpx.ReadTimeout), ("cut", httpx.RemoteProtocolError)]
)
def test_an_answer_stops_in_the_middle(fault: str, error: type[httpx.HTTPError]) -> None:
    lines: list[str] = []
    with engine(latency="constant", fault=fault, fault_after=3) as one:
        body = {**BODY, "stream": True}
        url = f"{one.url}/v1/completions"
        # A reset is told by the error of the socket or by that of the half-read answer.
        with (
            pytest.raises((error, httpx.ReadError)),
            httpx.stream("POST", url, json=body, timeout=SOON) as stream,
        ):
            lines.extend(line for line in stream.iter_lines() if line)
    assert len(lines) == 3
    assert "[DONE]" not in lines


def test_an_engine_dies_when_it_has_had_its_number_of_requests() -> None:
    with engine(latency="constant", die_after=2) as one:
        assert [ask(one).status_code for _ in range(2)] == [200, 200]
        with pytest.raises(httpx.HTTPError):
            ask(one)
        assert one.process.wait(5.0) == 1


def test_metrics_hang_fail_or_are_garbage() -> None:
    with engine(latency="constant") as one:
        url = f"{one.url}/metrics"
        one.configure(metrics_fault="error")
        assert httpx.get(url).status_code == 500
        one.configure(metrics_fault="garbage")
        assert b"html" in httpx.get(url).content
        one.configure(metrics_fault="hang")
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(url, timeout=SOON)
        assert ask(one).status_code == 200


def test_an_engine_that_starts_slowly_is_not_ready_until_it_is() -> None:
    with engine(latency="constant", startup_seconds=0.5) as one:

        def ready() -> bool:
            return httpx.get(f"{one.url}/health/ready").status_code == 200

        assert not ready()
        assert ask(one).status_code == 503
        until(ready)
        assert ask(one).status_code == 200


def test_health_can_fail_while_requests_are_served() -> None:
    with engine(latency="constant") as one:
        one.configure(health="failing")
        assert httpx.get(f"{one.url}/health").status_code == 503
        assert ask(one).status_code == 200


def test_a_sleeping_engine_serves_nothing_and_has_forgotten_its_cache() -> None:
    with engine(latency="constant") as one:
        assert ask(one).status_code == 200
        assert httpx.post(f"{one.url}/sleep").status_code == 200
        assert httpx.get(f"{one.url}/is_sleeping").json() == {"is_sleeping": True}
        assert ask(one).status_code == 503
        httpx.post(f"{one.url}/wake_up")
        assert ask(one).status_code == 200


def test_settings_of_the_start_cannot_be_changed_later() -> None:
    with engine(latency="constant") as one:
        with suppress(AssertionError):
            one.configure(max_num_seqs=2)
        config = httpx.get(f"{one.url}/admin/config").json()
        assert config["max_num_seqs"] == 16
        assert config["latency"] == "constant"
