import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.gie_resources import InferenceModelRewrite
from gateway.config.gie_rewrite import chosen, rewrites_of, rewritten, rules_of
from gateway.config.pool import Rewrite, RewriteTarget


def targets(*pairs: tuple[str, int | None]) -> tuple[RewriteTarget, ...]:
    return tuple(RewriteTarget(model=model, weight=weight) for model, weight in pairs)


def rule(model: str | None, *to: str) -> Rewrite:
    return Rewrite(model=model, targets=targets(*((name, None) for name in to)))


def manifest(
    name: str, created: str | None, *rules: tuple[tuple[str, ...], str]
) -> InferenceModelRewrite:
    metadata: dict[str, Any] = {"name": name}
    if created:
        metadata["creationTimestamp"] = created
    value = {
        "apiVersion": "llm-d.ai/v1alpha2",
        "kind": "InferenceModelRewrite",
        "metadata": metadata,
        "spec": {
            "poolRef": {"name": "vllm"},
            "rules": [
                {
                    "matches": [{"model": {"value": model}} for model in models],
                    "targets": [{"modelRewrite": target}],
                }
                for models, target in rules
            ],
        },
    }
    return InferenceModelRewrite.model_validate_json(json.dumps(value))


@pytest.mark.parametrize(
    ("share", "model"),
    [(0.0, "a"), (0.0999, "a"), (0.1, "b"), (0.3999, "b"), (0.4, "c"), (0.9999999, "c")],
)
def test_a_target_is_chosen_as_often_as_its_weight_says(share: float, model: str) -> None:
    assert chosen(targets(("a", 1), ("b", 3), ("c", 6)), share) == model


def test_without_any_weight_all_are_equal() -> None:
    three = targets(("a", None), ("b", None), ("c", None))
    picks = Counter(chosen(three, n / 300) for n in range(300))
    assert picks == {"a": 100, "b": 100, "c": 100}


def test_no_weight_beside_a_weight_is_never() -> None:
    some = targets(("never", None), ("a", 1), ("off", 0), ("b", 1), ("neither", None))
    assert {chosen(some, n / 100) for n in range(100)} == {"a", "b"}


def test_weights_of_nothing_choose_nothing() -> None:
    assert chosen(targets(("a", 0), ("b", None)), 0.5) is None


@given(
    st.lists(st.none() | st.integers(0, 1_000_000), min_size=1, max_size=8),
    st.floats(0, 1, exclude_max=True),
)
def test_whatever_is_chosen_may_be_chosen(weights: list[int | None], share: float) -> None:
    found = chosen(targets(*((str(i), w) for i, w in enumerate(weights))), share)
    if all(weight is None for weight in weights):
        assert found is not None
    elif any(weights):
        assert found is not None
        assert weights[int(found)]
    else:
        assert found is None


def test_a_rule_for_the_very_name_beats_one_for_every_request() -> None:
    rules = (rule(None, "fallback"), rule("chat", "llama"))
    assert rewritten(rules, "chat", 0.0) == "llama"
    assert rewritten(rules, "other", 0.0) == "fallback"
    assert rewritten(rules, None, 0.0) == "fallback"
    assert rewritten(rules[1:], "other", 0.0) is None
    assert rewritten(rules[1:], None, 0.0) is None


def test_the_oldest_object_counts_then_the_first_rule() -> None:
    young = manifest("a", "2026-03-01T00:00:00Z", (("chat",), "young"), ((), "young"))
    old = manifest("b", "2026-01-01T00:00:00Z", (("chat",), "old"), (("chat",), "second"))
    undated = manifest("0", None, (("chat", "code"), "undated"))
    rules = rewrites_of([young, undated, old])
    assert rewritten(rules, "chat", 0.0) == "old"
    assert rewritten(rules, "code", 0.0) == "undated"
    assert rewritten(rules, "anything", 0.0) == "young"
    assert rewrites_of([old, undated, young]) == rules


def test_objects_of_the_same_age_count_by_name() -> None:
    one = manifest("one", "2026-01-01T00:00:00Z", (("chat",), "one"))
    two = manifest("two", "2026-01-01T00:00:00Z", (("chat",), "two"))
    assert rewritten(rewrites_of([two, one]), "chat", 0.0) == "one"


def test_every_rule_is_found_where_its_name_is_written_even_if_it_does_not_count() -> None:
    one = manifest("one", None, (("chat", "code"), "a"), ((), "b"), (("chat",), "c"))
    found = [(rule.rewrite.model, rule.number, rule.path) for rule in rules_of([one])]
    assert found == [
        ("chat", 0, ("spec", "rules", 0, "matches", 0, "model", "value")),
        ("code", 0, ("spec", "rules", 0, "matches", 1, "model", "value")),
        (None, 1, ("spec", "rules", 1)),
        ("chat", 2, ("spec", "rules", 2, "matches", 0, "model", "value")),
    ]
    assert all(rule.source is one for rule in rules_of([one]))


def test_a_target_without_weight_beside_weighted_ones_gets_nothing_where_requests_are_split() -> (
    None
):
    found = manifest("r", None, (("chat",), "llama"))
    spec = found.spec.model_dump(by_alias=True)
    spec["rules"][0]["targets"] = [
        {"modelRewrite": "weighted", "weight": 5},
        {"modelRewrite": "unweighted"},
    ]
    (rewrite,) = rewrites_of(
        [found.model_validate({**found.model_dump(by_alias=True), "spec": spec}, strict=False)]
    )
    assert [target.weight for target in rewrite.targets] == [5, 0]
