import pytest

from gateway.config.endpoint_picker import Flow
from tests.config.gie_case import read_config

GATE = "featureGates: [flowControl]\n"


def flow(body: str) -> Flow:
    spec = read_config(body).spec
    assert spec is not None
    return spec.flow


def problems(body: str) -> list[str]:
    return [str(problem) for problem in read_config(body).problems]


def test_flow_control_is_off_without_its_feature_gate_and_that_is_said() -> None:
    body = "flowControl: {maxRequests: 7}\n"
    assert not flow(body).enabled
    assert flow(body).max_requests is None
    assert problems(body) == [
        (
            "epp.yaml:3:14: warning: flowControl: it does not count without the feature gate "
            "flowControl"
        )
    ]


def test_defaults_are_those_of_llm_d() -> None:
    found = flow(GATE)
    assert (found.enabled, found.ttl, found.no_endpoint_ttl) == (True, 60.0, 60.0)
    assert (found.max_requests, found.max_bytes, found.eviction) == (None, None, False)
    assert (found.band.max_requests, found.band.max_bytes) == (5000, 1_000_000_000)
    assert (found.band.fairness, found.band.ordering) == ("global-strict", "fcfs")
    assert (found.ceiling, found.max_waiting, found.max_in_flight) == ("static", 5, None)


def test_policies_are_found_by_the_name_or_the_type_of_their_plugin() -> None:
    found = flow(f"""{GATE}\
plugins:
- {{name: fair, type: program-aware-fairness-policy}}
- {{name: hold, type: priority-holdback-policy, parameters: {{minCeiling: 0.3, domain: value}}}}
flowControl:
  usageLimitPolicyPluginRef: hold
  priorityBands:
  - {{priority: 5, fairnessPolicyRef: fair, orderingPolicyRef: slo-deadline-ordering-policy}}
  - {{priority: -1, maxRequests: 1k, maxBytes: "0"}}
""")
    high, low = found.bands
    assert (high.priority, high.fairness, high.ordering) == (
        5,
        "least-attained-service",
        "slo-deadline",
    )
    assert (low.priority, low.max_requests, low.max_bytes) == (-1, 1000, 1_000_000_000)
    assert (found.ceiling, found.min_ceiling, found.max_ceiling, found.domain) == (
        "priority-holdback",
        0.3,
        1.0,
        "value",
    )


def test_a_wait_without_end_is_a_day() -> None:
    body = f"{GATE}flowControl: {{defaultRequestTTL: 0s, noEndpointRequestTTL: 48h}}\n"
    assert (flow(body).ttl, flow(body).no_endpoint_ttl) == (86_400.0, 86_400.0)
    assert "a request waits at most a day here" in problems(body)[0]


def test_detectors_become_bounds_of_each_server() -> None:
    found = flow("""\
plugins: [{type: concurrency-detector, parameters: {maxConcurrency: 40}}]
saturationDetector: {pluginRef: concurrency-detector}
""")
    assert (found.max_waiting, found.max_in_flight) == (None, 40)
    found = flow(f"""{GATE}\
plugins:
- {{type: concurrency-detector}}
- {{name: u, type: utilization-detector, parameters: {{queueDepthThreshold: 9}}}}
saturationDetector: {{pluginRef: concurrency-detector}}
flowControl: {{saturationDetector: {{pluginRef: u}}}}
""")
    assert (found.max_waiting, found.max_in_flight) == (9, None)


def test_a_band_template_for_sheddable_requests_is_not_taken_over_without_a_word() -> None:
    body = f"{GATE}flowControl: {{defaultNegativePriorityBand: {{maxRequests: 3}}}}\n"
    assert problems(body) == [
        (
            "epp.yaml:4:44: warning: flowControl.defaultNegativePriorityBand: priorities below 0 "
            "have the usual band here; list them in priorityBands"
        )
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "flowControl: {usageLimitPolicyPluginRef: mine}",
            'flowControl.usageLimitPolicyPluginRef: there is no policy "mine" here',
        ),
        (
            "flowControl: {usageLimitPolicyPluginRef: priority-holdback-policy}",
            "flowControl.usageLimitPolicyPluginRef: priority-holdback-policy needs minCeiling",
        ),
        (
            "flowControl: {defaultPriorityBand: {orderingPolicyRef: lifo}}",
            'flowControl.defaultPriorityBand.orderingPolicyRef: there is no policy "lifo" here',
        ),
        (
            "flowControl: {priorityBands: [{priority: 1}, {priority: 1}]}",
            "flowControl.priorityBands[1]: two bands have the same priority",
        ),
        (
            "saturationDetector: {pluginRef: mood-detector}",
            'saturationDetector: there is no saturation detector "mood-detector" here',
        ),
        (
            "plugins: [{type: utilization-detector, parameters: {queueDepthThreshold: many}}]",
            (
                "saturationDetector: queueDepthThreshold of utilization-detector is not a number "
                "from 0 to 1000000000"
            ),
        ),
        (
            (
                "plugins: [{name: h, type: priority-holdback-policy, parameters: {minCeiling: 2}}]"
                "\n"
                "flowControl: {usageLimitPolicyPluginRef: h}"
            ),
            (
                "flowControl.usageLimitPolicyPluginRef: minCeiling and maxCeiling of h are not in "
                "order"
            ),
        ),
    ],
)
def test_what_cannot_be_done_is_an_error(body: str, said: str) -> None:
    found = read_config(f"{GATE}{body}\n")
    assert found.spec is None
    assert [f"{problem.path}: {problem.message}" for problem in found.problems] == [said]
