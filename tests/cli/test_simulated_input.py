"""What `gatehouse simulate` is asked is understood, or refused with what would be."""

from pathlib import Path

import pytest

from gateway.cli.simulated_input import (
    InputError,
    counts_of,
    documents_of,
    profiles_of,
    rows_of_pool,
    server_of,
    speed_of,
)
from gateway.simulation.hardware import SERVERS
from gateway.simulation.mooncake import Row, Serving
from gateway.simulation.presets import PRESETS
from tests.cli.command import write_gateway

TRACE = Path("mine.jsonl")
ROWS = [Row(at * 0.5, 600, 9, (0, 1)) for at in range(11)]


def served(**told: object) -> Row:
    return ROWS[0]._replace(served=Serving(**told))  # pyright: ignore[reportArgumentType]


def test_without_a_configuration_there_are_the_presets() -> None:
    found = documents_of(None, "", demo=True)
    assert found.pickers is PRESETS
    assert found.slo.ttft_ms is None


def test_a_configuration_has_its_documents_and_the_slo_of_the_pool(tmp_path: Path) -> None:
    document = {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "EndpointPicker",
        "metadata": {"name": "mine"},
        "spec": {},
    }
    pools = [
        {"name": "a", "path": "/v1", "endpoints": ["127.0.0.1:1"], "slo": {"ttft_ms": 700}},
        {"name": "b", "path": "/v1", "endpoints": ["127.0.0.1:2"]},
    ]
    config = Path(write_gateway(tmp_path, document, pools=pools))
    found = documents_of(config, "a", demo=True)
    assert {"mine", "cost"} <= found.pickers.keys()
    assert found.slo.ttft_ms == 700
    for name in ("", "c"):
        with pytest.raises(InputError, match="has the pools: a, b; name one"):
            documents_of(config, name, demo=True)


def test_the_rows_of_one_pool_are_chosen() -> None:
    rows = [served(pool="a"), served(pool="b"), served(ttft=1.0)]
    assert rows_of_pool(TRACE, rows, "b") == [rows[1]]
    assert rows_of_pool(TRACE, rows[:1], "") == rows[:1]
    assert rows_of_pool(TRACE, ROWS, "b") == ROWS
    with pytest.raises(InputError, match="has the pools a, b; name one"):
        rows_of_pool(TRACE, rows, "")
    with pytest.raises(InputError, match='has nothing of "c", but of a, b'):
        rows_of_pool(TRACE, rows, "c")


def test_profiles_are_named_once_each_and_a_mistaken_name_is_corrected() -> None:
    assert [one.name for one in profiles_of("random, cost,random", PRESETS)] == ["random", "cost"]
    with pytest.raises(InputError, match='no profile "llm-d-322"; did you mean "llm-d-3-2-2"'):
        profiles_of("cost,llm-d-322", PRESETS)
    with pytest.raises(InputError, match="known are default, cost"):
        profiles_of("", PRESETS)


def test_numbers_of_endpoints_are_one_or_a_range_or_that_of_the_trace() -> None:
    assert counts_of("8", None) == [8]
    assert counts_of("6..9", 3) == [6, 7, 8, 9]
    assert counts_of("", 3) == [3]
    with pytest.raises(InputError, match="the trace does not say how many"):
        counts_of("", None)


@pytest.mark.parametrize("text", ["0", "9..6", "0..3", "1..201", "-1", "6..", "six", "6...9", "٣"])
def test_other_numbers_of_endpoints_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="--endpoints: want"):
        counts_of(text, 3)


def test_a_rate_is_requests_per_second_or_times_the_trace_s() -> None:
    assert speed_of("2x", ROWS) == 2.0
    assert speed_of("0.5x", ROWS[:1]) == 0.5
    assert speed_of("4.4", ROWS) == pytest.approx(2.0)  # 11 requests within 5 seconds
    with pytest.raises(InputError, match="at once; want a factor"):
        speed_of("4", ROWS[:1])


@pytest.mark.parametrize("text", ["", "0", "0x", "x", "-1x", "1e3", "nan", "1X"])
def test_other_rates_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="--rate: want"):
        speed_of(text, ROWS)


FIRST = next(iter(SERVERS))


def test_a_cache_is_as_asked_else_as_recorded_else_as_the_hardware_has_it() -> None:
    rows = [served(cache_tokens=size) for size in (64_000, 64_000, 900_000)]
    plain = server_of(FIRST, ROWS)
    assert (plain.server, plain.hardware, plain.cache_from) == (SERVERS[FIRST], FIRST, None)
    recorded = server_of(FIRST, rows)
    assert (recorded.server.blocks, recorded.cache_from) == (4000, "recorded")
    asked = server_of(FIRST, rows, 1600)
    assert (asked.server.blocks, asked.cache_from) == (100, "asked")
    assert server_of(FIRST, rows, blocks=100).server == asked.server
    with pytest.raises(InputError, match="--blocks: --cache-tokens says the same"):
        server_of(FIRST, rows, 1600, 100)
    with pytest.raises(InputError, match=f'there is no "abacus"; known are {FIRST}'):
        server_of("abacus", ROWS)


def test_requests_at_a_time_are_as_asked_else_as_the_trace_shows_else_as_by_default() -> None:
    """Two requests at a time for a second each, and one more every 0.1 s."""
    rows = [
        Row(
            at * 0.1,
            *(600, 9, (0, 1)),
            Serving(ttft=at // 2 - at * 0.1 + 0.01, duration=at // 2 + 1 - at * 0.1, endpoint=0),
        )
        for at in range(2, 40)
    ]
    shown = server_of(FIRST, rows)
    assert (shown.server.sequences, shown.sequences_from) == (2, "seen")
    asked = server_of(FIRST, rows, sequences=64)
    assert (asked.server.sequences, asked.sequences_from) == (64, "asked")
    plain = server_of(FIRST, ROWS)
    assert (plain.server.sequences, plain.sequences_from) == (SERVERS[FIRST].sequences, None)
