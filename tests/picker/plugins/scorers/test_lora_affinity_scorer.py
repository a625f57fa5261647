from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.picker.profile import Candidate
from tests.picker.plugins.case import candidate, scores

WANTED = Demand("sql-adapter")


def server(name: str, running: set[str], waiting: set[str], most: int | None = 2) -> Candidate:
    adapters = EngineLoad(
        at=0.0,
        max_adapters=most,
        running_adapters=frozenset(running),
        waiting_adapters=frozenset(waiting),
    )
    return candidate(name, load=adapters)


def test_running_beats_room_beats_waiting_beats_full() -> None:
    servers = [
        server("running", {"sql-adapter", "x"}, set()),
        server("room", {"x"}, set()),
        server("waiting", {"x", "y"}, {"sql-adapter"}),
        server("full", {"x", "y"}, set()),
    ]
    assert scores("lora-affinity-scorer", servers, WANTED) == [1.0, 0.8, 0.6, 0.0]


def test_room_counts_before_waiting() -> None:
    servers = [server("both", set(), {"sql-adapter"})]
    assert scores("lora-affinity-scorer", servers, WANTED) == [0.8]


def test_adapters_that_others_wait_for_take_room() -> None:
    assert scores("lora-affinity-scorer", [server("a", {"x"}, {"y"})], WANTED) == [0.0]


def test_a_server_that_tells_nothing_of_adapters_counts_as_average() -> None:
    servers = [server("a", {"sql-adapter"}, set()), server("b", set(), set(), None), candidate("c")]
    assert scores("lora-affinity-scorer", servers, WANTED) == [1.0, 1.0, 1.0]
