"""What runs, and what is aborted for others."""

from gateway.picker.flow.entry import FlowKey
from gateway.picker.flow.running import Run, Running


def running(*priorities: int) -> Running:
    runs = Running()
    for ticket, priority in enumerate(priorities, start=1):
        runs.begin(ticket, Run(FlowKey("a", priority), "10.0.0.1:80", 10, 0, float(ticket)))
    return runs


def test_the_lowest_priority_goes_first_and_of_it_the_newest() -> None:
    runs = running(-1, -2, 5, -2, 0, -1)
    assert runs.abort(lambda _: 9, 9) == [4, 2, 6, 1]


def test_what_may_not_be_shed_is_never_aborted() -> None:
    assert running(0, 1, 7).abort(lambda _: 9, 9) == []


def test_no_more_are_aborted_than_wait_for_them() -> None:
    runs = running(-1, -1, -1)
    assert runs.abort(lambda _: 1, 9) == [3]
    assert runs.abort(lambda _: 1, 9) == []
    assert runs.abort(lambda _: 2, 9) == [2]


def test_one_that_ended_makes_way_for_the_next() -> None:
    runs = running(-1, -1)
    assert runs.abort(lambda _: 1, 9) == [2]
    assert runs.end(2) is not None
    assert runs.abort(lambda _: 1, 9) == [1]


def test_only_those_below_the_waiting_one_are_aborted() -> None:
    def above(priority: int) -> int:
        return sum(waiting > priority for waiting in (-1,))

    assert running(-1, -1).abort(above, 9) == []
    assert running(-1, -2).abort(above, 9) == [2]


def test_a_bound_holds_for_each_call() -> None:
    runs = running(-1, -1, -1)
    assert runs.abort(lambda _: 9, 2) == [3, 2]
    assert runs.abort(lambda _: 9, 2) == [1]


def test_a_run_ends_once_and_remembers_its_first_token() -> None:
    runs = running(0, 0)
    assert runs.first_token(1) is not None
    assert runs.first_token(1) is None
    assert runs.first_token(99) is None
    first, second = runs.end(1), runs.end(2)
    assert first is not None
    assert second is not None
    assert (first.first_token_seen, second.first_token_seen) == (True, False)
    assert runs.end(1) is None
    assert len(runs) == 0


def test_runs_whose_end_was_lost_are_forgotten() -> None:
    runs = running(0, -1, 0)
    assert [run.at for run in runs.lost(3.0)] == [1.0, 2.0]
    assert len(runs) == 1
    assert runs.abort(lambda _: 9, 9) == []
