"""What was recorded becomes a trace in which equal beginnings are equal and nothing is told."""

import json
from pathlib import Path
from typing import Any

from gateway.simulation.exporting import USUAL_OUTPUT, exported
from gateway.simulation.mooncake import TRACE_BLOCK, read_trace
from gateway.simulation.recorded import recorded
from tests.simulation.records import record


def rows(*records: dict[str, Any]) -> list[dict[str, Any]]:
    return json.loads(json.dumps(list(exported(recorded(one) for one in records))))


def chain(*blocks: int) -> str:
    return "".join(f"{block:016x}" for block in blocks)


def test_requests_are_in_order_of_arrival_from_zero_on() -> None:
    found = rows(record(at=12.25), record(at=10.0), record(at=11.5))
    assert [row["timestamp"] for row in found] == [0, 1500, 2250]


def test_equal_beginnings_have_equal_ids_and_what_follows_has_others() -> None:
    one, two, three = rows(
        record(chain=chain(7, 8, 9, 10)),
        record(chain=chain(7, 8, 9, 11)),
        record(chain=chain(7, 8, 9, 11), prompt_bytes=4900, prompt_tokens=1225),
    )
    assert [row["hash_ids"] for row in (one, two, three)] == [[0, 1, 2], [0, 3, 4], [0, 3, 5]]


def test_ids_tell_nothing_of_hashes_nor_endpoints_of_addresses() -> None:
    found = rows(record(endpoint="10.9.8.7:80"), record(endpoint="10.1.1.1:80"))
    assert [row["endpoint"] for row in found] == [0, 1]
    text = json.dumps(found)
    assert "10.9.8.7" not in text
    assert "chain" not in text
    assert max(max(row["hash_ids"]) for row in found) < 6


def test_what_the_gateway_knows_more_finely_is_beside_it() -> None:
    one, two = rows(record(chain=chain(7, 8, 9, 10)), record(chain=chain(7, 8, 9, 11)))
    assert (one["prefix_tokens"], one["prefix_ids"]) == (256, [0, 1, 2, 3])
    assert two["prefix_ids"] == [0, 1, 2, 4]
    (none,) = rows(record(chain=""))
    assert "prefix_ids" not in none


def test_what_servers_found_cached_after_the_last_hash_is_nothing_new() -> None:
    long = {"prompt_bytes": 4900, "prompt_tokens": 1225}
    found = rows(
        record(**long, cached_tokens=0),  # the first of its kind: as usual
        record(**long, cached_tokens=1024 + 100),
        record(**long, cached_tokens=1024 + 165),
        record(**long, cached_tokens=1024 + 165),
        record(**long, cached_tokens=None),
        record(cached_tokens=None),  # there is no whole block left
        record(**long, cached_tokens=0, chain=chain(5, 6, 7, 8)),
    )
    assert [row["prefix_tail"] for row in found] == [160, 96, 160, 160, 160, 0, 0]


def test_the_same_hash_at_another_model_is_another_block() -> None:
    one, two = rows(record(), record(model="mistral"))
    assert not {*one["hash_ids"]} & {*two["hash_ids"]}


def test_blocks_are_where_the_model_s_tokens_end_not_where_bytes_do() -> None:
    dense = {"prompt_tokens": 2050, "chain": chain(1, 2, 3, 4)}  # 2 bytes a token
    one, two = rows(record(**dense), record(**{**dense, "chain": chain(1, 2, 3, 9)}))
    assert len(one["hash_ids"]) == 5
    assert one["hash_ids"][:3] == two["hash_ids"][:3]
    assert one["hash_ids"][3] != two["hash_ids"][3]


def test_what_nobody_counted_is_estimated_and_says_so() -> None:
    known = record(output_tokens=100, duration_ms=2000)
    guess = record(prompt_tokens=None, output_tokens=None, duration_ms=1000, believed_tokens=1024)
    found = rows(known, guess)
    assert "estimated" not in found[0]
    assert found[1]["estimated"] == ["input_length", "output_length"]
    assert (found[1]["input_length"], found[1]["output_length"]) == (1024, 50)
    (alone,) = rows(guess)
    assert alone["output_length"] == USUAL_OUTPUT


def test_what_was_not_measured_is_left_out() -> None:
    (row,) = rows(record(ttft_ms=None, duration_ms=None, cached_tokens=None, cache_tokens=None))
    assert not {"ttft_ms", "duration_ms", "cached_tokens", "cache_tokens"} & row.keys()


def test_requests_that_were_not_answered_well_are_left_out() -> None:
    statuses = (200, 503, 0, 429, 201, 300)
    assert len(rows(*(record(status=status) for status in statuses))) == 2


def test_an_export_is_a_trace_that_is_read(tmp_path: Path) -> None:
    found = rows(
        record(),
        record(at=1001.0, prompt_tokens=1, believed_tokens=1, prompt_bytes=3, chain=""),
        record(at=1002.0, prompt_bytes=90_000_000, prompt_tokens=None, believed_tokens=10**12),
    )
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in found[:2]))
    one, two = read_trace(path)
    assert one.served is not None
    assert (one.served.endpoints, one.served.ttft, one.served.profile) == (2, 0.1, "cost")
    assert (one.tokens, one.size, len(one.blocks)) == (1025, 256, 4)
    assert (two.tokens, two.size, len(two.blocks)) == (1, TRACE_BLOCK, 1)
    assert found[2]["input_length"] == 10_000_000
