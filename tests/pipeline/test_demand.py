"""A request goes to the pool that serves its model, and demands there what it and the pool say."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.pool import Rewrite, RewriteTarget
from gateway.model.prompt import Prompt
from gateway.picker.chain import chain
from gateway.pipeline.demand import demand_of, draw_of, names_of, pool_of, resolve, target_of
from gateway.pipeline.hints import RequestHints
from gateway.pipeline.pool import PoolStage

CANARY = Rewrite(
    model="chat",
    targets=(RewriteTarget(model="base", weight=90), RewriteTarget(model="next", weight=10)),
)
GENERIC = Rewrite(targets=(RewriteTarget(model="small"),))
CODE = PoolStage("code", models=("coder", "coder-lora"), adapters={"coder-lora": "coder"})
TALK = PoolStage("talk", models=("base", "next", "chat"), rewrites=(CANARY,))
REST = PoolStage("rest", models=("small",), rewrites=(GENERIC,))
ANY = PoolStage("any")
PROMPT = Prompt("base", (b"\x1euser\x1f", "grüße".encode(), b"x" * 100), media_tokens=3)
HINTS = RequestHints(flow="key:alice")


@pytest.mark.parametrize(
    ("model", "pools", "pool"),
    [
        ("coder", (CODE, TALK), CODE),
        ("coder-lora", (TALK, CODE), CODE),
        ("chat", (CODE, TALK), TALK),
        ("base", (CODE, TALK), TALK),
        ("other", (CODE, TALK), None),
        ("", (CODE, TALK), None),
        ("other", (CODE, REST), REST),
        ("", (CODE, REST), REST),
        ("coder", (REST, CODE), CODE),
        ("other", (ANY,), ANY),
        ("", (ANY,), ANY),
        ("other", (ANY, CODE), None),
        ("other", (CODE,), None),
        ("other", (), None),
    ],
)
def test_a_request_goes_to_the_pool_that_has_its_model(
    model: str, pools: tuple[PoolStage, ...], pool: PoolStage | None
) -> None:
    assert pool_of(model, pools) is pool


def test_a_model_in_two_pools_is_served_by_the_first() -> None:
    twin = PoolStage("twin", models=("coder",))
    assert pool_of("coder", (twin, CODE)) is twin
    assert names_of((twin, CODE, TALK)) == ("coder", "coder-lora", "base", "next", "chat")


def test_a_name_without_a_rewrite_stays() -> None:
    found = resolve("coder", (CODE, TALK), 0.5)
    assert found is not None
    assert (found.pool, found.model) == (CODE, "coder")
    assert resolve("other", (CODE, TALK), 0.5) is None


def test_a_request_without_a_model_gets_that_of_the_rewrite_for_every_name() -> None:
    found = resolve("", (CODE, REST), 0.5)
    assert found is not None
    assert (found.pool, found.model) == (REST, "small")


def test_the_rewrite_of_a_name_comes_before_that_of_every_name() -> None:
    assert target_of("chat", (GENERIC, CANARY), 0.0) == "base"
    assert target_of("base", (GENERIC, CANARY), 0.0) == "small"


def test_each_target_gets_its_share() -> None:
    got = Counter(target_of("chat", (CANARY,), number / 1000) for number in range(1000))
    assert got == {"base": 900, "next": 100}


def test_targets_without_weights_share_equally_and_a_weight_of_zero_gets_nothing() -> None:
    targets = (RewriteTarget(model="a"), RewriteTarget(model="b"))
    equal = (Rewrite(targets=targets),)
    assert Counter(target_of("m", equal, number / 10) for number in range(10)) == {"a": 5, "b": 5}
    off = (RewriteTarget(model="a", weight=0), RewriteTarget(model="b", weight=3))
    assert {target_of("m", (Rewrite(targets=off),), number / 10) for number in range(10)} == {"b"}
    none = (Rewrite(targets=off[:1]),)
    assert target_of("m", none, 0.5) is None


def test_a_target_without_a_weight_beside_weighted_ones_gets_nothing() -> None:
    some = (
        RewriteTarget(model="never"),
        RewriteTarget(model="a", weight=1),
        RewriteTarget(model="b", weight=3),
    )
    got = Counter(target_of("m", (Rewrite(targets=some),), number / 100) for number in range(100))
    assert got == {"a": 25, "b": 75}


@given(
    st.lists(st.none() | st.integers(0, 1_000_000), min_size=1, max_size=5),
    st.floats(0, 1, exclude_max=True),
)
def test_every_draw_falls_on_a_target_that_has_a_weight(
    weights: list[int | None], draw: float
) -> None:
    targets = tuple(
        RewriteTarget(model=str(at), weight=weight) for at, weight in enumerate(weights)
    )
    found = target_of("m", (Rewrite(targets=targets),), draw)
    if all(weight is None for weight in weights):
        assert found is not None
    elif any(weights):
        assert found is not None
        assert weights[int(found)]
    else:
        assert found is None


@given(st.integers(0, 2**128 - 1))
def test_a_session_keeps_its_model(number: int) -> None:
    hints = RequestHints(flow="f", session=f"{number:032x}")
    draws = {draw_of(hints, Random(seed)) for seed in range(3)}
    assert len(draws) == 1
    assert 0 <= draws.pop() < 1


def test_requests_without_a_session_are_spread() -> None:
    random = Random(1)
    assert len({draw_of(HINTS, random) for _ in range(10)}) == 10


def test_a_demand_has_counts_and_hashes_and_no_text() -> None:
    hashes = chain(PROMPT, TALK.block_bytes)
    found = demand_of(PROMPT, hashes, HINTS, TALK)
    assert found.model == "base"
    assert (found.chain, found.block_bytes) == (hashes, 1024)
    assert found.prompt_bytes == 6 + 7 + 100 + 3
    assert (found.media_tokens, found.output_limit, found.repeatable) == (3, None, True)
    assert (found.flow, found.session, found.priority) == ("key:alice", "", 0)
    assert (found.ttft_slo, found.tpot_slo, found.subset) == (None, None, None)
    assert "grüße" not in repr(found)


@given(st.lists(st.binary(max_size=50), max_size=8).map(tuple), st.integers(1, 64))
def test_the_blocks_of_a_demand_are_never_more_than_its_bytes(
    parts: tuple[bytes, ...], block: int
) -> None:
    pool = PoolStage("p", block_bytes=block)
    prompt = Prompt("m", parts)
    found = demand_of(prompt, chain(prompt, block), HINTS, pool)
    assert len(found.chain) * found.block_bytes <= found.prompt_bytes
    assert found.prompt_bytes >= sum(map(len, parts))


def test_an_objective_is_the_priority_that_the_pool_gives_it() -> None:
    pool = PoolStage("p", objectives={"urgent": 10, "filler": -1})
    priorities = [
        demand_of(PROMPT, (), RequestHints("f", objective=name), pool).priority
        for name in ("urgent", "filler", "unknown", "")
    ]
    assert priorities == [10, -1, 0, 0]


def test_what_a_request_says_of_response_times_comes_before_what_its_pool_says() -> None:
    pool = PoolStage("p", ttft_slo=2.0, tpot_slo=0.05)
    own = demand_of(PROMPT, (), RequestHints("f", ttft_slo=0.5), pool)
    assert (own.ttft_slo, own.tpot_slo) == (0.5, 0.05)


def test_hints_and_the_needs_of_a_prompt_are_handed_on() -> None:
    prompt = Prompt("m", (), salt="s", output_limit=5, repeatable=False)
    hints = RequestHints("f", session="ab", subset=("10.0.0.1:80",))
    found = demand_of(prompt, (1, 2), hints, PoolStage("p"))
    assert (found.output_limit, found.repeatable) == (5, False)
    assert (found.session, found.subset) == ("ab", ("10.0.0.1:80",))
    assert found.prompt_bytes == 2048
