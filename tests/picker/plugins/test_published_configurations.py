"""Configurations that llm-d and Google published, read as they are, and ranked by hand.

Sources: llm-d router v0.10 (defaults, optimized baseline, recommended profile, payload-agnostic
profile, P/D sample) and the Vertex AI article on weights 3:3:2 and 3:5:2.
"""

from pathlib import Path
from random import Random

import pytest

from gateway.config.document import Document, parse_documents
from gateway.config.endpoint_picker import EndpointPickerSpec
from gateway.config.endpoint_picker import PluginProfile as ProfileSection
from gateway.picker.plugins.building import build_profile
from gateway.picker.plugins.foreign import read_foreign
from gateway.picker.plugins.profile import PluginProfile
from gateway.picker.profile import Candidate
from tests.picker.plugins.case import DEMAND, candidate, load

HEAD = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n"
RECOMMENDED = """\
apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
featureGates: [flowControl]
plugins:
- type: token-producer
- type: approx-prefix-cache-producer
  parameters: {maxPrefixTokensToMatch: 131072, autoTune: true}
- type: prefix-cache-affinity-filter
  parameters: {affinityThreshold: 0.8, maxTTFTPenaltyMs: 18000, peakPrefillThroughput: 15928}
- type: inflight-load-producer
- type: token-load-scorer
- type: queue-scorer
- type: kv-cache-utilization-scorer
- type: prefix-cache-scorer
- type: max-score-picker
- type: single-profile-handler
- type: utilization-detector
  parameters: {queueDepthThreshold: 5, kvCacheUtilThreshold: 0.8, metricsStalenessThreshold: 200ms}
schedulingProfiles:
- name: default
  plugins:
  - {pluginRef: prefix-cache-affinity-filter}
  - {pluginRef: token-load-scorer, weight: 1}
  - {pluginRef: max-score-picker}
requestHandler: {parsers: [{pluginRef: openai-parser}]}
saturationDetector: {pluginRef: utilization-detector}
dataLayer:
  injectDefaults: true
  sources: [{pluginRef: metrics-data-source, extractors: [{pluginRef: core-metrics-extractor}]}]
flowControl:
  maxBytes: 4Gi
  maxRequests: 20000
  defaultRequestTTL: 60s
  noEndpointRequestTTL: 10m
  enableEviction: true
  defaultPriorityBand:
    {fairnessPolicyRef: round-robin-fairness-policy, orderingPolicyRef: fcfs-ordering-policy}
  priorityBands:
  - {priority: 100, maxRequests: 500, maxBytes: 2Gi, orderingPolicyRef: edf-ordering-policy}
  usageLimitPolicyPluginRef: soft-reflective-ceiling-policy
"""


def spec_of(text: str) -> EndpointPickerSpec:
    documents = parse_documents(text, "epp.yaml", {}, Path())
    found = read_foreign([one for one in documents if isinstance(one, Document)])
    assert found.problems == ()
    (picker,) = found.pickers
    assert picker.spec is not None
    return picker.spec


def profile_of(text: str) -> PluginProfile:
    spec = spec_of(text)
    assert isinstance(spec.profile, ProfileSection)
    return build_profile("published", spec.profile, spec.disaggregation, Random(0))


def weighted(prefix: float, queue: float, kv: float, more: str = "") -> str:
    plugins = {"prefix-cache-scorer": prefix, "queue-scorer": queue}
    plugins |= {"kv-cache-utilization-scorer": kv}
    types = "".join(f"- type: {name}\n" for name in plugins)
    refs = "".join(f"  - {{pluginRef: {n}, weight: {w}}}\n" for n, w in plugins.items())
    extra = f"- type: {more}\n" if more else ""
    ref = f"  - {{pluginRef: {more}, weight: 2}}\n" if more else ""
    head = f"{HEAD}plugins:\n{types}{extra}- type: max-score-picker\n"
    return f"{head}schedulingProfiles:\n- name: default\n  plugins:\n{refs}{ref}"


def ranked(profile: PluginProfile, servers: list[Candidate]) -> list[tuple[str, float]]:
    order = profile.rank(DEMAND, servers, 0.0).order
    return [(one.candidate.address, round(one.parts["score"], 9)) for one in order]


SERVERS = [
    candidate("idle", load=load(waiting=0, kv_usage=0.2)),
    candidate("warm", load=load(waiting=4, kv_usage=0.6), cached=900, prompt=1000),
    candidate("between", load=load(waiting=3, kv_usage=0.5)),
]
"""Queue scores 1, 0, 0.25; cache scores 0.8, 0.4, 0.5; prefix scores 0, 0.9, 0."""


def test_the_default_is_queue_2_kv_2_prefix_3() -> None:
    assert ranked(profile_of(HEAD), SERVERS) == [("idle", 3.6), ("warm", 3.5), ("between", 1.5)]


def test_the_optimized_baseline_adds_a_neutral_half_of_two_to_a_hit() -> None:
    profile = profile_of(weighted(3, 2, 2, "no-hit-lru-scorer"))
    assert ranked(profile, SERVERS) == [("idle", 4.6), ("warm", 4.5), ("between", 2.5)]


def test_the_optimized_baseline_sends_cold_prompts_to_who_got_none_for_longest() -> None:
    """All else equal the queue and cache scores are 1 and 0.5, so 2 + 1, and the ranks decide."""
    profile = profile_of(weighted(3, 2, 2, "no-hit-lru-scorer"))
    servers = [candidate(name, load=load(waiting=1, kv_usage=0.5)) for name in "abc"]
    assert ranked(profile, servers) == [("a", 5.0), ("b", 4.0), ("c", 3.0)]
    profile.placed(DEMAND, servers[0], 0.0)
    assert ranked(profile, servers) == [("b", 5.0), ("c", 4.0), ("a", 3.0)]


def test_3_3_2_keeps_to_the_cache_where_3_5_2_goes_to_the_empty_queue() -> None:
    servers = [
        candidate("cached", load=load(waiting=10, kv_usage=0.5), cached=1000, prompt=1000),
        candidate("empty", load=load(waiting=0, kv_usage=0.6)),
    ]
    assert ranked(profile_of(weighted(3, 3, 2)), servers) == [("cached", 4.0), ("empty", 3.8)]
    assert ranked(profile_of(weighted(3, 5, 2)), servers) == [("empty", 5.8), ("cached", 4.0)]


def test_the_recommended_profile_is_sticky_until_saturated() -> None:
    """18,000 ms at 15,928 tokens/s are 286,704 tokens; scores are 1 - tokens / 4,194,304."""

    def servers(in_front: int) -> list[Candidate]:
        return [
            candidate("warm", cached=900, prompt=1000, prefill_tokens=in_front),
            candidate("cold", cached=0, prompt=1000),
        ]

    profile = profile_of(RECOMMENDED)
    kept = round(1 - (286_704 + 100) / 4_194_304, 9)
    assert ranked(profile, servers(286_704)) == [("warm", kept)]
    left = round(1 - (286_705 + 100) / 4_194_304, 9)
    cold = round(1 - 1000 / 4_194_304, 9)
    assert ranked(profile, servers(286_705)) == [("cold", cold), ("warm", left)]


def test_the_flow_control_of_the_recommended_configuration_is_read() -> None:
    flow = spec_of(RECOMMENDED).flow
    assert flow.enabled
    assert (flow.ttl, flow.no_endpoint_ttl) == (60.0, 600.0)
    assert (flow.max_requests, flow.max_bytes) == (20_000, 4 * 1024**3)
    assert (flow.band.fairness, flow.band.ordering) == ("round-robin", "fcfs")
    (band,) = flow.bands
    assert (band.priority, band.max_requests, band.max_bytes) == (100, 500, 2 * 1024**3)
    assert (band.fairness, band.ordering) == ("global-strict", "edf")
    assert (flow.ceiling, flow.eviction, flow.max_waiting) == ("soft-reflective", True, 5)


def test_the_payload_agnostic_profile_goes_by_requests_in_flight() -> None:
    profile = profile_of(
        HEAD
        + """\
plugins:
- type: passthrough-parser
- type: active-request-scorer
- type: session-affinity-scorer
requestHandler:
  parsers:
  - pluginRef: passthrough-parser
schedulingProfiles:
- name: default
  plugins:
  - {pluginRef: active-request-scorer, weight: 1}
  - {pluginRef: session-affinity-scorer, weight: 1}
"""
    )
    servers = [candidate(f"e{n}", requests=n) for n in (4, 1, 3)]
    assert ranked(profile, servers) == [("e1", 0.75), ("e3", 0.25), ("e4", 0.0)]


@pytest.mark.parametrize(("cached", "prefiller"), [(984, "p"), (985, None)])
def test_the_disaggregated_sample_splits_from_16_uncached_tokens_on(
    cached: int, prefiller: str | None
) -> None:
    profile = profile_of(
        HEAD
        + """\
plugins:
- type: approx-prefix-cache-producer
  parameters: {maxPrefixTokensToMatch: 4096, lruCapacityPerServer: 31250}
- type: prefix-cache-scorer
- type: queue-scorer
- type: prefill-filter
- type: decode-filter
- type: max-score-picker
- type: disagg-profile-handler
  parameters: {deciders: {prefill: prefix-based-pd-decider}}
- type: prefix-based-pd-decider
  parameters: {nonCachedTokens: 16}
schedulingProfiles:
- name: prefill
  plugins:
  - pluginRef: prefill-filter
  - pluginRef: max-score-picker
  - {pluginRef: prefix-cache-scorer, weight: 2}
  - {pluginRef: queue-scorer, weight: 1}
- name: decode
  plugins:
  - pluginRef: decode-filter
  - pluginRef: max-score-picker
  - {pluginRef: prefix-cache-scorer, weight: 2}
  - {pluginRef: queue-scorer, weight: 1}
"""
    )
    servers = [
        candidate("d", role="decode", load=load(waiting=1), cached=cached, prompt=1000),
        candidate("p", role="prefill", load=load(waiting=0), cached=500, prompt=1000),
        candidate("q", role="prefill", load=load(waiting=9), cached=900, prompt=1000),
    ]
    ranking = profile.rank(DEMAND, servers, 0.0)
    assert [one.candidate.address for one in ranking.order] == ["d"]
    assert ranking.prefiller == prefiller
