from gateway.picker.shared.news import Began, Ended
from gateway.picker.shared.outbox import Outbox, Sent

SENT = Sent(1, "e0", 10, 20, 0, ())


def test_events_are_taken_in_order_and_once() -> None:
    outbox = Outbox()
    outbox.sent(SENT)
    outbox.began(1, seen=False)
    outbox.sent(Sent(2, "e0", 10, 20, 0, ()))
    outbox.ended(1, 5, read=True)
    assert outbox.take(2) == [SENT, Began(1, False)]
    assert [type(event) for event in outbox.take(9)] == [Sent, Ended]
    assert outbox.take(9) == []


def test_a_first_token_that_is_assumed_at_the_end_is_not_told() -> None:
    outbox = Outbox()
    outbox.began(1, seen=False)
    outbox.ended(1, 5, read=False)
    assert outbox.take(9) == [Ended(1, 80, False)]


def test_the_first_token_of_another_is_told() -> None:
    outbox = Outbox()
    outbox.began(2, seen=False)
    outbox.ended(1, 5, read=True)
    assert outbox.take(9) == [Began(2, False), Ended(1, 80, True)]


def test_of_too_many_the_oldest_are_lost_and_counted() -> None:
    outbox = Outbox(2)
    for ticket in range(5):
        outbox.began(ticket, seen=True)
    assert (len(outbox), outbox.lost) == (2, 3)
    assert outbox.take(9) == [Began(3, True), Began(4, True)]
