"""How near this gateway comes to each plugin of llm-d router v0.10. Pure data.

"exact": the same decision wherever the plugin's inputs are known. "approximate": the same purpose
by other means, which the sentence names. "unsupported": left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final


class Level(Enum):
    """How near this gateway comes to a plugin."""

    EXACT = "exact"
    APPROXIMATE = "approximate"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for a type of plugin. `ours` is its type here where that differs. `dropped` are
    parameters that have no effect here, each with a sentence ("" for those that could not have any:
    names of producers); an exact plugin has none of the former."""

    level: Level
    says: str
    ours: str = ""
    dropped: Mapping[str, str] = field(default_factory=dict[str, str])


_PRODUCERS: Final = {
    "prefixMatchInfoProducerName": "",
    "inFlightLoadProducerName": "",
    "latencyPredictionInfoProducerName": "",
    "prefixPluginType": "",
    "prefixPluginName": "",
}
_INDEX: Final = dict.fromkeys(
    (
        "blockSize",
        "blockSizeTokens",
        "hashBlockSize",
        "maxPrefixBlocksToMatch",
        "maxPrefixTokensToMatch",
        "lruCapacityPerServer",
        "autoTune",
        "tokenProcessorConfig",
        "indexerConfig",
        "kvEventsConfig",
    ),
    "The prefix index sizes itself by what the servers tell of their caches.",
)
_UNKNOWN: Final = "A server whose metrics are unknown counts as average; llm-d takes it for idle."
_OWN_INDEX: Final = (
    "By the gateway's own prefix index: contiguous matches, evicted tail first as engines do, "
    "corrected by reported usage."
)
_SESSIONS: Final = (
    "Sessions are known by the id that the route's hints allow, as with strategy session_id; no "
    "x-session-token is written."
)
_COST: Final = (
    "Plugins are told no predicted latency; `profile: cost` predicts it without sidecars."
)
_BUILT_IN: Final = "Built in; its parameters do not apply."
_PARSER: Final = "The route's `protocol` says how requests are read."
_METRICS: Final = "The pool's `scrape` and `engine` say what is read, and how often follows load."
_ROLE: Final = "A server without the label llm-d.ai/role counts by its `role`, `both` unless given."
_SESSION_DROPPED: Final = {
    "strategy": "",
    "profileName": "",
    "encodedEndpointHeaderConfig": "No token is written to responses.",
}

_EXACT, _NEAR, _NONE = Level.EXACT, Level.APPROXIMATE, Level.UNSUPPORTED

RULES: Final[Mapping[str, Rule]] = {
    "queue-scorer": Rule(_EXACT, _UNKNOWN),
    "running-requests-size-scorer": Rule(_EXACT, _UNKNOWN),
    "kv-cache-utilization-scorer": Rule(_EXACT, _UNKNOWN),
    "kv-cache-scorer": Rule(_EXACT, _UNKNOWN, ours="kv-cache-utilization-scorer"),
    "load-aware-scorer": Rule(_EXACT, _UNKNOWN),
    "lora-affinity-scorer": Rule(_EXACT, _UNKNOWN),
    "active-request-scorer": Rule(
        _EXACT, "By the gateway's own counts.", dropped={**_PRODUCERS, "requestTimeout": ""}
    ),
    "token-load-scorer": Rule(
        _NEAR,
        "Tokens are those of the gateway's own estimate, which it learns from reported usage.",
        dropped={**_PRODUCERS, "nonTextTokenWeight": "Every token weighs the same."},
    ),
    "prefix-cache-scorer": Rule(_NEAR, _OWN_INDEX, dropped={**_PRODUCERS, **_INDEX}),
    "precise-prefix-cache-scorer": Rule(
        _NEAR, _OWN_INDEX, ours="prefix-cache-scorer", dropped={**_PRODUCERS, **_INDEX}
    ),
    "no-hit-lru-scorer": Rule(
        _NEAR,
        "Cold is what the gateway's own prefix index has nowhere; ranks are among the candidates.",
        dropped=_PRODUCERS,
    ),
    "session-affinity-scorer": Rule(_NEAR, _SESSIONS, dropped=_SESSION_DROPPED),
    "context-length-aware": Rule(
        _NEAR,
        "Prompts are measured by the gateway's own estimate of tokens.",
        dropped={"reusableTokensProducerName": "Nothing is subtracted for caches of others."},
    ),
    "latency-scorer": Rule(_NONE, _COST),
    "prefill-filter": Rule(_EXACT, _ROLE),
    "decode-filter": Rule(_EXACT, _ROLE),
    "encode-filter": Rule(_EXACT, _ROLE),
    "label-selector-filter": Rule(_EXACT, "Labels are those of the pool's members."),
    "session-affinity-filter": Rule(_NEAR, _SESSIONS, dropped=_SESSION_DROPPED),
    "utilization-filter": Rule(
        _EXACT, "A server whose metrics are unknown stays; llm-d takes it for full."
    ),
    "prefix-cache-affinity-filter": Rule(
        _NEAR,
        _OWN_INDEX,
        dropped={
            **_PRODUCERS,
            "ttftSource": "Waiting is estimated by prefill throughput.",
            **dict.fromkeys(
                (
                    "prefillCalibrationFile",
                    "prefillCalibrationFingerprint",
                    "prefillCalibrationRequired",
                ),
                "No calibration file is read; give peakPrefillThroughput.",
            ),
        },
    ),
    "slo-headroom-tier-filter": Rule(_NONE, _COST),
    "max-score-picker": Rule(
        _EXACT, "Equal scores take turns; endpoints beyond the pick stay as fallbacks for retries."
    ),
    "random-picker": Rule(_EXACT, "Endpoints beyond the pick stay as fallbacks for retries."),
    "weighted-random-picker": Rule(
        _EXACT, "Endpoints beyond the pick stay as fallbacks for retries."
    ),
    "single-profile-handler": Rule(_EXACT, "A document has one profile."),
    "disagg-profile-handler": Rule(
        _NEAR, "Splits prefill from decode; no endpoint is chosen for encoding."
    ),
    "pd-profile-handler": Rule(
        _NEAR, "Splits prefill from decode; its threshold counts tokens that are not cached."
    ),
    "prefix-based-pd-decider": Rule(_EXACT, "By the gateway's own prefix index."),
    "always-disagg-pd-decider": Rule(_EXACT, "Splits whenever another endpoint can prefill."),
    "disagg-headers-handler": Rule(_EXACT, "The header of the prefilling endpoint is built in."),
    "prefill-header-handler": Rule(_EXACT, "The header of the prefilling endpoint is built in."),
    "token-producer": Rule(
        _NEAR, "Tokens are estimated from bytes, and the estimate learns from reported usage."
    ),
    "tokenizer": Rule(
        _NEAR, "Tokens are estimated from bytes, and the estimate learns from reported usage."
    ),
    "approx-prefix-cache-producer": Rule(_NEAR, _OWN_INDEX),
    "precise-prefix-cache-producer": Rule(
        _NEAR, "The pool says whether its servers' KV events are read; its parameters do not apply."
    ),
    "burst-prefix-cache-producer": Rule(
        _NEAR, "A pick is charged in the same step, so that bursts need no window."
    ),
    "inflight-load-producer": Rule(_EXACT, _BUILT_IN),
    "predicted-latency-producer": Rule(_NONE, _COST),
    "metrics-data-source": Rule(_NEAR, _METRICS),
    "core-metrics-extractor": Rule(_NEAR, _METRICS),
    "endpoint-notification-source": Rule(
        _NEAR, "Members of a pool that come and go are followed anyway."
    ),
    "openai-parser": Rule(_EXACT, _PARSER),
    "anthropic-parser": Rule(_EXACT, _PARSER),
    "vllmhttp-parser": Rule(_NEAR, _PARSER),
    "passthrough-parser": Rule(_NEAR, _PARSER),
    "vllmgrpc-parser": Rule(_NONE, "vLLM's gRPC is no protocol of this gateway."),
    "utilization-detector": Rule(
        _NEAR,
        "A server takes what it can run and queueDepthThreshold requests on top, counted by the "
        "gateway itself between scrapes; KV usage and staleness do not close a pool.",
    ),
    "concurrency-detector": Rule(
        _NEAR, "maxConcurrency bounds each server and not the average; tokens are not bounded."
    ),
    "fcfs-ordering-policy": Rule(_EXACT, "First come, first served."),
    "edf-ordering-policy": Rule(_EXACT, "Earliest deadline first."),
    "slo-deadline-ordering-policy": Rule(_EXACT, "Earliest time of the TTFT objective first."),
    "global-strict-fairness-policy": Rule(_EXACT, "Flows are not told apart."),
    "round-robin-fairness-policy": Rule(_EXACT, "Flows take turns."),
    "program-aware-fairness-policy": Rule(
        _NEAR, "Least attained service with its default weights; its parameters do not apply."
    ),
    "static-usage-limit-policy": Rule(_EXACT, "One ceiling for all bands."),
    "priority-holdback-policy": Rule(
        _EXACT, "Ceilings fall from band to band.", dropped={"shape": ""}
    ),
    "soft-reflective-ceiling-policy": Rule(
        _EXACT, "Lower bands open in turns as saturation rises."
    ),
    "latency-slo-admitter": Rule(_NONE, "Sheddable requests are dropped by saturation alone."),
    "probabilistic-admitter": Rule(_NONE, "Sheddable requests are dropped by saturation alone."),
    "header-profile-handler": Rule(_NONE, "A document has one profile; use `split` or routes."),
    "data-parallel-profile-handler": Rule(_NONE, "List each rank's port as an endpoint."),
    "file-discovery": Rule(_NONE, "Members come from the pool's `endpoints`, `members`, `file`."),
    "request-attribute-reporter": Rule(_NONE, "Usage is told in audit records and metrics."),
}

STRANGER: Final = Rule(_NONE, "This gateway does not know it.")
"""For every other type."""
