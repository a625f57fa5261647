"""Why a request went where it went can be asked for a while, and tells nothing of what it said."""

import json
import time
from random import Random
from typing import Any

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.placement import Placement, Served
from gateway.picker.endpoint import Endpoint, EndpointState
from gateway.pipeline.placer import Entry
from gateway.server.arrival import Arrival
from gateway.server.picks import MODEL_LENGTH, KeepingPlacer, Kept, Picks
from gateway.server.placewire import SCORED
from gateway.server.placing import LocalPlacer
from tests.server.desks import POOL, endpoints, placer, plan

ID = "0123456789abcdef0123456789abcdef"
ASKED = Demand("llama", prompt_bytes=4000, priority=2)


def kept_pick(number: int) -> Kept:
    placement = Placement(number, "10.0.0.1:80", POOL)
    return Kept("llama", 0, placement, Arrival(100.0, 1, b"", 0, 1024))


def seen(picks: Picks, audit_id: str = ID) -> dict[str, Any]:
    return json.loads(json.dumps(picks.view(audit_id)))


async def test_a_pick_is_kept_with_what_its_endpoints_were_compared_by() -> None:
    picks = Picks()
    one = KeepingPlacer(placer(["10.0.0.1:80", "10.0.0.2:80"]), picks, ID)
    found = await one.place(POOL, ASKED, 10)
    assert isinstance(found, Placement)
    told = seen(picks)
    assert (told["audit_id"], told["model"], told["priority"]) == (ID, "llama", 2)
    assert (told["pool"], told["endpoint"]) == (POOL, found.endpoint)
    assert [row["endpoint"] for row in told["scores"]] == list(found.scores)
    assert told["scores"][0]["parts"]["prefill"] > 0
    assert told["served"] is None


async def test_what_was_seen_of_the_answer_is_kept_beside_it() -> None:
    picks = Picks()
    one = KeepingPlacer(placer(), picks, ID)
    found = await one.place(POOL, ASKED, 10)
    assert isinstance(found, Placement)
    one.first_token(found)
    one.finish(found, Served(found.endpoint, 200, 0.25, 1000, 600, 7))
    assert seen(picks)["served"] == {
        "endpoint": "10.0.0.1:80",
        "status": 200,
        "first_token_ms": 250.0,
        "prompt_tokens": 1000,
        "cached_tokens": 600,
        "output_tokens": 7,
    }


async def test_who_waited_is_kept_when_the_wait_ends() -> None:
    picks, inner = Picks(), placer(max_in_flight=1)
    first = await inner.place(POOL, ASKED, 10)
    assert isinstance(first, Placement)
    one = KeepingPlacer(inner, picks, ID)
    entry = await one.place(POOL, ASKED, 10)
    assert isinstance(entry, Entry)
    assert seen(picks) == {}
    inner.finish(first, Served())
    assert isinstance(await one.wait(entry), Placement)
    assert seen(picks)["waited"] > 0
    assert seen(picks)["model"] == "llama"


async def test_who_leaves_or_gets_nothing_leaves_nothing() -> None:
    picks, inner = Picks(), placer(max_in_flight=1)
    await inner.place(POOL, ASKED, 10)
    one = KeepingPlacer(inner, picks, ID)
    entry = await one.place(POOL, ASKED, 10)
    assert isinstance(entry, Entry)
    one.leave(entry)
    await KeepingPlacer(placer(()), picks, ID).place(POOL, ASKED, 10)
    assert len(picks) == 0


def test_only_the_newest_are_kept() -> None:
    picks = Picks(limit=3)
    for number in range(5):
        picks.keep(f"{number:032x}", kept_pick(number))
    assert len(picks) == 3
    assert seen(picks, f"{1:032x}") == {}
    assert seen(picks, f"{4:032x}")["endpoint"] == "10.0.0.1:80"


async def test_what_is_kept_of_one_pick_does_not_grow_with_the_pool_or_the_client() -> None:
    inner = LocalPlacer(time.monotonic, Random(1))
    inner.configure({POOL: plan()})
    inner.endpoints(POOL, endpoints([f"10.0.{i // 200}.{i % 200}:80" for i in range(400)]))
    picks = Picks()
    found = await KeepingPlacer(inner, picks, ID).place(POOL, Demand("x" * 9999), 10)
    assert isinstance(found, Placement)
    told = seen(picks)
    assert len(told["scores"]) == SCORED
    assert told["scores"][0]["endpoint"] == found.endpoint
    assert len(told["model"]) == MODEL_LENGTH


class Told:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []

    def ended(self, kept: Kept) -> None:
        self.kept.append(kept)


async def test_a_request_is_recorded_when_it_has_ended_with_when_it_came_and_how_long_it_took() -> (
    None
):
    told, now = Told(), [50.0]
    inner = placer(["10.0.0.1:80", "10.0.0.2:80"])
    picks = Picks(clock=lambda: now[0], began=1000.0, endpoints=inner.states, recorder=told)
    one = KeepingPlacer(inner, picks, ID)
    found = await one.place(POOL, Demand("llama", (1, 2), prompt_bytes=2050), 10)
    assert isinstance(found, Placement)
    assert (told.kept, list(picks.newest())) == ([], [])
    now[0] = 52.5
    one.finish(found, Served(found.endpoint, 200))
    (kept,) = told.kept
    assert list(picks.newest()) == [kept]
    assert (kept.arrival.at, kept.seconds) == (1050.0, 2.5)
    assert (kept.arrival.endpoints, kept.arrival.prompt_bytes) == (2, 2050)
    assert len(kept.arrival.hashes) == 16


async def test_who_is_in_a_pool_is_asked_once_a_second_and_not_for_every_pick() -> None:
    now, asked = [0.0], list[str]()

    def states(pool: str) -> list[EndpointState]:
        asked.append(pool)
        load = EngineLoad(at=0.0, cache_tokens=64_000)
        well = EndpointState(Endpoint("10.0.0.1:80"), load=load)
        return [well, EndpointState(Endpoint("10.0.0.2:80", healthy=False))]

    picks = Picks(clock=lambda: now[0], endpoints=states)
    for _ in range(10):
        roster = picks.roster(POOL)
        assert (roster.healthy, roster.cache_tokens) == (1, {"10.0.0.1:80": 64_000})
    assert asked == [POOL]
    now[0] = 1.0
    picks.roster(POOL)
    assert asked == [POOL, POOL]
