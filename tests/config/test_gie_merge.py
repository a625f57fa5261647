import json
from pathlib import Path
from typing import Any

import pytest

from gateway.config.gie_merge import Merged, merged
from tests.config.case import inspected, right
from tests.config.gie_case import read

CHAT = {"name": "chat", "endpoints": ["127.0.0.1:8000"], "models": ["small", "large"]}
CODE = {"name": "code", "endpoints": ["127.0.0.1:8001"], "models": ["coder"]}
ROUTE = {
    "name": "llm",
    "path": "/v1",
    "protocol": "openai",
    "backend": "chat",
    "pools": ["code"],
    "hints": [{"allow": ["objective"]}],
}


def manifest(kind: str, name: str, pool: str = "chat", **spec: Any) -> dict[str, Any]:
    space, _, bare = name.rpartition("/")
    return {
        "apiVersion": "llm-d.ai/v1alpha2",
        "kind": kind,
        "metadata": {"name": bare, **({"namespace": space} if space else {})},
        "spec": {"poolRef": {"name": pool}, **spec},
    }


def objective(name: str, priority: int, pool: str = "chat") -> dict[str, Any]:
    return manifest("InferenceObjective", name, pool, priority=priority)


def rewrite(
    name: str, *rules: tuple[tuple[str, ...], dict[str, int | None]], pool: str = "chat"
) -> dict[str, Any]:
    def one(target: str, weight: int | None) -> dict[str, Any]:
        return {"modelRewrite": target} | ({} if weight is None else {"weight": weight})

    spec = [
        {
            "matches": [{"model": {"value": model}} for model in models],
            "targets": [one(*target) for target in targets.items()],
        }
        for models, targets in rules
    ]
    return manifest("InferenceModelRewrite", name, pool, rules=spec)


def merge(
    folder: Path, *manifests: dict[str, Any], route: dict[str, Any] = ROUTE, **pool: Any
) -> Merged:
    value = right() | {"backends": [], "routes": [route], "pools": [CHAT | pool, CODE]}
    gateway = inspected(value, folder).gateway
    assert gateway is not None
    found = read("\n---\n".join(json.dumps(one) for one in manifests))
    assert found.problems == ()
    return merged(gateway, found)


def said(found: Merged) -> list[str]:
    return [f"{one.severity} {one.path}: {one.message}" for one in found.problems]


def targets(found: Merged, model: str | None) -> list[tuple[str, int | None]]:
    rules = [rule for rule in found.gateway.pools[0].rewrites if rule.model == model]
    return [(target.model, target.weight) for rule in rules for target in rule.targets]


def test_without_foreign_documents_all_is_as_it_was(tmp_path: Path) -> None:
    found = merge(tmp_path, objectives={"a": 1})
    assert found.problems == ()
    assert found.gateway.pools[0].objectives == {"a": 1}


def test_objectives_and_rewrites_become_those_of_the_pool_that_they_name(tmp_path: Path) -> None:
    found = merge(
        tmp_path,
        objective("batch", -1),
        objective("urgent", 9, pool="code"),
        rewrite("canary", (("llama",), {"small": 9, "large": 1}), ((), {"small": None})),
        objectives={"chat": 5},
        rewrites=[{"model": "big", "targets": [{"model": "large"}]}],
    )
    assert found.problems == ()
    chat, code = found.gateway.pools
    assert (chat.objectives, code.objectives) == ({"chat": 5, "batch": -1}, {"urgent": 9})
    assert [rule.model for rule in chat.rewrites] == ["big", "llama", None]
    assert targets(found, "llama") == [("small", 9), ("large", 1)]
    assert code.rewrites == ()


def test_gateway_yaml_counts_where_both_say_something_else(tmp_path: Path) -> None:
    found = merge(
        tmp_path,
        objective("batch", -1),
        objective("same", 3),
        rewrite("r", (("big", "huge"), {"small": None}), ((), {"large": None})),
        objectives={"batch": 2, "same": 3},
        rewrites=[
            {"model": "big", "targets": [{"model": "large"}]},
            {"targets": [{"model": "small"}]},
        ],
    )
    assert found.gateway.pools[0].objectives == {"batch": 2, "same": 3}
    assert targets(found, "big") == [("large", None)]
    assert targets(found, "huge") == [("small", None)]
    assert targets(found, None) == [("small", None)]
    assert said(found) == [
        'warning spec.priority: no effect: gateway.yaml gives "batch" the priority 2',
        (
            "warning spec.rules[0].matches[0].model.value: no effect: gateway.yaml rewrites "
            '"big" otherwise'
        ),
        "warning spec.rules[1]: no effect: gateway.yaml rewrites every other model otherwise",
    ]


def test_where_both_say_the_same_there_is_nothing_to_tell(tmp_path: Path) -> None:
    rule = rewrite("r", (("big",), {"large": None}))
    own = [{"model": "big", "targets": [{"model": "large", "weight": None}]}]
    found = merge(tmp_path, rule, objective("a", 1), rewrites=own, objectives={"a": 1})
    assert found.problems == ()
    assert targets(found, "big") == [("large", None)]


def test_of_two_rules_for_a_name_the_first_counts_and_the_other_is_told(tmp_path: Path) -> None:
    found = merge(
        tmp_path,
        rewrite("b", (("big",), {"small": None})),
        rewrite("a", (("big",), {"large": None})),
    )
    assert targets(found, "big") == [("large", None)]
    assert said(found) == [
        'warning spec.rules[0].matches[0].model.value: no effect: an earlier rule is for "big"'
    ]
    assert found.problems[0].place.line == 1


@pytest.mark.parametrize(
    ("name", "path", "fix"),
    [
        ("chats", "spec.poolRef.name", 'did you mean "chat"?'),
        ("zzz", "spec.poolRef.name", "add it to pools of gateway.yaml"),
    ],
)
def test_an_object_of_no_pool_has_no_effect_and_is_told(
    name: str, path: str, fix: str, tmp_path: Path
) -> None:
    found = merge(tmp_path, objective("batch", -1, pool=name))
    (problem,) = found.problems
    assert (problem.severity, problem.path, problem.fix) == ("warning", path, fix)
    assert problem.message == f'no effect: gateway.yaml has no pool "{name}"'
    assert all(pool.objectives == {} for pool in found.gateway.pools)


def pool_manifest(name: str, **picker: str) -> dict[str, Any]:
    return {
        "apiVersion": "inference.networking.k8s.io/v1",
        "kind": "InferencePool",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": "x"}},
            "targetPorts": [{"number": 8000}],
            "endpointPickerRef": {"name": "epp", **picker},
        },
    }


def test_an_inference_pool_is_checked_against_the_pool_of_its_name(tmp_path: Path) -> None:
    found = merge(tmp_path, pool_manifest("chat", failureMode="FailOpen"))
    assert [one.split(":")[0] for one in said(found)] == [
        "error spec.endpointPickerRef.failureMode",
        "warning spec.selector",
    ]


def test_an_inference_pool_without_a_pool_has_no_effect_and_is_told(tmp_path: Path) -> None:
    (problem,) = merge(tmp_path, pool_manifest("zzz", failureMode="FailOpen")).problems
    assert (problem.severity, problem.path) == ("warning", "metadata.name")
    assert "kubernetes: {inference_pool: zzz}" in problem.fix


def test_a_rewrite_to_a_model_that_the_pool_has_not_is_an_error(tmp_path: Path) -> None:
    found = merge(tmp_path, rewrite("r", (("a", "b"), {"smal": None})))
    (problem,) = found.problems
    assert said(found) == [
        'error spec.rules[0].targets[0].modelRewrite: pool "chat" has no model "smal"'
    ]
    assert problem.fix == 'did you mean "small"?'


def test_adapters_may_be_rewritten_to_and_a_pool_without_names_takes_any(tmp_path: Path) -> None:
    rule = rewrite("r", (("a",), {"tuned": None}))
    assert merge(tmp_path, rule, adapters={"tuned": "small"}).problems == ()
    alone = {key: value for key, value in ROUTE.items() if key != "pools"}
    other = rewrite("r", (("a",), {"anything": None}))
    assert merge(tmp_path, other, route=alone, models=[]).problems[1:] == ()


def test_a_rewritten_name_that_another_pool_of_the_route_has_is_an_error(tmp_path: Path) -> None:
    rule = rewrite("r", (("coder",), {"small": None}))
    assert said(merge(tmp_path, rule)) == [
        'error spec.rules[0].matches[0].model.value: "coder" is of pool "code", too'
    ]
    both = [rewrite("r", (("x",), {"small": None}))]
    both.append(rewrite("s", (("x",), {"coder": None}), pool="code"))
    assert [one.split(": ")[1] for one in said(merge(tmp_path, *both))] == [
        '"x" is of pool "code", too',
        '"x" is of pool "chat", too',
    ]


def test_pools_of_different_routes_may_have_the_same_names(tmp_path: Path) -> None:
    route = {key: value for key, value in ROUTE.items() if key != "pools"}
    rule = rewrite("r", (("coder",), {"small": None}))
    assert merge(tmp_path, rule, route=route).problems == ()
    route["backend"] = "code"
    assert merge(tmp_path, rule, route=route).problems == ()


def test_the_objects_of_one_pool_are_of_one_namespace(tmp_path: Path) -> None:
    found = merge(tmp_path, objective("a/x", 1), objective("b/y", 2), objective("z", 3))
    assert said(found) == [
        'error metadata.namespace: pool "chat" has objects of namespace "a", too'
    ]
    found = merge(tmp_path, objective("a/x", 1), objective("x", 2))
    assert said(found) == ['error metadata.name: InferenceObjective "x" already exists']
    assert merge(tmp_path, objective("a/x", 1), objective("z", 3)).problems == ()


def test_objectives_that_no_client_can_name_are_told_once(tmp_path: Path) -> None:
    for hints in ([], [{"allow": ["slo"]}]):
        route = ROUTE | {"hints": hints}
        found = merge(tmp_path, objective("a", 1), objective("b", 2), route=route)
        assert said(found) == [
            'warning kind: no route to pool "chat" lets clients name an objective'
        ]
