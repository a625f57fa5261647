import json
from typing import Any

import pytest

from gateway.config.gie_pool_checks import check_manifest
from gateway.config.gie_resources import InferencePool
from gateway.config.pool import Pool
from tests.config.gie_case import documents

SELECTOR = (
    "warning spec.selector: no effect here: the pool does not follow pods "
    "(kubernetes: {inference_pool: chat} on the pool, if it should)"
)


def complaints(pool: dict[str, Any], **spec: Any) -> list[str]:
    manifest = {
        "apiVersion": "inference.networking.k8s.io/v1",
        "kind": "InferencePool",
        "metadata": {"name": "chat"},
        "spec": {
            "selector": {"matchLabels": {"app": "vllm"}},
            "targetPorts": [{"number": 8000}],
            **spec,
        },
    }
    (document,) = documents(json.dumps(manifest))
    found = check_manifest(
        InferencePool.model_validate_json(json.dumps(manifest)),
        Pool.model_validate_json(json.dumps({"name": "chat", **pool})),
        document,
    )
    return [f"{one.severity} {one.path}: {one.message} ({one.fix})" for one in found]


@pytest.mark.parametrize(
    ("pool", "spec"),
    [
        ({"endpoints": ["10.0.0.1:8000"]}, {}),
        ({"members": [{"address": "[::1]:8001"}]}, {"targetPorts": [{"number": 8001}]}),
        ({"file": "members.yaml"}, {"endpointPickerRef": {"name": "epp"}}),
        (
            {"endpoints": ["10.0.0.1:8000"], "http2": True},
            {"appProtocol": "kubernetes.io/h2c"},
        ),
    ],
)
def test_of_a_manifest_that_says_the_same_only_the_selector_has_no_effect(
    pool: dict[str, Any], spec: dict[str, Any]
) -> None:
    assert complaints(pool, **spec) == [SELECTOR]


def test_a_picker_that_fails_open_is_refused_with_the_reason() -> None:
    refused, _ = complaints({}, endpointPickerRef={"name": "epp", "failureMode": "FailOpen"})
    assert refused == (
        "error spec.endpointPickerRef.failureMode: requests that nobody judged would pass; "
        "Gatehouse fails closed (failureMode: FailClose)"
    )


def test_servers_on_other_ports_are_told_at_once() -> None:
    pool = {"endpoints": ["10.0.0.1:8000", "10.0.0.1:80"], "members": [{"address": "a:81"}]}
    assert complaints(pool)[1:] == [
        (
            'warning spec.targetPorts: 10.0.0.1:80 and 1 more of pool "chat" is on none of these '
            "ports (gateway.yaml counts; correct one)"
        )
    ]


@pytest.mark.parametrize(
    ("http2", "spoken", "spec"),
    [
        (False, "HTTP/1.1", {"appProtocol": "kubernetes.io/h2c"}),
        (True, "HTTP/2", {"appProtocol": "http"}),
        (True, "HTTP/2", {}),
    ],
)
def test_another_protocol_is_told(http2: bool, spoken: str, spec: dict[str, Any]) -> None:
    assert complaints({"http2": http2}, **spec)[1:] == [
        (
            f'warning spec.appProtocol: pool "chat" of gateway.yaml speaks {spoken} (http2: '
            f"{str(not http2).lower()} on the pool, or another appProtocol here)"
        )
    ]


def test_of_a_pool_that_follows_the_manifest_in_the_cluster_nothing_is_said() -> None:
    pool = {"kubernetes": {"namespace": "models", "inference_pool": "chat"}}
    assert not [one for one in complaints(pool) if "selector" in one]
