import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.engine import EngineLoad
from gateway.model.jsonvalue import JsonObject
from gateway.picker.endpoint import Endpoint
from gateway.picker.pool_messages import (
    PoolMessageError,
    endpoints_message,
    loads_message,
    read_endpoints,
    read_loads,
)

COUNTS = st.none() | st.integers(0, 10**12)
NUMBERS = st.none() | st.floats(0, 1e15)
NAMES = st.frozensets(st.text(max_size=5), max_size=3)
ENDPOINTS = st.builds(
    Endpoint,
    address=st.sampled_from(["10.0.0.1:80", "[::1]:8000"]),
    healthy=st.booleans(),
    role=st.sampled_from(["both", "prefill", "decode", "encode"]),
    region=st.text(max_size=3),
    zone=st.text(max_size=3),
    round_trip=st.floats(0, 60),
    labels=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)
LOADS = st.builds(
    EngineLoad,
    at=st.just(100.0),
    waiting=COUNTS,
    running=COUNTS,
    kv_usage=NUMBERS,
    cache_tokens=COUNTS,
    block_tokens=COUNTS,
    max_adapters=COUNTS,
    running_adapters=NAMES,
    waiting_adapters=NAMES,
    prefix_hits=NUMBERS,
    prefix_queries=NUMBERS,
    ttft_sum=NUMBERS,
    ttft_count=NUMBERS,
    prompt_tokens=NUMBERS,
    generation_tokens=NUMBERS,
)


def sent(message: JsonObject) -> JsonObject:
    """What arrives at the other end of a channel."""
    arrived: JsonObject = json.loads(json.dumps(message))
    return arrived


@given(st.dictionaries(st.text(max_size=3), st.lists(ENDPOINTS, max_size=3).map(tuple)))
def test_a_worker_reads_the_endpoints_that_the_supervisor_wrote(
    pools: dict[str, tuple[Endpoint, ...]],
) -> None:
    message = endpoints_message(pools)
    assert message["type"] == "pools"
    assert read_endpoints(sent(message)) == pools


@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3), st.none() | LOADS)))
def test_a_worker_reads_the_loads_that_the_supervisor_wrote(
    reports: list[tuple[str, str, EngineLoad | None]],
) -> None:
    message = loads_message(reports, now=100.0)
    assert message["type"] == "loads"
    assert read_loads(sent(message), now=100.0) == reports


def test_a_load_keeps_its_age_on_another_clock() -> None:
    message = loads_message([("gpu", "10.0.0.1:80", EngineLoad(at=98.5, waiting=1))], now=100.0)
    ((_, _, load),) = read_loads(sent(message), now=7.0)
    assert load == EngineLoad(at=5.5, waiting=1)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "pools"},
        {"type": "pools", "endpoints": []},
        {"type": "pools", "endpoints": {"gpu": {}}},
        {"type": "pools", "endpoints": {"gpu": ["10.0.0.1:80"]}},
        {"type": "pools", "endpoints": {"gpu": [{"address": "10.0.0.1:80"}]}},
    ],
)
def test_endpoints_that_nobody_wrote_are_refused(message: JsonObject) -> None:
    with pytest.raises(PoolMessageError):
        read_endpoints(message)


def test_an_endpoint_of_an_unknown_role_is_refused() -> None:
    message = json.dumps(endpoints_message({"gpu": [Endpoint("10.0.0.1:80")]}))
    with pytest.raises(PoolMessageError):
        read_endpoints(json.loads(message.replace("both", "bystander")))


@pytest.mark.parametrize(
    "row",
    [
        [],
        ["gpu", "10.0.0.1:80", {}],
        ["gpu", "10.0.0.1:80", {"waiting": "1"}, 0],
        ["gpu", "10.0.0.1:80", {"waiting": 1.5}, 0],
        ["gpu", "10.0.0.1:80", {"kv_usage": float("nan")}, 0],
        ["gpu", "10.0.0.1:80", {"running_adapters": "sql"}, 0],
    ],
)
def test_loads_that_nobody_wrote_are_refused(row: list[object]) -> None:
    with pytest.raises(PoolMessageError):
        read_loads({"type": "loads", "loads": [row]}, now=0)  # pyright: ignore[reportArgumentType]
