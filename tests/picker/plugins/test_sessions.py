from gateway.model.demand import Demand
from gateway.picker.plugins.sessions import SessionTable
from tests.picker.plugins.case import candidate

A, B = candidate("a"), candidate("b")


def session(name: str) -> Demand:
    return Demand("llama", session=name)


def test_a_table_never_grows_beyond_its_capacity_and_forgets_the_least_used() -> None:
    table = SessionTable(ttl=1000, capacity=3)
    for n in range(10):
        table.placed(session(f"s{n}"), A, float(n))
        table.placed(session("kept"), B, float(n))
    assert len(table) == 3
    assert table.find(session("kept"), [A, B], 10.0) == 1
    assert table.find(session("s9"), [A, B], 10.0) == 0
    assert table.find(session("s1"), [A, B], 10.0) is None


def test_a_session_in_use_outlives_newer_ones_that_are_not() -> None:
    table = SessionTable(ttl=1000, capacity=2)
    for at, name in enumerate(["old", "new", "old", "newest"]):
        table.placed(session(name), A, float(at))
    assert table.find(session("old"), [A], 5.0) == 0
    assert table.find(session("new"), [A], 5.0) is None


def test_expired_sessions_make_room_as_others_come() -> None:
    table = SessionTable(ttl=5, capacity=1000)
    for n in range(100):
        table.placed(session(f"s{n}"), A, 0.0)
    table.placed(session("late"), A, 6.0)
    assert len(table) == 1


def test_requests_without_a_session_leave_no_trace() -> None:
    table = SessionTable(ttl=5, capacity=10)
    table.placed(Demand("llama"), A, 0.0)
    assert len(table) == 0
    assert table.find(Demand("llama"), [A], 0.0) is None


def test_a_session_is_bound_anew_only_after_a_ranking_without_its_endpoint() -> None:
    table = SessionTable(ttl=5, capacity=10)
    table.placed(session("s"), A, 0.0)
    table.placed(session("s"), B, 1.0)
    assert table.find(session("s"), [A, B], 1.0) == 0
    assert table.find(session("s"), [B], 1.0) is None
    table.placed(session("s"), B, 1.0)
    assert table.find(session("s"), [A, B], 2.0) == 1


def test_an_endpoint_gone_for_one_session_does_not_move_another() -> None:
    table = SessionTable(ttl=5, capacity=10)
    table.placed(session("s"), A, 0.0)
    table.placed(session("t"), A, 0.0)
    table.find(session("s"), [B], 1.0)
    table.placed(session("t"), B, 1.0)
    assert table.find(session("t"), [A, B], 2.0) == 0
