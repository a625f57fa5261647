from gateway.config.gie import GIE_KINDS, is_gie
from tests.config.gie_case import HEAD, documents, read

CLUSTER = """\
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: vllm}
spec: {selector: {matchLabels: {app: vllm}}, targetPorts: [{number: 8000}]}
---
apiVersion: llm-d.ai/v1alpha2
kind: InferenceObjective
metadata: {name: batch}
spec: {poolRef: {name: vllm}, priority: -1}
---
apiVersion: inference.networking.x-k8s.io/v1alpha2
kind: InferenceObjective
metadata: {name: chat}
spec: {poolRef: {name: vllm}}
---
apiVersion: llm-d.ai/v1alpha2
kind: InferenceObjective
metadata: {name: chat, namespace: elsewhere}
spec: {poolRef: {name: vllm}, priority: 9}
---
apiVersion: llm-d.ai/v1alpha2
kind: InferenceObjective
metadata: {name: other}
spec: {poolRef: {name: sglang}, priority: 3}
---
apiVersion: llm-d.ai/v1alpha2
kind: InferenceModelRewrite
metadata: {name: r}
spec: {poolRef: {name: vllm}, rules: [{targets: [{modelRewrite: llama}]}]}
---
apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins: [{type: queue-scorer}]
"""


def test_all_kinds_of_one_file_are_read() -> None:
    found = read(CLUSTER)
    assert found.problems == ()
    assert [pool.name for pool in found.pools] == ["vllm"]
    assert found.priorities("vllm") == {"batch": -1, "chat": 0}
    assert found.priorities("vllm", "elsewhere") == {"chat": 9}
    assert [(r.model, r.targets[0].model) for r in found.rewrites_for("vllm")] == [(None, "llama")]
    assert found.rewrites_for("sglang") == ()
    assert [picker.spec is not None for picker in found.pickers] == [True]


def test_other_kinds_and_versions_are_errors_and_the_rest_is_still_read() -> None:
    newer = CLUSTER.replace("inference.networking.k8s.io/v1", "inference.networking.k8s.io/v2")
    text = f"{CLUSTER}---\nkind: InferencePoool\n---\n{newer}"
    found = read(text)
    assert [str(problem) for problem in found.problems] == [
        (
            'epp.yaml:35:7: error: kind: "InferencePoool" is not a kind that is read here (one of '
            "EndpointPickerConfig, InferenceModelRewrite, InferenceObjective, InferencePool)"
        ),
        (
            'epp.yaml:37:13: error: apiVersion: "inference.networking.k8s.io/v2" is not '
            'inference.networking.k8s.io/v1 (did you mean "inference.networking.k8s.io/v1"?)'
        ),
    ]
    assert len(found.pools) == 1


def test_every_object_keeps_the_document_that_it_was_read_from() -> None:
    lines = [
        (type(model).__name__, doc.place(("kind",)).line) for model, doc in read(CLUSTER).documents
    ]
    assert lines == [
        ("InferencePool", 2),
        ("InferenceObjective", 7),
        ("InferenceObjective", 12),
        ("InferenceObjective", 17),
        ("InferenceObjective", 22),
        ("InferenceModelRewrite", 27),
    ]


def test_foreign_documents_are_told_from_our_own() -> None:
    assert all(is_gie(document) for document in documents(CLUSTER))
    own = "apiVersion: gatehouse.dev/v1\nkind: EndpointPicker\n---\n[1, 2]\n---\nkind: [a]\n"
    assert not any(is_gie(document) for document in documents(own))
    assert len(GIE_KINDS) == 4


def test_problems_of_a_picker_are_among_all() -> None:
    found = read(f"{HEAD}schedulingProfiles: [{{name: x, plugins: [{{pluginRef: none}}]}}]\n")
    assert found.problems == found.pickers[0].problems
    assert found.problems != ()
