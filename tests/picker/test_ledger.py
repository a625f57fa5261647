from hypothesis import given
from hypothesis import strategies as st

from gateway.picker.ledger import Account, Ledger


def test_a_charge_counts_until_it_is_finished() -> None:
    ledger, account = Ledger(), Account()
    ticket = ledger.charge(account, "a", 100, 300, 0.0)

    assert (account.requests, account.prefilling) == (1, 1)
    assert (account.prefill_tokens, account.context_tokens) == (100, 300)
    ledger.first_token(ticket, 1.0)
    assert (account.requests, account.prefilling, account.prefill_tokens) == (1, 0, 0)
    ledger.finish(ticket, 2.0)
    assert (account.requests, account.context_tokens) == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=60))
def test_counters_are_never_negative_whatever_is_reported_again(
    reports: list[tuple[int, bool]],
) -> None:
    ledger, account = Ledger(), Account()
    tickets = [ledger.charge(account, "a", 10, 20, 0.0) for _ in range(5)]
    for number, end in reports:
        ticket = tickets[number] if number < 5 else 999
        _ = ledger.finish(ticket, 1.0) if end else ledger.first_token(ticket, 1.0)
        assert account.prefill_tokens == 10 * account.prefilling
        assert account.context_tokens == 20 * account.requests
        assert 0 <= account.prefilling <= account.requests

    for ticket in tickets:
        ledger.finish(ticket, 2.0)
    assert (account.requests, account.prefilling, len(ledger)) == (0, 0, 0)


def test_the_first_of_the_queue_is_under_way_and_the_others_wait() -> None:
    ledger, account = Ledger(), Account()
    first = ledger.charge(account, "a", 1000, 1000, 0.0)
    ledger.charge(account, "a", 500, 500, 0.0)

    assert account.front(0.5, 1000) == 1000
    assert account.front(60.0, 1000) == 500
    ledger.first_token(first, 60.0)
    assert account.front(60.25, 1000) == 250


def test_charges_whose_end_nobody_reported_expire() -> None:
    ledger, account = Ledger(ttl=10), Account()
    old = ledger.charge(account, "a", 1, 1, 0.0)
    ledger.charge(account, "a", 1, 1, 5.0)

    assert ledger.expire(9.9) == []
    assert ledger.expire(10.0) == [old]


def test_placements_since_a_time_are_counted_whether_or_not_they_are_over() -> None:
    ledger, account = Ledger(), Account()
    for at in (1.0, 2.0, 3.0):
        ledger.finish(ledger.charge(account, "a", 10, 20, at), at + 0.1)

    assert (account.requests, account.unseen(2.0)) == (0, 2)
    assert account.unseen(4.0) == 0
    for _ in range(1000):
        ledger.charge(account, "a", 10, 20, 5.0)
    assert account.unseen(4.0) == 256


def test_the_head_of_the_queue_is_what_is_being_computed() -> None:
    ledger, account = Ledger(), Account()
    assert account.head() == 0
    first = ledger.charge(account, "a", 10, 20, 0.0)
    ledger.charge(account, "a", 30, 40, 0.0)
    assert account.head() == 10
    ledger.first_token(first, 1.0)
    assert account.head() == 30
