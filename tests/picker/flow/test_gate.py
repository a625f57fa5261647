"""The gate: no server gets more than it has room for, as far as can be known."""

from gateway.model.engine import EngineLoad
from gateway.picker.endpoint import Endpoint, EndpointState, InFlight
from gateway.picker.flow.gate import EndpointGate, Room

SERVER = "10.0.0.1:8000"


def state(
    load: EngineLoad | None = None,
    requests: int = 0,
    since_scrape: int = 0,
    *,
    healthy: bool = True,
) -> EndpointState:
    server = Endpoint(SERVER, healthy=healthy)
    return EndpointState(server, InFlight(requests), load, since_scrape)


def load(at: float, waiting: int, running: int, kv_usage: float = 0.1) -> EngineLoad:
    return EngineLoad(at, waiting=waiting, running=running, kv_usage=kv_usage)


def is_open(gate: EndpointGate, *states: EndpointState) -> bool:
    return [SERVER in gate.room([each]).open for each in states][-1]


def sending(gate: EndpointGate, requests: int) -> EndpointGate:
    """`gate`, which has sent that many more without a first token yet."""
    for _ in range(requests):
        gate.sent(SERVER)
    return gate


def blind() -> EndpointGate:
    """A gate that learnt that first tokens are not seen, with many on their way."""
    gate = sending(EndpointGate(5, None), 100)
    for _ in range(40):
        gate.ended(SERVER, first_token_seen=False)
    return gate


def test_a_server_that_never_told_its_queue_is_not_held_back() -> None:
    gate = EndpointGate(5, None)
    assert is_open(gate, state(None, requests=500))
    assert gate.waiting(SERVER) is None
    assert is_open(gate, state(EngineLoad(1.0, kv_usage=0.5), requests=500))


def test_what_was_sent_since_the_scrape_counts_as_waiting() -> None:
    gate = sending(EndpointGate(5, None), 12)
    fresh = load(1.0, waiting=3, running=8)
    assert is_open(gate, state(fresh, requests=11))
    assert is_open(gate, state(fresh, requests=12, since_scrape=1))
    assert not is_open(gate, state(fresh, requests=13, since_scrape=2))


def test_a_first_token_makes_room() -> None:
    gate = EndpointGate(5, None)
    fresh = load(1.0, waiting=0, running=0)
    assert is_open(gate, state(fresh))
    sending(gate, 5)
    assert not is_open(gate, state(fresh, requests=5, since_scrape=5))
    gate.first_token(SERVER)
    assert is_open(gate, state(fresh, requests=5, since_scrape=5))
    sending(gate, 1)
    assert not is_open(gate, state(fresh, requests=6, since_scrape=6))
    gate.ended(SERVER, first_token_seen=True)
    assert not is_open(gate, state(fresh, requests=5, since_scrape=6))
    gate.ended(SERVER, first_token_seen=False)
    assert is_open(gate, state(fresh, requests=4, since_scrape=6))


def test_those_of_others_that_wait_count_as_long_as_the_scrape_is_believed() -> None:
    gate = EndpointGate(5, None)
    assert not is_open(gate, state(load(1.0, waiting=9, running=4)))
    assert is_open(gate, state(None))


def test_where_first_tokens_are_not_seen_a_server_gets_what_it_ran_before() -> None:
    gate = blind()
    assert is_open(gate, state(load(1.0, 0, 20), requests=20))
    assert is_open(gate, state(load(2.0, 0, 3), requests=22, since_scrape=19))
    assert gate.waiting(SERVER) == 2
    assert not is_open(gate, state(load(2.0, 0, 3), requests=25, since_scrape=22))


def test_a_queue_on_the_server_shows_how_many_it_runs() -> None:
    gate = blind()
    assert is_open(gate, state(load(1.0, 0, 20), requests=20))
    assert is_open(gate, state(load(2.0, 4, 10), requests=14))
    assert not is_open(gate, state(load(2.0, 4, 10), requests=15, since_scrape=1))


def test_what_a_server_ran_before_its_cache_was_full_is_forgotten() -> None:
    gate = blind()
    assert is_open(gate, state(load(1.0, 0, 20), requests=20))
    assert is_open(gate, state(load(2.0, 0, 10, kv_usage=0.9), requests=10))
    assert not is_open(gate, state(load(3.0, 0, 8), requests=15, since_scrape=7))


def test_own_counts_hold_when_a_server_tells_no_more() -> None:
    gate = blind()
    assert is_open(gate, state(load(1.0, 0, 10), requests=10))
    assert is_open(gate, state(None, requests=14))
    assert not is_open(gate, state(None, requests=15))
    assert is_open(gate, state(None, requests=0))


def test_a_server_that_tells_no_more_gets_what_it_ever_ran() -> None:
    gate = blind()
    assert is_open(gate, state(load(1.0, 0, 20), requests=20))
    assert not is_open(gate, state(load(2.0, 5, 10), requests=15))
    assert is_open(gate, state(None, requests=24))
    assert not is_open(gate, state(None, requests=25))


def test_first_tokens_that_are_seen_again_are_believed_again() -> None:
    gate = blind()
    assert is_open(gate, state(load(1.0, 0, 30), requests=30))
    busy = state(load(2.0, 0, 0), requests=30, since_scrape=30)
    assert is_open(gate, busy)
    for _ in range(100):
        gate.ended(SERVER, first_token_seen=True)
    assert not is_open(gate, busy)


def test_a_bound_on_requests_in_flight_holds_without_metrics_too() -> None:
    gate = EndpointGate(None, 3)
    assert is_open(gate, state(None, requests=2))
    assert not is_open(gate, state(None, requests=3))
    assert is_open(EndpointGate(None, None), state(load(1.0, 99, 9), requests=99))


def test_an_endpoint_that_is_down_is_neither_open_nor_full() -> None:
    room = EndpointGate(5, None).room([state(healthy=False)])
    assert (dict(room.open), dict(room.full)) == ({}, {})


def test_an_endpoint_that_left_is_forgotten() -> None:
    gate = blind()
    gate.room([state(load(1.0, 0, 20))])
    gate.room([])
    assert gate.waiting(SERVER) is None


def test_what_is_sent_and_comes_back_is_noticed() -> None:
    gate = EndpointGate(None, 5)
    server = state(load(1.0, 0, 0))
    assert is_open(gate, server)
    server.in_flight.requests = 5
    gate.sent(SERVER)
    assert not is_open(gate, server)
    server.in_flight.requests = 4
    gate.ended(SERVER, first_token_seen=False)
    assert is_open(gate, server)


def test_a_new_scrape_and_a_change_of_health_are_noticed_untold() -> None:
    gate = EndpointGate(5, None)
    server = state(load(1.0, 9, 1))
    assert not is_open(gate, server)
    server.load = load(2.0, 0, 1)
    assert is_open(gate, server)
    server.endpoint = Endpoint(SERVER, healthy=False)
    assert not is_open(gate, server)
    server.endpoint = Endpoint(SERVER)
    assert is_open(gate, server)


def test_other_bounds_hold_at_once_and_counts_stay() -> None:
    gate = sending(EndpointGate(5, None), 4)
    server = state(load(1.0, 0, 0), requests=4, since_scrape=4)
    assert is_open(gate, server)
    gate.limit(4, None)
    assert not is_open(gate, server)
    gate.limit(None, 4)
    assert not is_open(gate, server)
    gate.limit(5, 5)
    assert is_open(gate, server)


def test_the_same_states_are_not_looked_at_again() -> None:
    gate = EndpointGate(5, None)
    server = state(load(1.0, 0, 1))
    states = (server,)
    assert SERVER in gate.room(states).open
    server.load = load(2.0, 9, 1)
    assert SERVER in gate.room(states).open
    assert SERVER in gate.room((server,)).full


def test_what_had_not_arrived_when_the_server_was_asked_counts_as_waiting() -> None:
    gate = blind()
    told = load(1.0, waiting=1, running=8)
    assert is_open(gate, state(told, requests=9))
    assert gate.waiting(SERVER) == 1
    assert is_open(gate, state(load(2.0, waiting=1, running=8), requests=12))
    assert gate.waiting(SERVER) == 4
    assert not is_open(gate, state(load(3.0, waiting=1, running=8), requests=13))


def relaying(requests: int) -> EndpointGate:
    gate = EndpointGate(5, None)
    for _ in range(40):
        gate.sent(PREFILLER)
        gate.ended(PREFILLER, first_token_seen=False)
    for _ in range(requests):
        gate.sent(SERVER, PREFILLER)
    return gate


PREFILLER = "10.0.0.9:8000"


def pair(decode: EngineLoad, prefill: EngineLoad, requests: int) -> list[EndpointState]:
    return [
        EndpointState(Endpoint(SERVER, role="decode"), InFlight(requests), decode),
        EndpointState(Endpoint(PREFILLER, role="prefill"), InFlight(requests), prefill),
    ]


def test_what_another_prefills_is_not_on_its_way_to_the_server_that_will_answer() -> None:
    gate = relaying(8)
    room = gate.room(pair(load(1.0, 0, 0), load(1.0, 4, 4), 8))
    assert (SERVER in room.open, PREFILLER in room.idle) == (True, True)
    assert (gate.waiting(SERVER), gate.waiting(PREFILLER)) == (0, 4)


def test_a_server_that_only_prefills_is_never_one_to_answer_and_has_a_bound_of_its_own() -> None:
    gate = relaying(10)
    room = gate.room(pair(load(1.0, 0, 0), load(1.0, 6, 4), 10))
    assert (list(room.open), list(room.full)) == ([SERVER], [])
    assert (list(room.idle), list(room.busy)) == ([], [PREFILLER])
    for _ in range(10):
        gate.first_token(SERVER, PREFILLER)
    assert PREFILLER in gate.room(pair(load(2.0, 0, 10), load(2.0, 0, 0), 0)).idle


def test_it_tells_since_when_a_server_is_full_and_how_often_one_opened() -> None:
    gate, server = EndpointGate(5, None), state()

    def told(at: float, waiting: int) -> Room:
        server.load = load(at, waiting, 1)
        return gate.room([server], at)

    assert told(1.0, 9).full == {SERVER: 1.0}
    assert told(2.0, 9).full == {SERVER: 1.0}
    assert gate.opened == 0
    assert told(3.0, 0).open == {SERVER: 3.0}
    assert gate.opened == 1
    assert told(4.0, 9).full == {SERVER: 4.0}


def test_what_another_answers_counts_there_until_its_first_token() -> None:
    gate, other = EndpointGate(3, None), "10.0.0.2:8000"
    states = [
        EndpointState(Endpoint(each), InFlight(4), load(1.0, 0, 0), since_scrape=4)
        for each in (SERVER, other)
    ]
    for _ in range(4):
        gate.sent(SERVER)
    assert list(gate.room(states).full) == [SERVER]
    for _ in range(4):
        gate.moved(SERVER, other, first_token_seen=False)
    assert list(gate.room(states).full) == [other]
    assert [gate.waiting(each) for each in (SERVER, other)] == [0, 4]
    for _ in range(4):
        gate.first_token(other)
    assert gate.room(states).full == {}
    gate.moved(other, SERVER, first_token_seen=True)
    assert gate.room(states).full == {}


def test_who_prefills_for_another_still_does_when_a_third_answers() -> None:
    gate = relaying(8)
    gate.moved(SERVER, "10.0.0.2:8000", first_token_seen=False, prefiller=PREFILLER)
    gate.room(pair(load(1.0, 0, 0), load(1.0, 8, 0), 8))
    assert gate.waiting(PREFILLER) == 8
    gate.first_token("10.0.0.2:8000", PREFILLER)
    gate.room(pair(load(2.0, 0, 0), load(2.0, 7, 0), 8))
    assert gate.waiting(PREFILLER) == 7
