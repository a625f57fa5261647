"""A request that another endpoint answers is that one's from then on."""

from gateway.model.demand import Demand
from gateway.picker.endpoint import Endpoint, EndpointState
from gateway.picker.index import PrefixIndex
from gateway.picker.ledger import Account, Ledger, Placed
from gateway.picker.moving import Move

CHAIN = (1, 2, 3)


def test_charge_and_prompt_go_to_the_endpoint_that_answers_and_only_once() -> None:
    ledger, index = Ledger(), PrefixIndex(100, 10)
    picked, serving = (EndpointState(Endpoint(name), Account()) for name in ("a", "b"))
    assert isinstance(picked.in_flight, Account)
    for name in ("a", "b"):
        index.join(name, 50)
    ticket = ledger.charge(picked.in_flight, "a", 10, 20, 0.0)
    lease = index.enter("a", CHAIN)
    placed = Placed(Demand("m", CHAIN), picked, lease, 0.0, 10, 10.0, 0.0)
    assert placed.charged is picked
    assert Move(ticket, placed, serving).make(ledger, index, 1.0) == (picked, serving)
    assert placed.charged is serving
    assert (picked.in_flight.requests, serving.in_flight.requests) == (0, 1)
    assert index.match(CHAIN) == {"b": 3}
    assert Move(ticket, placed, serving).make(ledger, index, 1.0) == ()
    assert Move(ticket + 1, placed, picked).make(ledger, index, 1.0) == ()
