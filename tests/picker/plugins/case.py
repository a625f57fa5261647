"""Candidates, demands and plugins for tests of the field's own profile."""

from collections.abc import Iterable, Mapping
from random import Random

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.jsonvalue import JsonValue
from gateway.picker.endpoint import Endpoint, EndpointState, InFlight, Role
from gateway.picker.plugins.base import Filter, Picker, Scorer
from gateway.picker.plugins.registry import filter_types, picker_types, scorer_types
from gateway.picker.profile import Candidate

DEMAND = Demand("llama")


def candidate(
    address: str,
    *,
    load: EngineLoad | None = None,
    cached: int = 0,
    prompt: int = 1000,
    requests: int = 0,
    prefill_tokens: int = 0,
    role: Role = "both",
    labels: Mapping[str, str] | None = None,
) -> Candidate:
    endpoint = Endpoint(address, role=role, labels=labels or {})
    in_flight = InFlight(requests=requests, prefill_tokens=prefill_tokens)
    return Candidate(EndpointState(endpoint, in_flight, load), cached, prompt)


def load(
    waiting: int | None = None, running: int | None = None, kv_usage: float | None = None
) -> EngineLoad:
    return EngineLoad(at=0.0, waiting=waiting, running=running, kv_usage=kv_usage)


def scorer(name: str, seed: int = 0, **parameters: JsonValue) -> Scorer:
    return scorer_types()[name].make(parameters, Random(seed))


def filter_(name: str, seed: int = 0, **parameters: JsonValue) -> Filter:
    return filter_types()[name].make(parameters, Random(seed))


def picker(name: str, seed: int = 0, **parameters: JsonValue) -> Picker:
    return picker_types()[name].make(parameters, Random(seed))


def scores(
    name: str, candidates: list[Candidate], demand: Demand = DEMAND, **parameters: JsonValue
) -> list[float]:
    return scorer_types()[name].make(parameters, Random(0)).score(demand, candidates, 0.0)


def kept(
    name: str, candidates: list[Candidate], demand: Demand = DEMAND, **parameters: JsonValue
) -> list[str]:
    found = filter_types()[name].make(parameters, Random(0))
    return addresses(found.keep(demand, candidates, 0.0))


def addresses(candidates: Iterable[Candidate]) -> list[str]:
    return [one.address for one in candidates]
