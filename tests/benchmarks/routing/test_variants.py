"""The production picker in other settings."""

from benchmarks.routing.policies.gatehouse import Gatehouse
from benchmarks.routing.policies.variants import (
    AlwaysDisaggregated,
    Holdback,
    NeverDisaggregated,
    Queued,
)
from gateway.simulation.hardware import Server
from gateway.simulation.policy import Refused, Target
from gateway.simulation.request import Request
from tests.simulation.fleet import asking, fleet, of_server, placed


def filler(number: int) -> Request:
    made = asking(number, (number + 1, 2560))
    made.priority = -1
    return made


def test_a_full_pool_that_does_not_queue_refuses_what_may_be_shed_and_nothing_else() -> None:
    policy, seen = Gatehouse(0), fleet(1)
    seen[0].at, seen[0].waiting = 0.5, 50
    assert isinstance(policy.offer(filler(1), seen, 0.6), Refused)
    placed(policy, asking(2, (3, 2560)), seen, 0.7)


def test_with_flow_control_a_full_pool_has_requests_wait() -> None:
    policy, seen = Queued(0), fleet(1)
    seen[0].at, seen[0].waiting = 0.5, 50
    assert policy.offer(asking(1, (2, 2560)), seen, 0.6) is None


def test_held_back_filler_waits_at_a_load_at_which_it_would_go_and_others_do_not() -> None:
    seen = fleet(1)
    seen[0].at, seen[0].usage = 0.5, 0.2
    holding = Holdback(0)
    placed(holding, asking(0, (1, 2560)), seen, 0.6)
    assert holding.offer(filler(1), seen, 0.7) is None
    usual = Queued(0)
    placed(usual, asking(0, (1, 2560)), seen, 0.6)
    assert usual.offer(filler(1), seen, 0.7) == Target(0)


def test_the_prefill_is_always_elsewhere_or_never() -> None:
    seen = [of_server(0, Server(role="decode")), of_server(1, Server(role="prefill"))]
    for tokens in (160, 64_000):
        request = asking(tokens, (1, tokens))
        assert AlwaysDisaggregated(0).offer(request, seen, 0.0) == Target(0, 1)
        assert NeverDisaggregated(0).offer(request, seen, 0.0) == Target(0)
