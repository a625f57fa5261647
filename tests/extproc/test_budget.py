"""Bodies of all streams of a worker come out of one budget, and go back into it."""

import pytest

from gateway.extproc.budget import Budget
from gateway.extproc.commands import Judge, Wait
from gateway.extproc.events import BodyMode, Modes, RequestBody, RequestHeaders
from gateway.extproc.machine import Machine
from gateway.extproc.transitions import StreamError
from gateway.model.head import RequestHead
from gateway.model.refusal import Answer
from gateway.model.verdict import Forward, Gap, Proceed, Refuse

HEAD = RequestHead("POST", "/mcp", route="mcp")
DUPLEX = Modes(BodyMode.DUPLEX, BodyMode.DUPLEX)
BUFFERED = Modes(BodyMode.BUFFERED, BodyMode.NONE)
LIMITED = Refuse(Answer(429, (), b"later"), "gatehouse_limited")


def holding(budget: Budget, modes: Modes = DUPLEX) -> Machine:
    machine = Machine(1000, budget)
    machine.receive(RequestHeaders(HEAD, end_of_stream=False, modes=modes))
    machine.conclude(Proceed())
    return machine


def piece(size: int, *, ends: bool = False) -> RequestBody:
    return RequestBody(b"x" * size, ends)


def test_what_is_taken_is_given_back() -> None:
    budget = Budget(10)
    assert budget.take(10)
    assert not budget.take(1)
    assert budget.held == 10
    budget.give_back(4)
    assert budget.take(4)
    assert budget.held == 10


def test_a_body_beyond_the_budget_of_all_is_refused_and_not_counted() -> None:
    budget = Budget(100)
    first, second = holding(budget), holding(budget)
    assert first.receive(piece(60)) == Wait()
    assert second.receive(piece(60)) == Judge(HEAD, b"", Gap.CROWDED)
    assert budget.held == 60
    second.conclude(LIMITED)
    second.release()
    assert first.receive(piece(40)) == Wait()
    assert budget.held == 100


@pytest.mark.parametrize("modes", [DUPLEX, BUFFERED])
def test_a_judged_body_counts_until_its_replies_are_written(modes: Modes) -> None:
    budget = Budget(100)
    machine = holding(budget, modes)
    machine.receive(piece(60, ends=True))
    assert machine.conclude(Forward())
    assert budget.held == 60
    machine.release()
    machine.release()
    assert budget.held == 0


def test_a_body_that_is_broken_off_gives_back_what_came_of_it() -> None:
    budget = Budget(100)
    machine = holding(budget)
    machine.receive(piece(60))
    assert machine.receive(piece(60)) == Judge(HEAD, b"", Gap.CROWDED)
    assert budget.held == 60
    machine.release()
    assert budget.held == 0


def test_a_crowded_out_body_cannot_go_on() -> None:
    machine = holding(Budget(10))
    machine.receive(piece(60))
    with pytest.raises(StreamError):
        machine.conclude(Forward())
