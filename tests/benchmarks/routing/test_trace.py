"""Traces in Mooncake's format."""

import json
from pathlib import Path

import pytest

from benchmarks.routing.workloads.trace import Row, TraceError, compressed, read_trace, replay

ROWS = [
    Row(0.0, 1500, 10, (0, 1, 2)),
    Row(1.0, 1536, 20, (0, 1, 3)),
    Row(3.0, 2000, 30, (0, 1, 3, 4)),
]


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_rows_are_read_with_times_in_seconds(tmp_path: Path) -> None:
    line = json.dumps(
        {"timestamp": 1500, "input_length": 700, "output_length": 0, "hash_ids": [4, 9]}
    )
    assert read_trace(written(tmp_path / "t", line)) == [Row(1.5, 700, 1, (4, 9))]


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        '{"timestamp": 0, "input_length": 700, "output_length": 1}',
        '{"timestamp": 0, "input_length": 700, "output_length": 1, "hash_ids": [1]}',
        '{"timestamp": 0, "input_length": 0, "output_length": 1, "hash_ids": []}',
    ],
)
def test_a_line_in_no_such_format_is_named(tmp_path: Path, line: str) -> None:
    good = '{"timestamp": 0, "input_length": 5, "output_length": 1, "hash_ids": [1]}'
    with pytest.raises(TraceError, match=":2:"):
        read_trace(written(tmp_path / "t", good, line))


def test_prompts_share_exactly_the_blocks_that_their_rows_share() -> None:
    one, two, three = (each.prompt for each in replay(ROWS, 0, 1.0).stages[0])
    assert [each.tokens for each in (one, two, three)] == [1500, 1536, 2000]

    def shared(left: tuple[int, ...], right: tuple[int, ...]) -> int:
        return sum(a == b for a, b in zip(left, right, strict=False))

    assert shared(one.chain(512), two.chain(512)) == 2
    assert shared(two.chain(512), three.chain(512)) == 3


def test_blocks_that_always_follow_each_other_are_one_run() -> None:
    assert compressed([row.blocks for row in ROWS]) == [[2, 3], [2, 3], [2, 3, 4]]
    assert compressed([tuple(range(100))]) == [[99, 100]]


def test_a_faster_replay_has_the_same_requests_closer_together() -> None:
    slow, fast = replay(ROWS, 0, 1.0), replay(ROWS, 0, 2.0)
    assert [each.at for each in fast.stages[0]] == [each.at / 2 for each in slow.stages[0]]
    assert fast.rates[0] == 2 * slow.rates[0]
