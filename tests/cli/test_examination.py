"""What is found out about a model server."""

from typing import Any

import pytest

from gateway.cli.examination import Patient, engine_of, examine
from gateway.cli.model_server import ModelServer, Told
from tests.support.engines import ImitatedEngine, engine
from tests.support.http_server import Handler, serving


def examined(
    one: ImitatedEngine, *, probe: bool = False, **configured: Any
) -> dict[str, tuple[str, str]]:
    server = ModelServer(f"{one.url}/v1", f"{one.url}/metrics")
    patient = Patient("chat", one.address, server, **configured)
    found = examine(patient, probe=probe)
    worst = sorted(found, key=lambda each: ("ok", "advice", "wrong").index(each.level))
    return {each.about: (each.level, each.text) for each in worst}


def levels(found: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {about: level for about, (level, _) in found.items()}


def test_a_server_that_is_set_up_well_has_nothing_wrong() -> None:
    with engine(speed=20) as one:
        found = examined(one, probe=True, models=("base-model",))
    assert levels(found) == {
        "metrics": found["metrics"][0],
        "engine": "ok",
        "prefix-caching": "ok",
        "kv-events": "advice",
        "models": "ok",
        "completion": "ok",
        "prompt-tokens-details": "ok",
    }
    assert found["metrics"][0] != "wrong"


def test_settings_that_would_help_are_named() -> None:
    with engine(speed=20, prefix_caching=False, prompt_tokens_details=False) as one:
        found = examined(one, probe=True)
        unasked = examined(one)
    assert found["prefix-caching"][0] == "wrong"
    assert "--enable-prefix-caching" in found["prefix-caching"][1]
    assert found["prompt-tokens-details"][0] == "wrong"
    assert "--enable-prompt-tokens-details" in found["prompt-tokens-details"][1]
    assert "--kv-events-config" in found["kv-events"][1]
    assert unasked["prompt-tokens-details"][0] == "advice"
    assert "completion" not in unasked


def test_without_probe_nothing_is_generated() -> None:
    with engine(speed=20) as one:
        examined(one)
        assert one.seen()["count"] == 0
        examined(one, probe=True)
        assert one.seen()["count"] == 2


def test_another_engine_than_the_configured_one_is_recognised() -> None:
    with engine(engine="sglang", speed=20) as one:
        guessed = examined(one, engine="vllm")
        right = examined(one, engine="sglang")
        plain = examined(one, engine="openai")
    assert guessed["engine"][0] == "wrong"
    assert "sglang" in guessed["engine"][1]
    assert right["engine"] == ("ok", "sglang")
    assert plain["engine"][0] == "wrong"
    assert "prefix-caching" not in right


@pytest.mark.parametrize(
    ("fault", "about"), [("error", "metrics"), ("garbage", "engine"), ("none", "")]
)
def test_metrics_that_are_missing_or_nonsense_are_wrong(fault: str, about: str) -> None:
    with engine(speed=20, metrics_fault=fault) as one:
        found = examined(one)
    assert {name for name, (level, _) in found.items() if level == "wrong"} == {about} - {""}


def test_names_that_differ_from_the_pool_are_told() -> None:
    with engine(model="llama,llama-chat", speed=20) as one:
        missing = examined(one, models=("lama",))
        fewer = examined(one, models=("llama",))
    assert missing["models"][0] == "wrong"
    assert missing["models"][1].startswith("does not serve lama, ")
    assert fewer["models"][0] == "advice"
    assert "llama-chat" in fewer["models"][1]


def test_a_server_that_is_not_there_is_wrong_once_for_each_question() -> None:
    with engine(speed=20) as one:
        one.kill()
        found = examined(one, probe=True)
    assert levels(found) == dict.fromkeys(("metrics", "models", "completion"), "wrong")


def test_cached_tokens_that_an_unknown_engine_does_not_report_are_no_fault() -> None:
    class Plain(Handler):
        def do_GET(self) -> None:  # noqa: N802  http.server calls it
            self.answer(200, b'{"data": [{"id": "m"}]}')

        def do_POST(self) -> None:  # noqa: N802  http.server calls it
            self.answer(200, b'{"usage": {"prompt_tokens": 5}}')

    with serving(Plain) as address:
        server = ModelServer(f"http://{address}/v1", "")
        found = [*examine(Patient("", address, server, "openai"), probe=True)]
    assert [(one.level, one.about) for one in found] == [
        ("ok", "models"),
        ("ok", "completion"),
        ("advice", "prompt-tokens-details"),
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"vllm:num_requests_running 1\n", "vllm"),
        (b"sglang:num_running_reqs 1\n", "sglang"),
        (b"vllm:num_requests_running 1\nsglang:num_running_reqs 1\n", None),
        (b"process_cpu_seconds_total 1\n", None),
    ],
)
def test_an_engine_is_known_by_its_metrics(text: bytes, name: str | None) -> None:
    assert engine_of(Told(text, 0.0)) == name
