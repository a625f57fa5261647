"""Records are read again as they were written, and nothing else is taken for one."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.simulation.recorded import (
    LONGEST_LINE,
    Recorded,
    RecordError,
    read_records,
    recorded,
)
from tests.simulation.records import record


def test_a_record_is_read_with_times_in_seconds() -> None:
    found = recorded(record(at=12.5, ttft_ms=250, duration_ms=1500.5, chain="00" * 16))
    assert (found.at, found.ttft, found.duration) == (12.5, 0.25, 1.5005)
    assert (found.blocks, found.hash_at(1)) == (2, bytes(8))


def test_tokens_are_as_counted_else_as_believed() -> None:
    assert recorded(record(prompt_tokens=700, believed_tokens=600)).tokens == 700
    assert recorded(record(prompt_tokens=None, believed_tokens=600)).tokens == 600
    assert recorded(record(prompt_tokens=None, believed_tokens=0)).tokens == 1


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"at": None}, "at is no time"),
        ({"at": -1}, "at is no time"),
        ({"at": True}, "at is no time"),
        ({"ttft_ms": "1"}, "ttft_ms is no time"),
        ({"duration_ms": 1e300}, "duration_ms is no time"),
        ({"pool": 5}, "pool is no name"),
        ({"model": "x" * 1000}, "model is no name"),
        ({"endpoints": None}, "endpoints is missing"),
        ({"endpoints": -1}, "endpoints is no count"),
        ({"prompt_bytes": 1.5}, "prompt_bytes is no count"),
        ({"output_tokens": 1 << 60}, "output_tokens is no count"),
        ({"chain": None}, "chain is missing"),
        ({"chain": "zz"}, "chain is not hexadecimal"),
        ({"chain": "00" * 7}, "chain does not fit"),
        ({"hash_bytes": 0, "chain": ""}, "chain does not fit"),
        ({"block_bytes": 0, "chain": ""}, "chain does not fit"),
    ],
)
def test_what_is_no_record_is_refused(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(RecordError, match=fault):
        recorded(record(**change))


def test_lines_that_were_cut_off_are_told_and_the_others_are_read(tmp_path: Path) -> None:
    good = json.dumps(record())
    lines = [good, good[:50], "", "[]", "x" * (3 * LONGEST_LINE), good]
    path = tmp_path / "trace"
    path.write_text("\n".join(lines))
    found = list(read_records(path))
    assert [number for number, _ in found] == [1, 2, 4, 5, 6]
    assert [str(one) if isinstance(one, RecordError) else "" for _, one in found] == [
        *("", "no JSON", "want a JSON object", f"longer than {LONGEST_LINE} bytes", "")
    ]
    assert isinstance(found[-1][1], Recorded)
