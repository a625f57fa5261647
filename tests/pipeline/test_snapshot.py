"""Everything that a judgement depends on does not change."""

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from gateway.pipeline.snapshot import RouteStage, Snapshot
from tests.pipeline.stage import ROUTE, snapshot


def test_the_largest_body_of_any_route_bounds_what_a_stream_holds() -> None:
    small, large = replace(ROUTE, body_limit=1024), replace(ROUTE, body_limit=2048)
    assert snapshot(routes={"a": small, "b": large, "c": small}).body_limit == 2048
    assert snapshot(routes={"a": large}).body_limit == 2048
    assert snapshot(routes={}).body_limit == 0


def test_the_largest_body_follows_the_routes_of_a_changed_snapshot() -> None:
    assert replace(snapshot(), routes={"a": replace(ROUTE, body_limit=7)}).body_limit == 7
    with pytest.raises(ValueError, match="body_limit"):
        replace(snapshot(), body_limit=1)


@pytest.mark.parametrize("thing", [snapshot(), ROUTE], ids=["the snapshot", "its route"])
def test_what_a_stream_began_with_cannot_be_changed_under_it(thing: Snapshot | RouteStage) -> None:
    for one in fields(thing):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, one.name, None)
