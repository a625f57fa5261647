"""Answers are read until enough is known, and then a share of them."""

from random import Random

import pytest

from gateway.pipeline.pool import PoolStage
from gateway.pipeline.sampling import FIRST, Sampler
from gateway.pipeline.snapshot import RouteStage
from gateway.protocols.base import Settings
from gateway.protocols.openai import OpenAi

PROTOCOL = OpenAi(Settings("/v1", "chat", 1000))


def route(share: float, name: str = "chat") -> RouteStage:
    pools = (PoolStage("chat", sample=share),)
    return RouteStage(name, "/v1", None, "chat", PROTOCOL, 1000, pools=pools, sampled=PROTOCOL)


def test_the_first_answers_of_each_route_are_read() -> None:
    sampler = Sampler(Random(1))
    for name in ("a", "b"):
        assert all(sampler.reads(route(0.01, name)) for _ in range(FIRST))


def test_then_a_share_is() -> None:
    sampler, asked = Sampler(Random(1)), route(0.2)
    for _ in range(FIRST):
        sampler.reads(asked)
    share = sum(sampler.reads(asked) for _ in range(5000)) / 5000
    assert share == pytest.approx(0.2, abs=0.03)


def test_a_share_of_nothing_is_nothing_from_the_beginning() -> None:
    assert not Sampler(Random(1)).reads(route(0.0))
