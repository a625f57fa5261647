"""Bounds of histograms, in seconds or tokens; those of the conventions are exactly theirs."""

from typing import Final

JUDGEMENT: Final = (
    25e-6,
    50e-6,
    100e-6,
    250e-6,
    500e-6,
    1e-3,
    2.5e-3,
    5e-3,
    10e-3,
    50e-3,
    0.25,
    1.0,
    5.0,
)
"""From 25 µs, the fastest judgement there is, to the default deadline."""

OPERATION: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
"""mcp.server.operation.duration."""

GENERATION: Final = tuple(round(0.01 * 2**power, 2) for power in range(14))
"""gen_ai.server.request.duration, gen_ai.client.operation.time_to_first_chunk: 10 ms to 81.92 s."""

FIRST_TOKEN: Final = (
    0.001,
    0.005,
    0.01,
    0.02,
    0.04,
    0.06,
    0.08,
    0.1,
    0.25,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    7.5,
    10.0,
)
"""gen_ai.server.time_to_first_token."""

TOKENS: Final = tuple(4**power for power in range(14))
"""gen_ai.client.token.usage: 1 to 67 108 864."""

WAITED: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""In a queue: up to the longest time to live that one would set."""

SURPRISE: Final = (0.1, 0.25, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 4, 10)
"""What came by what was predicted."""
