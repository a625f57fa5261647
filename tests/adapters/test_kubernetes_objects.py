from typing import Any

import pytest

from gateway.adapters.kubernetes_objects import (
    ObjectError,
    Selection,
    members_of,
    name_and_version,
    selection_of,
)
from gateway.model.jsonvalue import JsonObject
from tests.adapters.kubernetes_cluster import pod, pool


def versioned(value: dict[str, Any]) -> JsonObject:
    value["metadata"]["resourceVersion"] = "7"
    return value


def a_pod(ip: str = "10.4.0.1", role: str | None = None) -> JsonObject:
    return versioned(pod("a", ip, {} if role is None else {"llm-d.ai/role": role}))


@pytest.mark.parametrize(
    ("label", "role"),
    [
        ("both", "both"),
        ("prefill-decode", "both"),
        ("encode-prefill-decode", "both"),
        ("prefill", "prefill"),
        ("encode-prefill", "prefill"),
        ("decode", "decode"),
        ("encode", "encode"),
    ],
)
def test_the_role_label_of_llm_d_says_the_role(label: str, role: str) -> None:
    (member,) = members_of(a_pod(role=label), (8000,))
    assert (member.role, member.labels["llm-d.ai/role"]) == (role, label)


def test_a_pod_without_labels_that_say_more_does_everything_somewhere() -> None:
    (member,) = members_of(a_pod(), (8000,))
    assert (member.role, member.zone, member.region) == ("both", "", "")


def test_a_pod_of_a_role_that_is_not_known_gets_nothing() -> None:
    assert members_of(a_pod(role="judge"), (8000,)) == ()


@pytest.mark.parametrize("ip", ["169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0", "host", ""])
def test_an_address_that_no_pod_has_gets_nothing(ip: str) -> None:
    assert members_of(a_pod(ip), (8000,)) == ()


@pytest.mark.parametrize(
    "broken",
    [
        {"metadata": {"name": "a"}},
        {"metadata": {"name": "a", "resourceVersion": "7", "labels": {"app": 7}}},
        {"metadata": {"name": "a", "resourceVersion": "7"}, "status": {"podIP": ["10.4.0.1"]}},
        {"metadata": {"name": "a", "resourceVersion": "7"}, "status": {"conditions": "Ready"}},
    ],
)
def test_a_pod_that_cannot_be_read_is_an_error_that_quotes_nothing(broken: JsonObject) -> None:
    with pytest.raises(ObjectError) as raised:
        members_of(broken, (8000,))
    assert str(raised.value) == "a pod that cannot be read"


def test_an_inference_pool_says_labels_and_ports() -> None:
    found = selection_of(versioned(pool("llama", 8000, 8001, 8000, app="vllm", tier="gold")))
    assert found == Selection({"app": "vllm", "tier": "gold"}, (8000, 8001))
    assert found.query() == "app=vllm,tier=gold"


def changed(path: str, to: Any) -> JsonObject:
    """An InferencePool whose spec is otherwise at `path`."""
    value = versioned(pool("llama", 8000, app="vllm"))
    *parents, last = path.split(".")
    spec: Any = value["spec"]
    for parent in parents:
        spec = spec[parent]
    spec[last] = to
    return value


@pytest.mark.parametrize(
    "odd",
    [
        changed("selector.matchLabels", {}),
        changed("selector.matchLabels", {"app": "vllm,tier"}),
        changed("selector.matchLabels", {"app=web,x": "y"}),
        changed("selector.matchExpressions", [{"key": "app", "operator": "Exists"}]),
        changed("targetPorts", []),
        changed("targetPorts", [{"number": 0}]),
        changed("targetPorts", [{"number": "8000"}]),
        changed("targetPorts", [{"number": port} for port in range(1, 10)]),
    ],
)
def test_a_selection_that_is_not_understood_whole_is_an_error(odd: JsonObject) -> None:
    with pytest.raises(ObjectError, match="an InferencePool that cannot be used"):
        selection_of(odd)


def test_newer_clusters_may_say_more_of_a_pool() -> None:
    assert selection_of(changed("newField", {"a": 1})).ports == (8000,)


@pytest.mark.parametrize("value", [{}, {"metadata": None}, {"metadata": {"name": ""}}])
def test_an_object_without_name_or_version_is_an_error(value: JsonObject) -> None:
    with pytest.raises(ObjectError):
        name_and_version(value)
