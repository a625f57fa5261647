"""Traces that simulated servers have measured, for the tests of what is fitted to them."""

from dataclasses import replace
from random import Random

from gateway.simulation.hardware import Server
from gateway.simulation.mooncake import Row, Serving
from gateway.simulation.presets import PRESETS
from gateway.simulation.replaying import Fleet, Profile, replayed

COST = Profile("cost", PRESETS)
FLEET = Fleet(Server(), 2)


def asked(count: int = 60, gap: float = 0.4) -> list[Row]:
    """Requests `gap` seconds apart, half of them about one of five documents of 1,024 to 6,144
    tokens."""
    random = Random(7)
    sizes = [random.randint(2, 12) for _ in range(5)]
    rows: list[Row] = []
    for at in range(count):
        known = random.random() < 0.5
        document = random.randrange(5) if known else 5 + at
        blocks = sizes[document] if known else random.randint(2, 12)
        ids = tuple(range(document * 20, document * 20 + blocks))
        rows.append(Row(at * gap, 512 * blocks + 40, random.choice((10, 40)), ids))
    return rows


def measured(rows: list[Row], **factors: float) -> list[Row]:
    """The trace as two servers with these factors would have measured it."""
    server = replace(FLEET.server, **factors)  # pyright: ignore[reportArgumentType]
    outcomes = replayed(rows, COST, Fleet(server, 2))
    return [
        row._replace(
            served=Serving(
                ttft=made.ttft, duration=made.e2e, cached=made.reported, endpoint=made.endpoint
            )
        )
        for row, made in zip(rows, outcomes, strict=True)
    ]
