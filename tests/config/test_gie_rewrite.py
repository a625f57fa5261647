import json
from typing import Any

from gateway.config.gie_resources import InferenceModelRewrite
from gateway.config.gie_rewrite import rewrites_of, rules_of
from gateway.config.pool import RewriteTarget


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


def test_the_oldest_object_counts_then_the_first_rule() -> None:
    young = manifest("a", "2026-03-01T00:00:00Z", (("chat",), "young"), ((), "young"))
    old = manifest("b", "2026-01-01T00:00:00Z", (("chat",), "old"), (("chat",), "second"))
    undated = manifest("0", None, (("chat", "code"), "undated"))
    rules = rewrites_of([young, undated, old])
    assert {rule.model: [target.model for target in rule.targets] for rule in rules} == {
        "chat": ["old"],
        None: ["young"],
        "code": ["undated"],
    }
    assert len(rules) == 3
    assert rewrites_of([old, undated, young]) == rules


def test_objects_of_the_same_age_count_by_name() -> None:
    one = manifest("one", "2026-01-01T00:00:00Z", (("chat",), "one"))
    two = manifest("two", "2026-01-01T00:00:00Z", (("chat",), "two"))
    (rule,) = rewrites_of([two, one])
    assert rule.targets == (RewriteTarget(model="one"),)


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
