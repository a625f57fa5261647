"""Goals are met or missed by the figures alone."""

from benchmarks.routing.cells import ALONE, APART, FILLED
from benchmarks.routing.compare import Results
from benchmarks.routing.goals import Goal, goals, knee
from benchmarks.routing.measure import Run
from benchmarks.routing.policies import FIXED, ORACLE, OURS
from tests.benchmarks.routing.runs import ladder_run, run


def of(runs: list[Run], words: str) -> Goal:
    return next(goal for goal in goals(Results(runs)) if words in goal.wanted)


def pair(ours: float, peer: float, figure: str, cell: str = "x") -> list[Run]:
    return [
        run(name, cell, seed, **{figure: value + seed / 1000})
        for seed in range(5)
        for name, value in ((OURS, ours), ("llmd_322", peer))
    ]


def test_a_peer_that_is_better_by_more_than_five_percent_is_named() -> None:
    missed = of(pair(0.6, 0.5, "ttft_p90"), "ttft_p90 by more")
    assert missed.met is False
    assert "x/llmd_322" in missed.seen
    assert of(pair(0.51, 0.5, "ttft_p90"), "ttft_p90 by more").met is True
    assert of(pair(8.0, 9.0, "goodput"), "goodput by more").met is False
    assert of(pair(9.9, 9.0, "goodput"), "goodput by more").met is True


def test_a_difference_that_is_not_clear_of_chance_is_none() -> None:
    runs = [
        run(name, "x", seed, ttft_p90=value)
        for seed, ours in enumerate((1.0, 0.2, 1.4, 0.3, 1.3))
        for name, value in ((OURS, ours), ("llmd_322", 0.5))
    ]
    assert of(runs, "ttft_p90 by more").met is True


def test_the_knee_is_the_last_rate_before_the_first_that_takes_two_seconds() -> None:
    runs = [ladder_run(OURS, 0, (3, 0.1, 100), (10, 2.5, 200), (20, 1.0, 300))]
    assert knee(Results(runs), OURS, [3, 10, 20]) == 3


def test_the_ladder_wants_a_later_knee_less_waiting_and_cheaper_tokens() -> None:
    runs = [
        ladder_run(OURS, 0, (10, 0.1, 100), (20, 0.3, 200), (30, 1.0, 300)),
        ladder_run("round_robin", 0, (10, 0.2, 100), (20, 0.4, 200), (30, 4.0, 200)),
    ]
    assert of(runs, "knee of the ladder").met is True
    assert of(runs, "ladder at 20 rps").met is True
    assert of(runs, "ladder at 30 rps").met is True
    assert of(runs, "cost per token").met is True
    worse = [
        ladder_run(OURS, 0, (10, 0.2, 100), (20, 3.0, 210)),
        ladder_run("round_robin", 0, (10, 0.2, 100), (20, 3.0, 200)),
    ]
    assert of(worse, "knee of the ladder").met is False
    assert of(worse, "ladder at 20 rps").met is False
    assert of(worse, "cost per token").met is False


def test_half_of_the_way_to_the_oracle_is_asked_only_where_it_is_ahead() -> None:
    def runs(ours: float, oracle: float) -> list[Run]:
        return [
            run(name, "x", seed, ttft_p90=value)
            for seed in range(3)
            for name, value in ((OURS, ours), ("llmd_322", 1.0), (ORACLE, oracle))
        ]

    assert of(runs(0.7, 0.5), "oracle").met is True
    assert of(runs(0.8, 0.5), "oracle").met is False
    assert not [each for each in goals(Results(runs(0.8, 1.5))) if "oracle" in each.wanted]


def test_chat_coding_and_hit_rates_are_compared_with_those_that_know_no_caches() -> None:
    def runs(cell: str, ours: dict[str, float], peer: dict[str, float]) -> list[Run]:
        return [run(OURS, cell, 0, **ours), run("round_robin", cell, 0, **peer)]

    coding = runs("coding-1", {"ttft_mean": 0.6}, {"ttft_mean": 1.0})
    assert of(coding, "TTFT 35 %").met is True
    chat = runs("chat-1", {"ttft_p95": 0.4, "ttft_p50": 0.2}, {"ttft_p95": 1.0, "ttft_p50": 0.1})
    assert of(chat, "p95 52 %").met is False
    hits = runs("x", {"hit_rate": 0.72}, {"hit_rate": 0.35})
    assert of(hits, "hit rate").met is True


def test_the_decider_is_held_against_the_better_of_always_and_never() -> None:
    def runs(ours: float) -> list[Run]:
        figures = ((OURS, ours), (FIXED[0], 1.0), (FIXED[1], 2.0))
        return [run(name, APART[0], ttft_p90=value, goodput=1 / value) for name, value in figures]

    assert of(runs(1.02), "fixed choice, ttft_p90").met is True
    assert of(runs(1.02), "fixed choice, goodput").met is True
    assert FIXED[0] in of(runs(1.02), "fixed choice, ttft_p90").seen
    assert of(runs(1.1), "fixed choice, ttft_p90").met is False
    assert of(runs(1.1), "fixed choice, goodput").met is False


def test_filler_is_held_against_the_same_requests_alone() -> None:
    def runs(filled: float) -> list[Run]:
        return [run(OURS, ALONE, ttft_p95=0.2), run(OURS, FILLED, ttft_p95=filled)]

    assert of(runs(0.205), "filler").met is True
    assert of(runs(0.22), "filler").met is False


def test_what_did_not_run_is_no_goal() -> None:
    assert not goals(Results([run(OURS)]))
