from collections.abc import Mapping
from typing import Any

import pytest

from gateway.config import gie_overlay
from gateway.config.gie_cluster import ClusterObject, cluster_object
from gateway.config.gie_overlay import Key, Overlaid, overlaid
from gateway.config.pool import Rewrite, RewriteTarget
from gateway.config.schema import Gateway
from tests.adapters.kubernetes_cluster import objective, rewrite
from tests.edge.stage import gateway_of

SECTION = {"inference_pool": "llama"}
BROKEN = {"poolRef": {"name": "llama"}, "priority": "high"}


def gateway(*pools: dict[str, Any]) -> Gateway:
    whole = [{"name": "gpu", "kubernetes": SECTION, "models": ["llama", "llama-2"]}]
    whole = [{**whole[0], **one} for one in pools] or whole
    names = [str(one["name"]) for one in whole]
    route = {"name": "llm", "path": "/v1", "protocol": "openai", "backend": names[0]}
    hints = [{"allow": ["objective"]}]
    return gateway_of(routes=[{**route, "pools": names[1:], "hints": hints}], pools=whole)


def over(
    base: Gateway, *values: dict[str, Any], before: Mapping[Key, ClusterObject] | None = None
) -> Overlaid:
    """Each object is of every pool."""
    read = [cluster_object(one, one["kind"], "llm-d.ai") for one in values]
    objects = [one for one in read if one is not None]
    return overlaid(base, {pool.name: objects for pool in base.pools}, before or {})


def test_objects_give_priorities_and_rewrites_to_the_pool_that_follows_theirs() -> None:
    said = over(gateway(), objective("urgent", 9), rewrite("canary", "chat", "llama", "llama-2"))
    (pool,) = said.gateway.pools
    assert pool.objectives == {"urgent": 9}
    targets = tuple(RewriteTarget(model=one, weight=1) for one in ("llama", "llama-2"))
    assert pool.rewrites == (Rewrite(model="chat", targets=targets),)
    assert (said.faults, said.warnings) == ((), ())
    assert sorted(said.used) == [
        ("gpu", "InferenceModelRewrite", "canary"),
        ("gpu", "InferenceObjective", "urgent"),
    ]


def test_files_count_before_the_cluster_and_it_is_said() -> None:
    said = over(gateway({"objectives": {"urgent": 2}}), objective("urgent", 9), objective("x", 1))
    assert said.gateway.pools[0].objectives == {"urgent": 2, "x": 1}
    (warning,) = said.warnings
    assert warning.startswith(
        "pool gpu: InferenceObjective models/urgent, spec.priority: no effect"
    )


def test_a_broken_object_leaves_the_last_good_one_in_force_and_lets_others_in() -> None:
    first = over(gateway(), objective("urgent", 9))
    said = over(
        gateway(), objective("urgent", 0, spec=BROKEN), objective("new", 1), before=first.used
    )
    assert said.gateway.pools[0].objectives == {"urgent": 9, "new": 1}
    (fault,) = said.faults
    assert fault.startswith("pool gpu: InferenceObjective models/urgent, spec.priority:")
    assert fault.endswith("; the one before stays in force")
    again = over(gateway(), objective("urgent", 0, spec=BROKEN), before=said.used)
    assert again.gateway.pools[0].objectives == {"urgent": 9}


def test_a_broken_object_that_was_never_good_is_not_in_force() -> None:
    said = over(gateway(), objective("urgent", 0, spec=BROKEN))
    assert said.gateway.pools[0].objectives == {}
    assert said.faults[0].endswith("; it is not in force")


def test_an_object_that_is_gone_does_not_stay() -> None:
    first = over(gateway(), objective("urgent", 9), objective("batch", -1))
    said = over(gateway(), objective("batch", -1), before=first.used)
    assert said.gateway.pools[0].objectives == {"batch": -1}
    assert said.faults == ()


def test_a_rewrite_to_a_model_that_the_pool_has_not_is_refused_and_the_last_one_stays() -> None:
    first = over(gateway(), rewrite("canary", "chat", "llama"))
    said = over(gateway(), rewrite("canary", "chat", "lama"), before=first.used)
    assert said.gateway.pools[0].rewrites == first.gateway.pools[0].rewrites
    assert 'has no model "lama" (did you mean "llama"?); the one before' in said.faults[0]


def test_a_last_good_one_that_no_longer_fits_the_files_goes_too() -> None:
    first = over(gateway(), rewrite("canary", "chat", "llama-2"), objective("urgent", 9))
    fewer = gateway({"models": ["llama"]})
    said = over(
        fewer, rewrite("canary", "chat", "llama-2"), objective("urgent", 9), before=first.used
    )
    assert said.gateway.pools[0].rewrites == ()
    assert said.gateway.pools[0].objectives == {"urgent": 9}
    assert said.faults[0].endswith("; it is not in force")


def test_a_new_rewrite_does_not_take_a_name_from_the_pool_that_has_it() -> None:
    base = gateway({"name": "a"}, {"name": "b", "models": ["other"]})
    mine, others = (
        cluster_object(one, one["kind"], "llm-d.ai")
        for one in (rewrite("first", "chat", "llama"), rewrite("second", "chat", "other"))
    )
    assert mine is not None
    assert others is not None
    first = overlaid(base, {"a": [mine]}, {})
    said = overlaid(base, {"a": [mine], "b": [others]}, first.used)
    assert [len(pool.rewrites) for pool in said.gateway.pools] == [1, 0]
    (fault,) = said.faults
    assert fault.startswith("pool b: InferenceModelRewrite models/second")


def test_a_fault_in_one_pool_leaves_the_same_object_of_another_pool_alone() -> None:
    base = gateway({"name": "a"}, {"name": "b", "models": ["other"]})
    apart = base.routes[0].model_copy(update={"pools": ()})
    base = base.model_copy(update={"routes": (apart,)})
    canary = cluster_object(rewrite("canary", "chat", "llama"), "InferenceModelRewrite", "llm-d.ai")
    assert canary is not None
    said = overlaid(base, {"a": [canary], "b": [canary]}, {})
    assert [len(pool.rewrites) for pool in said.gateway.pools] == [1, 0]


def test_no_more_objects_than_fit_and_those_in_force_before_new_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = over(gateway(), objective("zeta", 9))
    (used,) = first.used.values()
    monkeypatch.setattr(gie_overlay, "MOST_BYTES", used.size + 20)
    said = over(gateway(), objective("alfa", 1), objective("zeta", 9), before=first.used)
    assert said.gateway.pools[0].objectives == {"zeta": 9}
    assert "models/alfa: objects have more than" in said.faults[0]


def test_what_contradicts_itself_without_end_is_left_out_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gie_overlay, "_ROUNDS", 1)
    base = gateway()
    said = over(base, rewrite("canary", "chat", "lama"), objective("urgent", 9))
    assert (said.gateway, said.used) == (base, {})
    assert said.faults[0].startswith("objects of the cluster contradict each other")


def test_nothing_from_clusters_changes_nothing() -> None:
    base = gateway({"objectives": {"urgent": 2}})
    assert over(base) == Overlaid(base)
