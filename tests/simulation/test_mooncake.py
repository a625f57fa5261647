"""Traces in Mooncake's format are read strictly and become prompts that share what they share."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.simulation import mooncake
from gateway.simulation.mooncake import (
    LONGEST_LINE,
    Row,
    Serving,
    TraceError,
    compressed,
    read_trace,
    requests_of,
)

ROWS = [
    Row(0.0, 1500, 10, (0, 1, 2)),
    Row(1.0, 1536, 20, (0, 1, 3)),
    Row(3.0, 2000, 30, (0, 1, 3, 4)),
]
GOOD: dict[str, Any] = {"timestamp": 5, "input_length": 700, "output_length": 9, "hash_ids": [4, 9]}


def written(folder: Path, *lines: str) -> Path:
    path = folder / "trace.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def changed(**keys: Any) -> str:
    return json.dumps({**GOOD, **keys})


def test_rows_are_read_with_times_in_seconds(tmp_path: Path) -> None:
    line = changed(timestamp=1500, output_length=0)
    assert read_trace(written(tmp_path, line)) == [Row(1.5, 700, 1, (4, 9))]


def test_how_a_request_was_served_is_read_where_the_trace_says_so(tmp_path: Path) -> None:
    told = {"ttft_ms": 250.5, "duration_ms": 2000, "cached_tokens": 512, "profile": "cost"}
    told |= {"pool": "chat", "endpoints": 8, "cache_tokens": 64_000, "model": "m", "endpoint": 3}
    (row,) = read_trace(written(tmp_path, changed(**told)))
    assert row.served == Serving(0.2505, 2.0, 512, "cost", "chat", 8, 64_000, 3)


def test_answers_that_nobody_counted_are_told_apart(tmp_path: Path) -> None:
    lines = [
        changed(ttft_ms=9, estimated=names) for names in ([], ["input_length"], ["output_length"])
    ]
    rows = read_trace(written(tmp_path, *lines))
    assert [row.served and row.served.counted for row in rows] == [True, True, False]
    (plain,) = read_trace(written(tmp_path, changed(estimated=["output_length"])))
    assert plain.served is None


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("not json", "no JSON"),
        ("[" * 5000, "no JSON"),
        ("[]", "want a JSON object"),
        ("{}", "timestamp is missing"),
        ('{"at": 1, "prompt_bytes": 9}', "timestamp is missing; this is what a gateway records"),
        (changed(timestamp=-1), "timestamp must be from 0"),
        (changed(estimated="output_length"), "estimated must be a list"),
        (changed(endpoint=-1), "endpoint must be from 0"),
        (changed(pool="\x1b[2J"), "pool must be a name"),
        (changed(profile="a\nb"), "profile must be a name"),
        (changed(profile="\ud800"), "profile must be a name"),
        (changed(timestamp=1e300), "timestamp must be from 0"),
        (changed(timestamp=float("nan")), "timestamp must be from 0"),
        (changed(timestamp="5"), "timestamp must be a number"),
        (changed(timestamp=4), "before that of the line above; sort the lines"),
        (changed(input_length=0, hash_ids=[]), "input_length is 0"),
        (changed(input_length=700.0), "input_length must be a whole number"),
        (changed(input_length=True), "input_length must be a number"),
        (changed(input_length=10**9), "input_length must be from 0"),
        (changed(output_length=-1), "output_length must be from 0"),
        (changed(output_length=None), "output_length is missing"),
        (changed(hash_ids=None), "hash_ids is missing"),
        (changed(hash_ids={}), "hash_ids is missing"),
        (changed(hash_ids=[1]), "hash_ids do not cover input_length: want 2"),
        (changed(hash_ids=[1, 2, 3]), "hash_ids do not cover input_length: want 2"),
        (changed(hash_ids=[1, -2]), "ids must be whole numbers"),
        (changed(hash_ids=[1, 2.0]), "ids must be whole numbers"),
        (changed(hash_ids=[1, 2**64]), "ids must be whole numbers"),
        (changed(hash_ids=[1, True]), "ids must be whole numbers"),
        (changed(ttft_ms=-5), "ttft_ms must be from 0"),
        (changed(ttft_ms="5"), "ttft_ms must be a number"),
        (changed(endpoints=2.5), "endpoints must be a whole number"),
        (changed(profile=""), "profile must be a name"),
        (changed(pool="x" * 300), "pool must be a name"),
        (changed(prefix_ids=[1]), "prefix_tokens must be a multiple of 16"),
        (changed(prefix_ids=[1], prefix_tokens=250), "prefix_tokens must be a multiple of 16"),
        (changed(prefix_ids=[1], prefix_tokens=0), "prefix_tokens must be a multiple of 16"),
        (changed(prefix_ids=[1, 2, 3], prefix_tokens=256), "not longer than input_length"),
        (changed(prefix_ids=5, prefix_tokens=256), "prefix_ids must be a list"),
        (changed(prefix_ids=[-1], prefix_tokens=256), "must be whole numbers"),
        (changed(prefix_ids=[1], prefix_tokens=256, prefix_tail=10), "prefix_tail must be a mult"),
        (changed(prefix_ids=[1], prefix_tokens=256, prefix_tail=448), "prefix_tail must be from"),
        ("", "no JSON"),
    ],
)
def test_a_line_in_no_such_format_is_named_with_its_fault(
    tmp_path: Path, line: str, fault: str
) -> None:
    with pytest.raises(TraceError, match=rf"trace\.jsonl:2: .*{fault}"):
        read_trace(written(tmp_path, json.dumps(GOOD), line))


def test_a_line_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    long = changed(hash_ids=[1, 2], model="x" * LONGEST_LINE)
    with pytest.raises(TraceError, match=":1: longer than"):
        read_trace(written(tmp_path, long))


def test_more_lines_than_are_read_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mooncake, "MOST_LINES", 3)
    path = written(tmp_path, *[json.dumps(GOOD)] * 3)
    assert len(read_trace(path)) == 3
    with pytest.raises(TraceError, match=":4: more than 3 lines"):
        read_trace(written(tmp_path, *[json.dumps(GOOD)] * 4))


def test_an_empty_file_is_no_trace(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no requests"):
        read_trace(written(tmp_path))


def test_prompts_share_exactly_the_blocks_that_their_rows_share() -> None:
    one, two, three = (each.prompt for each in requests_of(ROWS))
    assert [each.tokens for each in (one, two, three)] == [1500, 1536, 2000]

    def shared(left: tuple[int, ...], right: tuple[int, ...]) -> int:
        return sum(a == b for a, b in zip(left, right, strict=False))

    assert shared(one.chain(512), two.chain(512)) == 2
    assert shared(two.chain(512), three.chain(512)) == 3


def test_an_export_of_our_own_is_read_as_finely_as_it_is_written(tmp_path: Path) -> None:
    fine = {"prefix_tokens": 256, "prefix_ids": [4, 5]}
    path = written(tmp_path, changed(**fine), changed(**fine, prefix_tail=160), changed(**fine))
    rows = read_trace(path)
    assert [(row.blocks, row.size, row.tail) for row in rows] == [
        *(((4, 5), 256, 0), ((4, 5), 256, 160), ((4, 5), 256, 0))
    ]
    one, two, three = (each.prompt for each in requests_of(rows))
    assert {prompt.tokens for prompt in (one, two, three)} == {700}
    assert one.chain(256) == two.chain(256) == three.chain(256)
    assert len({prompt.chain(16)[32] for prompt in (one, two, three)}) == 3


def test_tails_of_prompts_with_the_same_blocks_are_alike_as_far_as_both_go() -> None:
    rows = [Row(0.0, 700, 1, (4, 5), None, 256, tail) for tail in (96, 160)]
    rows.append(Row(0.0, 700, 1, (4, 6), None, 256, 160))
    one, two, other = (each.prompt.chain(16) for each in requests_of(rows))
    assert one[: 32 + 6] == two[: 32 + 6]
    assert one[38] != two[38]
    assert not {*two[32:]} & {*other[32:]}


def test_a_prompt_of_which_no_block_is_known_is_like_no_other() -> None:
    rows = [Row(0.0, 700, 1, (), None, 256) for _ in range(2)]
    one, two = (each.prompt for each in requests_of(rows))
    assert one.tokens == 700
    assert not {*one.chain(16)} & {*two.chain(16)}


def test_requests_come_as_in_the_trace_from_the_first_on_or_faster() -> None:
    late = [row._replace(at=row.at + 100) for row in ROWS]
    assert [each.at for each in requests_of(late)] == [0.0, 1.0, 3.0]
    assert [each.at for each in requests_of(late, 2.0)] == [0.0, 0.5, 1.5]
    assert [each.output for each in requests_of(late)] == [10, 20, 30]


def test_blocks_that_always_follow_each_other_are_one_run() -> None:
    assert compressed([row.blocks for row in ROWS]) == [[2, 3], [2, 3], [2, 3, 4]]
    assert compressed([tuple(range(100))]) == [[99, 100]]
