"""What runs, and what is aborted for others."""

from gateway.picker.flow.entry import FlowKey
from gateway.picker.flow.running import Run, Running

SERVER = "10.0.0.1:80"


def running(*priorities: int) -> Running:
    runs = Running()
    for ticket, priority in enumerate(priorities, start=1):
        runs.begin(ticket, Run(FlowKey("a", priority), SERVER, 10, 0, float(ticket)))
    return runs


def test_the_lowest_priority_goes_first_and_of_it_the_newest() -> None:
    runs = running(-1, -2, 5, -2, 0, -1)
    assert drained(runs) == [4, 2, 6, 1]


def test_what_may_not_be_shed_is_never_a_victim() -> None:
    runs = running(0, 1, 7)
    assert runs.victim(SERVER) is None
    assert list(runs.sheddable()) == []


def test_one_that_ended_is_no_victim_any_more() -> None:
    runs = running(-1, -1)
    assert runs.end(2) is not None
    assert drained(runs) == [1]
    assert list(runs.sheddable()) == []


def test_victims_of_several_endpoints_compare_by_their_keys() -> None:
    runs = running(-1, -2)
    runs.begin(3, Run(FlowKey("a", -1), "10.0.0.2:80", 10, 0, 3.0))
    keys = {endpoint: runs.victim(endpoint) for endpoint in runs.sheddable()}
    assert sorted(keys) == [SERVER, "10.0.0.2:80"]
    first, second = keys[SERVER], keys["10.0.0.2:80"]
    assert first is not None
    assert second is not None
    assert (first[0], second[0]) == (2, 3)
    assert first[1] < second[1]
    assert (runs.priority(2), runs.priority(3)) == (-2, -1)


def drained(runs: Running) -> list[int]:
    order: list[int] = []
    while (found := runs.victim(SERVER)) is not None:
        order.append(found[0])
        runs.spare(found[0])
    return order


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
    assert runs.victim(SERVER) is None


def test_what_another_endpoint_answers_is_its_to_shed() -> None:
    runs, other = running(-1, -2, 0), "10.0.0.2:80"
    before = runs.moved(1, other)
    assert before is not None
    assert before.endpoint == SERVER
    assert runs.moved(1, other) is None
    assert runs.moved(99, other) is None
    assert runs.moved(3, other) is not None
    assert [runs.victim(each) for each in (SERVER, other)] == [(2, (-2, -2)), (1, (-1, -1))]
    ended = [runs.end(ticket) for ticket in (1, 3)]
    assert [run.endpoint for run in ended if run is not None] == [other, other]
    assert list(runs.sheddable()) == [SERVER]


def test_what_was_spared_is_no_victim_elsewhere() -> None:
    runs = running(-1)
    runs.spare(1)
    assert runs.moved(1, "10.0.0.2:80") is not None
    assert list(runs.sheddable()) == []
