from gateway.picker.ledger import Account
from gateway.picker.shared.news import PARTS, Began, Ended
from gateway.picker.shared.outbox import Outbox
from gateway.picker.shared.told import GuestLedger, ToldLedger


def ledger() -> tuple[ToldLedger, Outbox]:
    one, outbox = ToldLedger(60.0), Outbox()
    one.outbox = outbox
    return one, outbox


def test_each_change_is_told_once() -> None:
    one, outbox = ledger()
    ticket = one.charge(Account(), "e0", 10, 20, 0.0)
    one.leaves(ticket, 7, read=False)
    one.first_token(ticket, 1.0)
    one.first_token(ticket, 1.0)
    assert outbox.take(9) == [Began(ticket, False)]
    one.finish(ticket, 2.0)
    one.finish(ticket, 2.0)
    assert outbox.take(9) == [Ended(ticket, 7 * PARTS, False)]


def test_an_end_of_which_nothing_was_said_leaves_nothing() -> None:
    one, outbox = ledger()
    ticket = one.charge(Account(), "e0", 10, 20, 0.0)
    one.finish(ticket, 2.0)
    one.leaves(ticket, 7, read=False)
    assert outbox.take(9) == [Ended(ticket, 0, True)]


def test_nothing_is_told_to_nobody() -> None:
    one = ToldLedger(60.0)
    ticket = one.charge(Account(), "e0", 10, 20, 0.0)
    assert one.first_token(ticket, 1.0)
    assert one.finish(ticket, 1.0) is not None


def test_open_charges_are_listed_from_any_ticket_on() -> None:
    one, _ = ledger()
    tickets = [one.charge(Account(), "e0", 10, 20, 0.0) for _ in range(5)]
    one.finish(tickets[2], 1.0)
    assert [ticket for ticket, _ in one.after(0, 9)] == [*tickets[:2], *tickets[3:]]
    assert [ticket for ticket, _ in one.after(tickets[0], 2)] == [tickets[1], tickets[3]]
    assert one.newest == tickets[-1]
    assert one.after(one.newest, 9) == []


def test_tickets_of_guests_are_never_those_of_ones_own_in_one_account() -> None:
    account, (own, _), theirs = Account(), ledger(), GuestLedger()
    mine = own.charge(account, "e0", 10, 20, 0.0)
    guest = theirs.charge(account, "e0", 30, 40, 0.0)
    assert (account.requests, account.prefill_tokens) == (2, 40)
    own.finish(mine, 1.0)
    assert (account.requests, account.prefill_tokens, account.head()) == (1, 30, 30)
    theirs.finish(guest, 1.0)
    assert (account.requests, account.prefill_tokens) == (0, 0)
