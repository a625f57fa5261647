from typing import Any

import pytest

from gateway.config.gie_config import PluginSpec
from gateway.config.gie_plugins import Converted, converted, snake_case, verdict_of
from gateway.config.gie_verdicts import Level
from tests.config.gie_case import KNOWN


def spec(plugin_type: str, **parameters: Any) -> PluginSpec:
    return PluginSpec.model_validate({"type": plugin_type, "parameters": parameters})


def one(plugin_type: str, **parameters: Any) -> Converted:
    (found,) = converted(spec(plugin_type, **parameters), ("plugins", 0), KNOWN)
    return found


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("maxTTFTPenaltyMs", "max_ttft_penalty_ms"),
        ("affinityThreshold", "affinity_threshold"),
        ("lruSize", "lru_size"),
        ("maxNumOfEndpoints", "max_num_of_endpoints"),
        ("kvCacheUtilThreshold", "kv_cache_util_threshold"),
        ("waiting-queue", "waiting_queue"),
        ("label", "label"),
    ],
)
def test_parameters_have_our_spelling(theirs: str, ours: str) -> None:
    assert snake_case(theirs) == ours


def test_a_plugin_keeps_its_parameters_and_where_they_are_written() -> None:
    assert one("active-request-scorer", idleThreshold=2, requestTimeout="2m") == Converted(
        "scorers",
        "active-request-scorer",
        {"idle_threshold": 2},
        ("plugins", 0, "parameters"),
        {"idle_threshold": "idleThreshold"},
    )


def test_a_parameter_that_nobody_knows_is_told() -> None:
    found = one("active-request-scorer", idleThreshold=2, magic=True)
    assert (found.parameters, found.unknown) == ({"idle_threshold": 2}, ("magic",))


def test_older_names_of_plugins_are_known() -> None:
    assert one("kv-cache-scorer").type == "kv-cache-utilization-scorer"
    found = one("precise-prefix-cache-scorer", indexerConfig={"a": 1}, kvEventsConfig={})
    assert (found.type, found.parameters, found.unknown) == ("prefix-cache-scorer", {}, ())


def test_a_plugin_that_belongs_to_no_profile_or_is_unsupported_is_none() -> None:
    for name in ("inflight-load-producer", "latency-scorer", "made-up-scorer"):
        assert converted(spec(name), ("plugins", 0), KNOWN) == ()


def test_context_length_is_a_filter_as_well_where_it_is_told_to_be() -> None:
    both = converted(spec("context-length-aware", enableFiltering=True, label="x"), (), KNOWN)
    assert {plugin.kind for plugin in both} == {"filters", "scorers"}
    assert all(plugin.parameters == {"label": "x"} for plugin in both)
    assert one("context-length-aware", enableFiltering=False).kind == "scorers"


def test_of_a_session_only_the_lifetime_is_taken_over() -> None:
    found = one(
        "session-affinity-filter",
        strategy="session_id",
        sessionIdConfig={"sources": [{"header": "x"}], "evictionTtlSeconds": 60},
    )
    assert (found.parameters, found.unknown) == ({"ttl": 60}, ())
    assert one("session-affinity-filter", sessionIdConfig={"ttl": 1}).unknown == (
        "sessionIdConfig",
    )


@pytest.mark.parametrize(
    "conditions",
    [
        {"waiting-queue": {"maxValue": 5}, "kv-cache-utilization": {"maxValue": 0.8}},
        [
            {"type": "waiting-queue", "maxValue": 5},
            {"type": "kv-cache-utilization", "maxValue": 0.8},
        ],
    ],
)
def test_conditions_become_bounds(conditions: Any) -> None:
    found = one("utilization-filter", conditions=conditions, fallbackOnEmpty=True)
    assert found.parameters == {
        "waiting_queue": 5,
        "kv_cache_utilization": 0.8,
        "fallback_on_empty": True,
    }
    assert found.unknown == ()


@pytest.mark.parametrize(
    "conditions",
    [
        {"waiting-queue": {"maxValue": 5}, "kv-cache-utilization": {"minValue": 0.8}},
        [{"type": "waiting-queue", "maxValue": 5, "minValue": 1}],
        "waiting-queue",
    ],
)
def test_no_condition_is_lost_without_a_word(conditions: Any) -> None:
    assert one("utilization-filter", conditions=conditions).unknown == ("conditions",)


def test_an_exact_plugin_stays_exact() -> None:
    found = verdict_of(spec("queue-scorer"), ("plugins", 3))
    assert (found.plugin, found.level, found.path) == (
        "queue-scorer",
        Level.EXACT,
        ("plugins", 3),
    )


def test_a_parameter_without_effect_is_said() -> None:
    found = verdict_of(spec("prefix-cache-affinity-filter", ttftSource="latencyPredictor"), ())
    assert found.level is Level.APPROXIMATE
    assert "Waiting is estimated by prefill throughput." in found.says
    default = verdict_of(spec("prefix-cache-affinity-filter", ttftSource="prefillThroughput"), ())
    assert "Waiting is estimated" not in default.says


def test_a_parameter_of_another_plugin_is_only_unknown() -> None:
    found = verdict_of(spec("queue-scorer", ttftSource="prefillThroughput"), ())
    assert found == verdict_of(spec("queue-scorer"), ())
    assert one("queue-scorer", ttftSource="prefillThroughput").unknown == ("ttftSource",)


def test_a_stranger_is_unsupported() -> None:
    found = verdict_of(spec("made-up-scorer"), ())
    assert (found.level, found.says) == (
        Level.UNSUPPORTED,
        "This gateway does not know it.",
    )
