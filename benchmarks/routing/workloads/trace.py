"""A trace in Mooncake's format, one JSON object a line: timestamp (ms), input_length,
output_length, hash_ids (one per 512 tokens, equal ids are equal prefixes).

The conversation trace of kvcache-ai/Mooncake (FAST'25) is in this format.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from benchmarks.routing.hardware import Server
from benchmarks.routing.prompt import Prompt, prompt_of
from benchmarks.routing.request import Request
from benchmarks.routing.workload import Workload

TRACE_BLOCK: Final = 512
WINDOW: Final = 4000
"""Requests of one run: a seed chooses where in the trace they begin."""


class Row(NamedTuple):
    """One request of a trace: seconds, tokens in and out, and its blocks of 512 tokens."""

    at: float
    tokens: int
    output: int
    blocks: tuple[int, ...]


class TraceError(ValueError):
    """A line that is not in the format; the message names it."""


def read_trace(path: Path) -> list[Row]:
    """The rows of a file. Raises TraceError, or OSError."""
    rows: list[Row] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                value = json.loads(line)
                row = Row(
                    value["timestamp"] / 1000,
                    int(value["input_length"]),
                    max(int(value["output_length"]), 1),
                    tuple(int(block) for block in value["hash_ids"]),
                )
            except (ValueError, KeyError, TypeError) as error:
                raise TraceError(f"{path}:{number}: not a request of a trace") from error
            if len(row.blocks) != -(-row.tokens // TRACE_BLOCK) or row.tokens < 1:
                raise TraceError(f"{path}:{number}: hash_ids do not cover input_length")
            rows.append(row)
    return rows


def replay(rows: Sequence[Row], seed: int, speed: float) -> Workload:
    """A window of the trace, `speed` times as fast, over eight Qwen3-32B on two H100."""
    begin = Random(seed).randrange(max(len(rows) - WINDOW, 0) + 1)
    window = rows[begin : begin + WINDOW]
    heads = compressed([row.blocks for row in window])
    requests: list[Request] = []
    for number, (row, cut) in enumerate(zip(window, heads, strict=True)):
        at = (row.at - window[0].at) / speed
        requests.append(Request(number, at, _prompt(row, cut), row.output, -1 - number))
    span = max(window[-1].at - window[0].at, 1e-9) / speed
    return Workload([Server()] * 8, [requests], [len(requests) / span], 2.0, 0.1)


def compressed(prompts: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """For each prompt the places where a run ends: after blocks that not all go on alike, so that
    a run is as long as it can be while every shared prefix is whole runs."""
    following: dict[int, set[int]] = {}
    ending: set[int] = set()
    for blocks in prompts:
        for one, two in pairwise(blocks):
            following.setdefault(one, set()).add(two)
        ending.add(blocks[-1])
        if len(blocks) > 1:
            ending.add(blocks[-2])
    return [
        [
            place + 1
            for place, block in enumerate(blocks)
            if block in ending or len(following.get(block, ())) != 1
        ]
        for blocks in prompts
    ]


def _prompt(row: Row, cuts: Sequence[int]) -> Prompt:
    segments: list[tuple[int, int]] = []
    begin = 0
    for cut in cuts:
        tokens = min(cut * TRACE_BLOCK, row.tokens) - begin * TRACE_BLOCK
        segments.append((row.blocks[cut - 1] * TRACE_BLOCK + tokens % TRACE_BLOCK, tokens))
        begin = cut
    return prompt_of(segments)
