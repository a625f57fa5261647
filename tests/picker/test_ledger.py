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


def test_placements_that_a_scrape_cannot_know_are_counted_while_they_are_not_over() -> None:
    ledger, account = Ledger(), Account()
    tickets = [ledger.charge(account, "a", 10, 20, at) for at in (1.0, 2.0, 3.0)]

    assert account.unseen(1.5) == 2
    ledger.finish(tickets[1], 3.1)
    ledger.finish(tickets[1], 3.1)
    assert account.unseen(1.5) == 1
    ledger.first_token(tickets[2], 3.2)
    assert account.unseen(1.5) == 1
    assert account.unseen(4.0) == 0
    ledger.finish(tickets[2], 4.1)
    for _ in range(1000):
        ledger.charge(account, "a", 10, 20, 5.0)
    assert account.unseen(4.0) == 256


def test_what_was_on_its_way_to_the_server_when_it_was_asked_is_not_known_to_it() -> None:
    ledger, account = Ledger(), Account()
    for at in (1.0, 1.95):
        ledger.charge(account, "a", 10, 20, at)
    assert account.unseen(2.0) == 1


def test_the_head_of_the_queue_is_what_is_being_computed() -> None:
    ledger, account = Ledger(), Account()
    assert account.head() == 0
    first = ledger.charge(account, "a", 10, 20, 0.0)
    ledger.charge(account, "a", 30, 40, 0.0)
    assert account.head() == 10
    ledger.first_token(first, 1.0)
    assert account.head() == 30


def test_a_charge_moves_whole_to_the_endpoint_that_serves() -> None:
    ledger, picked, serving = Ledger(), Account(), Account()
    ticket = ledger.charge(picked, "a", 100, 300, 1.0)

    assert ledger.move(ticket, serving, "b", 2.0)
    assert (picked.requests, picked.prefilling, picked.prefill_tokens) == (0, 0, 0)
    assert (picked.context_tokens, picked.head(), picked.unseen(0.0)) == (0, 0, 0)
    assert (serving.requests, serving.prefilling) == (1, 1)
    assert (serving.prefill_tokens, serving.context_tokens, serving.head()) == (100, 300, 100)
    assert not ledger.move(ticket, serving, "b", 2.0)
    assert not ledger.move(ticket + 1, serving, "b", 2.0)
    ledger.first_token(ticket, 3.0)
    ledger.finish(ticket, 4.0)
    for account in (picked, serving):
        assert (account.requests, account.prefilling, account.prefill_tokens) == (0, 0, 0)
        assert account.context_tokens == 0


def test_a_charge_that_has_its_first_token_moves_without_its_prefill() -> None:
    ledger, picked, serving = Ledger(), Account(), Account()
    ticket = ledger.charge(picked, "a", 100, 300, 1.0)
    ledger.first_token(ticket, 2.0)
    assert ledger.move(ticket, serving, "b", 3.0)
    assert (serving.requests, serving.prefilling, serving.prefill_tokens) == (1, 0, 0)
