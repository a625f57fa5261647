"""A gateway without pools never gets as far as picking."""

import pytest

from gateway.model.demand import Demand
from gateway.model.placement import Placement, Served
from gateway.pipeline.placer import Entry, NoPools

PLACED = Placement(1, "10.0.0.1:80", "chat")


async def test_where_there_are_no_pools_nothing_is_placed() -> None:
    with pytest.raises(LookupError):
        await NoPools().place("chat", Demand("llama"), 1)
    with pytest.raises(LookupError):
        await NoPools().wait(Entry("chat", 1, 1.0))
    for ended in (
        lambda: NoPools().leave(Entry("chat", 1, 1.0)),
        lambda: NoPools().when_evicted(PLACED, lambda: None),
        lambda: NoPools().first_token(PLACED),
        lambda: NoPools().finish(PLACED, Served()),
    ):
        with pytest.raises(LookupError):
            ended()


def test_without_pools_nothing_moves() -> None:
    with pytest.raises(LookupError):
        NoPools().moved(Placement(1, "10.0.0.1:80", "chat"), "10.0.0.2:80")
