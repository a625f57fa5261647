"""What endpoints were compared by, for people to read."""

from gateway.cli.cost_table import Compared, cost_table

CHEAP = Compared("10.0.0.1:80", {"queue": 0.0, "prefill": 20.0, "others": 5.0, "session": 8.0})
DEAR = Compared("10.0.0.2:80", {"queue": 100.0, "prefill": 20.0, "others": 0.0, "session": 0.0})


def test_the_predicted_time_is_the_sum_of_its_parts_and_a_session_makes_it_cheaper() -> None:
    assert (CHEAP.expected, CHEAP.cost) == (20.0, 17.0)
    assert (DEAR.expected, DEAR.cost) == (120.0, 120.0)


def test_the_order_stays_and_parts_that_play_no_role_are_left_out() -> None:
    head, *rows = [line.split() for line in cost_table([CHEAP, DEAR]).splitlines()]
    assert " ".join(head) == "endpoint queue prefill others session first token ms cost"
    assert rows == [
        ["10.0.0.1:80", "0.0", "20.0", "5.0", "-8.0", "20.0", "17.0"],
        ["10.0.0.2:80", "100.0", "20.0", "0.0", "0.0", "120.0", "120.0"],
    ]
    assert "memory" not in cost_table([CHEAP])


def test_scores_of_plugins_are_shown_as_they_are() -> None:
    rows = [Compared("a:1", {"prefix": 0.75, "queue-scorer": 0.0, "score": 0.75})]
    assert [line.split() for line in cost_table(rows).splitlines()] == [
        ["endpoint", "prefix", "queue-scorer", "score"],
        ["a:1", "0.750", "0.000", "0.750"],
    ]


def test_no_endpoint_is_said_in_words() -> None:
    assert cost_table([]) == "no endpoint may serve it\n"
