from gateway.model.engine import EngineLoad
from gateway.picker.affinity import TTL, Sessions, adapter_seconds


def test_a_session_is_remembered_for_a_while() -> None:
    sessions = Sessions()
    sessions.placed("s", "a", 0.0)

    assert sessions.at("s", TTL) == "a"
    assert sessions.at("s", TTL + 1) is None
    assert sessions.at("other", 0.0) is None


def test_sessions_are_bounded_and_the_oldest_goes_first() -> None:
    sessions = Sessions(most=2)
    for name in ("a", "b", "a", "c"):
        sessions.placed(name, "e", 0.0)

    assert [sessions.at(name, 0.0) for name in "abc"] == ["e", None, "e"]


def test_an_adapter_costs_nothing_where_it_is_active_and_most_where_all_places_are_taken() -> None:
    loads = [
        EngineLoad(0, max_adapters=2, running_adapters=frozenset({"l"})),
        EngineLoad(0, max_adapters=2, running_adapters=frozenset({"x"})),
        EngineLoad(0, max_adapters=2, running_adapters=frozenset({"x", "y"})),
    ]
    active, room, full = (adapter_seconds("l", load, stay=10.0) for load in loads)

    assert active == 0 < room < full
    assert adapter_seconds("l", None, 10.0) == 0


def test_sessions_that_are_too_old_are_forgotten_whoever_comes() -> None:
    sessions = Sessions()
    sessions.placed("old", "e", 0.0)
    sessions.placed("recent", "e", TTL)
    sessions.placed("", "e", TTL + 1)

    assert sessions.at("old", 0.0) is None
    assert sessions.at("recent", TTL + 1) == "e"
