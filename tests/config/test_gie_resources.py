from pathlib import Path

import pytest
from pydantic import BaseModel

from gateway.config.document import Document, parse_documents, validate
from gateway.config.gie_resources import (
    InferenceModelRewrite,
    InferenceObjective,
    InferencePool,
    PoolParts,
    pool_parts,
)

POOL = """\
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: vllm, namespace: serving}
spec:
  selector: {matchLabels: {app: vllm}}
"""


def read(text: str, model: type[BaseModel]) -> BaseModel | list[str]:
    (document,) = parse_documents(text, "k.yaml", {}, Path())
    assert isinstance(document, Document)
    found = validate(document, model)
    return [str(problem) for problem in found] if isinstance(found, tuple) else found


def pool(rest: str) -> PoolParts:
    found = read(POOL + rest, InferencePool)
    assert isinstance(found, InferencePool), found
    return pool_parts(found)


def test_a_pool_as_it_is_in_kubernetes_becomes_parts() -> None:
    found = pool("""\
  targetPorts: [{number: 8000}, {number: 8001}, {number: 8000}]
  appProtocol: kubernetes.io/h2c
  endpointPickerRef:
    {group: "", kind: Service, name: epp, port: {number: 9002}, failureMode: FailOpen}
status:
  parents: [{conditions: [{type: Accepted, status: "True"}]}]
""")
    assert found == PoolParts("vllm", "serving", {"app": "vllm"}, (8000, 8001), True, "FailOpen")


def test_a_pool_fails_closed_and_speaks_http_unless_told_otherwise() -> None:
    found = pool("  targetPorts: [{number: 8000}]\n")
    assert (found.http2, found.failure_mode) == (False, "FailClose")
    assert pool("  targetPorts: [{number: 1}]\n  endpointPickerRef: {name: e}\n").failure_mode == (
        "FailClose"
    )


def test_each_port_of_a_pod_is_an_endpoint() -> None:
    found = pool("  targetPorts: [{number: 8000}, {number: 8001}]\n")
    assert found.addresses("10.0.0.7") == ("10.0.0.7:8000", "10.0.0.7:8001")
    assert found.addresses("fd00::7") == ("[fd00::7]:8000", "[fd00::7]:8001")


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("  targetPorts: []\n", "k.yaml:6:16: error: spec.targetPorts: the list is empty"),
        (
            f"  targetPorts: [{', '.join(['{number: 1}'] * 9)}]\n",
            "k.yaml:6:16: error: spec.targetPorts: tuple should have at most 8 items",
        ),
        (
            "  targetPorts: [{number: 1}]\n  appProtocol: h3\n",
            'k.yaml:7:16: error: spec.appProtocol: "h3" is not http or kubernetes.io/h2c',
        ),
        (
            "  targetPort: 1\n  targetPorts: [{number: 1}]\n",
            'k.yaml:6:3: error: spec.targetPort: unknown key "targetPort"',
        ),
    ],
)
def test_what_the_definition_forbids_is_told(rest: str, expected: str) -> None:
    found = read(POOL + rest, InferencePool)
    assert isinstance(found, list)
    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize("group", ["llm-d.ai/v1alpha2", "inference.networking.x-k8s.io/v1alpha2"])
def test_objectives_of_both_groups_are_read_and_unset_is_zero(group: str) -> None:
    head = f"apiVersion: {group}\nkind: InferenceObjective\nmetadata: {{name: batch}}\n"
    one = read(head + "spec: {poolRef: {name: vllm}, priority: -10}\n", InferenceObjective)
    assert isinstance(one, InferenceObjective)
    assert (one.spec.pool_ref.name, one.spec.priority) == ("vllm", -10)
    two = read(head + "spec: {poolRef: {group: g, kind: K, name: vllm}}\n", InferenceObjective)
    assert isinstance(two, InferenceObjective)
    assert two.spec.priority == 0


def test_a_priority_beyond_32_bits_is_an_error() -> None:
    text = "apiVersion: llm-d.ai/v1alpha2\nkind: InferenceObjective\nmetadata: {name: b}\n"
    found = read(text + "spec: {poolRef: {name: v}, priority: 2147483648}\n", InferenceObjective)
    assert isinstance(found, list)


@pytest.mark.parametrize("weight", ["0", "1000001", "half"])
def test_weights_are_whole_numbers_from_one_to_a_million(weight: str) -> None:
    text = f"""\
apiVersion: llm-d.ai/v1alpha2
kind: InferenceModelRewrite
metadata: {{name: r}}
spec: {{poolRef: {{name: v}}, rules: [{{targets: [{{modelRewrite: m, weight: {weight}}}]}}]}}
"""
    assert isinstance(read(text, InferenceModelRewrite), list)
    right = text.replace(f"weight: {weight}", "weight: 1000000")
    assert isinstance(read(right, InferenceModelRewrite), InferenceModelRewrite)
