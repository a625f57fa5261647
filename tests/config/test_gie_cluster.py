from typing import Any

import pytest

from gateway.config.gie_cluster import MOST_BYTES, MOST_TEXT, cluster_object, told
from gateway.config.gie_resources import InferenceObjective
from gateway.model.problem import Place, Problem
from tests.adapters.kubernetes_cluster import objective, rewrite

GROUP = "llm-d.ai"


def read(value: dict[str, Any], kind: str = "InferenceObjective") -> Any:
    return cluster_object(value, kind, GROUP)


def test_an_object_is_read_with_its_pool_and_without_what_nobody_needs() -> None:
    found = read(objective("urgent", 9))
    assert (found.kind, found.name, found.pool, found.fault) == (
        "InferenceObjective",
        "urgent",
        "llama",
        "",
    )
    assert isinstance(found.model, InferenceObjective)
    assert found.model.spec.priority == 9
    assert set(found.document.value["metadata"]) == {"name", "namespace", "creationTimestamp"}
    assert "status" not in found.document.value
    assert found.size < 400


def test_an_item_of_a_list_may_leave_kind_and_version_to_the_list() -> None:
    bare = {k: v for k, v in objective("urgent", 9).items() if k not in {"kind", "apiVersion"}}
    assert read(bare).model == read(objective("urgent", 9)).model


def test_an_object_that_is_being_deleted_is_none() -> None:
    going = objective("urgent", 9)
    going["metadata"]["deletionTimestamp"] = "2026-05-04T10:00:00Z"
    assert read(going) is None


@pytest.mark.parametrize(
    ("ref", "pool"),
    [
        ({"name": "a"}, "a"),
        ({"name": "a", "kind": "Service"}, ""),
        ({"name": "a", "group": "inference.networking.x-k8s.io"}, ""),
        ({"name": 1}, None),
        ("a", None),
    ],
)
def test_a_pool_is_what_the_reference_means_of_group_and_kind(ref: Any, pool: str | None) -> None:
    assert read(objective("urgent", 9, spec={"poolRef": ref})).pool == pool


def test_the_object_of_a_pool_that_is_called_otherwise_says_so() -> None:
    own = read(objective("urgent", 9)).of("gpu")
    assert own.pool == own.model.spec.pool_ref.name == "gpu"
    place = own.document.place(("spec", "priority"))
    assert place.file == "pool gpu: InferenceObjective models/urgent"


def test_a_fault_names_the_object_the_key_and_what_is_wrong() -> None:
    found = read(objective("odd", 9, spec={"poolRef": {"name": "llama"}, "priorty": 1}))
    assert found.model is None
    text = 'InferenceObjective models/odd, spec.priorty: unknown key "priorty" '
    assert found.fault == text + '(did you mean "priority"?)'
    assert found.of("gpu").fault == f"pool gpu: {found.fault}"


def test_an_object_that_is_too_large_is_not_read_and_keeps_nothing() -> None:
    big = rewrite("big", "llama", *(f"model-{number}" for number in range(4_000)))
    found = read(big, "InferenceModelRewrite")
    assert (found.model, found.document.value, found.pool) == (None, None, "llama")
    assert found.size > MOST_BYTES
    assert found.fault.endswith(f"it is larger than {MOST_BYTES} bytes")


def test_an_object_that_is_too_deep_is_not_read() -> None:
    deep: Any = 1
    for _ in range(1_000):
        deep = [deep]
    found = read(objective("deep", 9, spec=deep))
    assert found.model is None
    assert "deeper than 16 levels" in found.fault


def test_what_is_told_of_an_object_is_one_short_line_whatever_its_names_are() -> None:
    odd = objective(
        "evil\nname", 9, spec={"poolRef": {"name": "llama"}, "x\n\x1b[2J" + "y" * 9_000: 1}
    )
    fault = read(odd).fault
    assert fault.startswith("InferenceObjective models/evil?name, ")
    assert fault.isprintable()
    assert len(fault) == MOST_TEXT


def test_a_problem_is_told_without_a_line_that_nobody_wrote() -> None:
    problem = Problem(Place("InferenceObjective a/b", 1, 1), "spec", "odd", "mend it")
    assert told(problem) == "InferenceObjective a/b, spec: odd (mend it)"
