"""The seeded workloads have the statistics that were published."""

from collections import Counter
from itertools import pairwise
from statistics import fmean, median

import pytest

from benchmarks.routing.cells import SYNTHETIC
from benchmarks.routing.policies.unaware import LeastRequest
from benchmarks.routing.workloads.chat import bursty_chat
from benchmarks.routing.workloads.conversation import agents, coding, mooncake_like, reasoning
from benchmarks.routing.workloads.disaggregated import conversations, documents
from benchmarks.routing.workloads.filler import SECONDS, SHEDDABLE, realtime
from benchmarks.routing.workloads.ladder import BEYOND, STAGES, ladder
from benchmarks.routing.workloads.shared_prefix import DENSE, SLOWDOWN, dense_tokens, mixed_fleet
from gateway.simulation.request import Request
from gateway.simulation.simulation import simulate


def reusable(requests: list[Request]) -> float:
    """The part of the tokens that an endless cache would have."""
    known: set[int] = set()
    cached = 0
    for request in requests:
        cached += sum(run.tokens for run in request.prompt.runs if run.key in known)
        known.update(run.key for run in request.prompt.runs)
        known.add(request.output_key)
    return cached / sum(request.prompt.tokens for request in requests)


def test_the_ladder_has_150_groups_of_5_prompts_of_7200_tokens() -> None:
    stages = ladder(1).stages
    asked = [request for stage in stages for request in stage]
    assert {request.prompt.tokens for request in asked} == {7200}
    assert len({request.prompt.runs[0].key for request in asked}) == 150
    assert len({request.prompt.runs[1].key for request in asked}) == 750
    assert {request.output for request in asked} == {1000}


def test_the_ladder_offers_its_rates_and_does_not_measure_its_warm_up() -> None:
    work = ladder(2)
    assert not any(request.measured for request in work.stages[0])
    for stage, (rate, seconds) in zip(work.stages[1:], (*STAGES, *BEYOND), strict=True):
        assert len(stage) == pytest.approx(rate * seconds, rel=0.35)
        assert all(0 <= request.at < seconds for request in stage)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_conversations_like_mooncakes_have_its_means_and_its_reuse(seed: int) -> None:
    asked = mooncake_like(seed, 4.0).stages[0]
    assert fmean(each.prompt.tokens for each in asked) == pytest.approx(12_035, rel=0.12)
    assert fmean(each.output for each in asked) == pytest.approx(343, rel=0.12)
    assert 0.3 < reusable(asked) < 0.5
    assert [each.at for each in asked] == sorted(each.at for each in asked)


def test_coding_sessions_have_the_published_turns_and_growth() -> None:
    asked = [each.request for each in simulate(coding(0, 12), LeastRequest(0)).outcomes]
    turns = Counter(each.session for each in asked)
    assert 30 < fmean(turns.values()) < 45
    assert fmean(each.output for each in asked) == pytest.approx(585, rel=0.15)
    by_session: dict[str, list[int]] = {}
    for each in asked:
        by_session.setdefault(each.session, []).append(each.prompt.tokens)
    growth = [two - one for sizes in by_session.values() for one, two in pairwise(sizes)]
    assert fmean(growth) == pytest.approx(1652 + 585, rel=0.15)


def test_agents_have_long_prompts_of_which_nearly_all_is_known() -> None:
    asked = [each.request for each in simulate(agents(0, 30), LeastRequest(0)).outcomes]
    assert median(each.prompt.tokens for each in asked) == pytest.approx(195_000, rel=0.2)
    assert median(each.output for each in asked) == pytest.approx(317, rel=0.2)
    assert reusable(asked) > 0.8


def test_reasoning_is_short_in_and_long_out() -> None:
    asked = reasoning(0, 50).stages[0]
    assert {(each.prompt.tokens, each.output) for each in asked} == {(1248, 8000)}


def test_a_chat_bursts_about_one_document() -> None:
    asked = bursty_chat(0, 20.0).stages[0]
    seconds = Counter(int(each.at) for each in asked)
    assert max(seconds.values()) > 2.5 * median(seconds.values())
    busiest = seconds.most_common(1)[0][0]
    documents = Counter(each.prompt.runs[1].key for each in asked if int(each.at) == busiest)
    assert documents.most_common(1)[0][1] > 0.3 * seconds[busiest]


def test_one_server_of_the_mixed_fleet_is_slow() -> None:
    assert [each.slow for each in mixed_fleet(0, 5.0).servers] == [1.0] * 7 + [SLOWDOWN]


def test_beyond_its_published_end_the_ladder_goes_on() -> None:
    rates = [rate for rate, _ in (*STAGES, *BEYOND)]
    assert rates == sorted(rates)
    assert STAGES[-1][0] == 60 < BEYOND[0][0]


def test_tokens_may_be_shorter_than_routers_think() -> None:
    work = dense_tokens(0, 5.0)
    assert work.bytes_per_token == DENSE < 4
    assert [each.prompt.runs for each in work.stages[0]] == [
        each.prompt.runs for each in mixed_fleet(0, 5.0).stages[0]
    ]


def test_documents_are_new_and_conversations_are_mostly_known() -> None:
    assert reusable(documents(0, 5.0).stages[0]) < 0.05
    trace = simulate(conversations(0, 20), LeastRequest(0))
    assert reusable([each.request for each in trace.outcomes]) > 0.8
    for work in (documents(0, 5.0), conversations(0, 5)):
        assert {server.role for server in work.servers} == {"prefill", "decode"}


def test_filler_goes_on_until_the_last_real_time_request_and_changes_none_of_them() -> None:
    alone, filled = realtime(1).stages[0], realtime(1, 50).stages[0]
    assert [(each.at, each.prompt.runs, each.output) for each in alone] == [
        (each.at, each.prompt.runs, each.output) for each in filled[: len(alone)]
    ]
    filler = filled[len(alone) :]
    assert len(filler) == 50
    assert {(each.priority, each.measured, each.patient) for each in filler} == {
        (SHEDDABLE, False, True)
    }
    first = filler[0].following
    assert first is not None
    following = first(1.0)
    assert following is not None
    assert following.number not in {each.number for each in filled}
    assert first(SECONDS) is None


@pytest.mark.parametrize("name", ["ladder", "mooncake-like-1.5", "chat-20", "coding-24"])
def test_a_seed_decides_everything(name: str) -> None:
    def seen(seed: int) -> list[tuple[float, object]]:
        stages = SYNTHETIC[name](seed).stages
        return [(each.at, each.prompt.runs) for stage in stages for each in stage]

    assert seen(3) == seen(3) != seen(4)
