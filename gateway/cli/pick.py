"""The part of `gatehouse explain` about pools: where a request that policy allows would go."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from gateway.bootstrap.load import Loaded
from gateway.bootstrap.snapshot import route_stage
from gateway.cli.cost_table import Compared, cost_table
from gateway.config.members import static_members
from gateway.config.pool import Member
from gateway.config.schema import Route
from gateway.model.call import Deframed
from gateway.model.demand import Demand
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.placement import Placement
from gateway.model.principal import Principal
from gateway.model.refusal import Refusal
from gateway.picker.endpoint import Endpoint
from gateway.picker.plan import plan_of
from gateway.picker.pool import PoolPicker
from gateway.picker.pool_messages import LOADS, Report, read_loads
from gateway.pipeline.authorisation import Denied, authorise
from gateway.pipeline.rescue import RefusedError, ServedError
from gateway.pipeline.selection import Selection
from gateway.policy.context import RequestContext

NOW: Final = 0.0
A_WHILE: Final = 300.0
"""Seconds after which an arrival no longer counts as one of late."""

MOST: Final = 1_000
"""Requests in flight at one endpoint that are told apart."""

SHOWN: Final = 20
"""Endpoints of a table for people; JSON has all."""


class StateError(ValueError):
    """The file of a state is none; the text says why."""


@dataclass(frozen=True, slots=True)
class ExplainedPick:
    """Where an allowed request would go: the endpoints of `pool` that may serve it, best first.
    `refusal` says why it goes nowhere, though policy allows it; `demand` is None then. `queue` is
    that of the pool as the state has it, {} if it has none."""

    pool: str
    profile: str
    demand: Demand | None
    rows: tuple[Compared, ...] = ()
    refusal: str = ""
    queue: JsonObject = field(default_factory=dict[str, JsonValue])


def explain_pick(
    loaded: Loaded,
    route: Route,
    message: Deframed,
    principal: Principal,
    context: RequestContext,
    state: JsonObject,
) -> ExplainedPick | None:
    """What the picker would do with a request that policy allows, where endpoints are as `state`
    (an answer of /pools; {}: nothing is known of them) has them. None for a route without pools,
    or a request that the gateway answers itself or refuses."""
    stage = route_stage(route, loaded.gateway.pools)
    if not stage.pools:
        return None
    permit = authorise(loaded.policies, message, principal, context)
    if isinstance(permit, Denied):
        return None
    selection = Selection(stage, loaded.policies, principal, context)
    try:
        selection.check_model(message)
        pick = selection.select(permit, message, 0, Random(0)).pick  # noqa: S311  no secret
    except RefusedError as error:
        return ExplainedPick(stage.pools[0].name, "", None, refusal=_text(error.refusal))
    except ServedError:
        return None
    return _ranked(loaded, pick.pool, pick.demand, state)


def _ranked(loaded: Loaded, name: str, demand: Demand, state: JsonObject) -> ExplainedPick:
    (pool,) = [one for one in loaded.gateway.pools if one.name == name]
    plan = plan_of(pool.picker, loaded.pickers)
    picker = PoolPicker(plan.profile(Random(0)), name=name)  # noqa: S311  no secret
    known = _pool_of(state, name)
    told = {str(one.get("address")): one for one in _objects(known.get("endpoints"))}
    queue = known.get("queue")
    members = {member.address: member for member in static_members(pool)}
    picker.set_endpoints([*_endpoints(members, told)], NOW)
    for address, row in told.items():
        _put(picker, address, row)
    rows = [Compared(one.candidate.address, one.parts) for one in picker.explain(demand, NOW)]
    waits = queue if isinstance(queue, dict) else {}
    return ExplainedPick(name, plan.name, demand, tuple(rows), queue=waits)


def _endpoints(members: Mapping[str, Member], told: Mapping[str, JsonObject]) -> Iterator[Endpoint]:
    """The members of the configuration, and those that only the state knows."""
    for address in dict.fromkeys((*members, *told)):
        member = members.get(address) or Member(address=address)
        yield Endpoint(
            address,
            bool(told.get(address, {}).get("healthy", True)),
            member.role,
            member.region,
            member.zone,
            member.round_trip_ms / 1000,
            member.labels,
        )


def _put(picker: PoolPicker, address: str, row: JsonObject) -> None:
    """Have an endpoint be as busy as `row` says: what it answers it began a while ago, what it
    prefills came just now."""
    flight = row.get("in_flight")
    for prefill, tokens in _requests(flight if isinstance(flight, dict) else {}):
        length = round(tokens * picker.estimate.bytes_per_token())
        demand = Demand("", prompt_bytes=length, output_limit=0, subset=(address,))
        began = NOW if prefill else NOW - A_WHILE
        placed = picker.place(demand, began)
        if not prefill and isinstance(placed, Placement):
            picker.first_token(placed.ticket, began)
    load = row.get("load")
    if isinstance(load, dict):
        for _, where, read in _loads(picker.name, address, load):
            picker.scraped(where, read, NOW)


def _loads(pool: str, address: str, load: JsonObject) -> Sequence[Report]:
    """The load as the picker reads it. Raises StateError."""
    told: JsonObject = {name: value for name, value in load.items() if name != "age"}
    row: JsonValue = [pool, address, told, 0.0]
    try:
        return read_loads({"type": LOADS, "loads": [row]}, NOW)
    except ValueError as error:
        raise StateError(f"the load of {address}: {error}") from error


def _requests(flight: JsonObject) -> Iterator[tuple[bool, int]]:
    """Of each request in flight whether it is prefilling, and its tokens, all equally many. Those
    that answer first."""
    total, prefilling = _count(flight, "requests"), _count(flight, "prefilling")
    tokens, context = _count(flight, "prefill_tokens"), _count(flight, "context_tokens")
    answering = max(min(total, MOST) - prefilling, 0)
    for _ in range(answering):
        yield False, max(context - tokens, 0) // answering
    for _ in range(min(prefilling, MOST)):
        yield True, tokens // prefilling


def _count(row: JsonObject, name: str) -> int:
    value = row.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise StateError(f"in_flight.{name} is no count")
    return value


def _pool_of(state: JsonObject, name: str) -> JsonObject:
    """What a state tells of a pool; {} if it does not have it."""
    named = [one for one in _objects(state.get("pools")) if one.get("name") == name]
    return named[0] if named else {}


def read_state(path: Path) -> JsonObject:
    """The file that `gatehouse top --json` wrote. Raises StateError."""
    try:
        value: JsonValue = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StateError(f"{path}: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("pools"), list):
        raise StateError(f"{path}: want what `gatehouse top --json` prints")
    return value


def pick_text(pick: ExplainedPick) -> str:
    """For people."""
    if pick.demand is None:
        return f"\nPOOL {pick.pool}\nREFUSED: {pick.refusal}\n"
    demand = pick.demand
    text = f"\nPOOL {pick.pool} by profile {pick.profile}: model {demand.model or '-'}"
    text += f", {demand.prompt_bytes} bytes of prompt, priority {demand.priority}\n"
    return text + _queue_text(pick.queue) + cost_table(pick.rows[:SHOWN])


def _queue_text(queue: JsonObject) -> str:
    """Who waits in the gateway, and so before or behind this request; "" where that is unknown."""
    if not queue:
        return ""
    saturation = queue.get("saturation")
    text = f"queue: {queue.get('waiting')} waiting, {queue.get('bytes')} bytes"
    text += f", saturation {saturation:.0%}" if isinstance(saturation, int | float) else ""
    for band in _objects(queue.get("bands")):
        if band.get("waiting"):
            text += f"; priority {band.get('priority')}: {band.get('waiting')}"
            text += f", oldest {band.get('oldest')} s{_wanted(band.get('endpoints'))}"
    return text + "\n"


def _wanted(endpoints: JsonValue) -> str:
    """Which endpoints requests wait for, and how many each."""
    if not isinstance(endpoints, dict) or not endpoints:
        return ""
    return ", for " + ", ".join(f"{name} ({count})" for name, count in endpoints.items())


def pick_json(pick: ExplainedPick) -> JsonObject:
    """For programs."""
    demand = pick.demand
    return {
        "pool": pick.pool,
        "profile": pick.profile,
        "refusal": pick.refusal or None,
        "model": demand.model if demand else None,
        "priority": demand.priority if demand else None,
        "prompt_bytes": demand.prompt_bytes if demand else None,
        "queue": pick.queue or None,
        "scores": [{"endpoint": row.endpoint, "parts": {**row.parts}} for row in pick.rows],
    }


def _objects(value: JsonValue) -> Iterator[JsonObject]:
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            yield one


def _text(refusal: Refusal) -> str:
    return f"{refusal.reason.value}: {refusal.message}"
