"""What a trace tells of requests that were under way at the same time."""

from gateway.simulation.mooncake import Row, Serving
from gateway.simulation.overlap import most_at_once, others_under_way


def row(at: float, ttft: float, duration: float, endpoint: int | None = 0) -> Row:
    served = Serving(ttft=ttft, duration=duration, endpoint=endpoint)
    return Row(at, 600, 10, (0, 1), served)


def limited(limit: int, count: int, places: int = 1) -> list[Row]:
    """Requests that come every 0.1 s to servers that have `limit` at a time for a second each."""
    free = {place: [0.0] * limit for place in range(places)}
    rows: list[Row] = []
    for number in range(count):
        at, place = number * 0.1, number % places
        free[place].sort()
        begun = max(at, free[place][0])
        free[place][0] = begun + 1.0
        rows.append(row(at, begun - at + 0.05, begun - at + 1.0, place))
    return rows


def test_others_are_those_of_the_same_server_that_have_not_ended() -> None:
    rows = [row(0, 1, 4), row(1, 1, 1), row(2, 1, 9, endpoint=1), row(3, 1, 2), row(4, 1, 1)]
    assert others_under_way(rows) == [0, 1, 0, 1, 1]


def test_without_a_server_or_a_duration_there_are_no_others() -> None:
    unknown = Row(0.0, 600, 10, (0, 1), Serving(ttft=1.0, endpoint=0))
    assert others_under_way([row(0, 1, 9, None), row(1, 1, 9, None)]) == [0, 0]
    assert others_under_way([unknown, unknown, Row(0.0, 1, 1, (0,))]) == [0, 0, 0]


def test_a_limit_shows_where_requests_wait_though_no_more_are_answered() -> None:
    assert most_at_once(limited(4, 120)) == 4
    assert most_at_once(limited(3, 200, places=2)) == 3


def test_servers_that_were_never_full_show_no_limit() -> None:
    assert most_at_once(limited(40, 120)) is None
    assert most_at_once([row(at, 0.2, 0.9) for at in range(20)]) is None
    assert most_at_once([Row(0.0, 600, 10, (0, 1))]) is None


def test_clients_that_each_wait_for_their_answer_are_no_limit_of_a_server() -> None:
    """Three at a time, however long it goes on: the server is never asked for a fourth."""
    rounds = [row(at, 0.3 + 0.1 * client, 1.0) for at in range(30) for client in range(3)]
    assert most_at_once(rounds) is None
