"""Requests under way and the blocks that engines store meanwhile, before they are joined. Pure."""

from dataclasses import dataclass, field
from typing import Final

from gateway.model.demand import Demand
from gateway.picker.kv.blocks import Block

LATE: Final = 0.5
"""Seconds after its end that a request is looked at: by then its events have come."""

LAG: Final = 0.1
"""Seconds that events may come after what they tell of. What comes later is joined to nothing."""

TURN: Final = 0.02
"""Seconds after the end of a request in which blocks that follow its last still count as its own,
not as the next turn's."""

_SHORTER: Final = 0.5
_LONGER: Final = 2.0
"""By how much estimates of a prompt's tokens are wrong at worst."""

_ANSWER: Final = 100_000
"""Tokens of an answer without a limit."""

NEAR: Final = 0.8
_SLACK: Final = 4
"""A boundary that was estimated is at least at this share of its depth, less some blocks."""


@dataclass(slots=True)
class Steps:
    """How many blocks may still be looked at on the way from one to another: an engine says how
    many there are."""

    left: int


@dataclass(slots=True, eq=False)
class Flight:
    """A request that was placed on an endpoint, whose prompt has about `tokens` tokens. Times are
    seconds: when it was placed, when its first token and its end came. `prompt`, `cached` and
    `output` are tokens that the server reported, `believed` those that it was thought to have
    cached."""

    demand: Demand
    tokens: int
    at: float
    first: float | None = None
    end: float | None = None
    believed: int = 0
    prompt: int | None = None
    cached: int | None = None
    output: int | None = None


@dataclass(slots=True, eq=False)
class Path:
    """Blocks that were stored one after the other: those after `start` up to `tip`. `adapter` is
    the LoRA adapter that the event named. `passes` are marks of prompts that it goes through before
    `start`, `flights` the requests that it may belong to."""

    start: Block
    tip: Block
    opened: float
    adapter: str | None
    passes: tuple[tuple[int, int], ...] = ()
    flights: list[Flight] = field(default_factory=list[Flight])

    def belongs_until(self, now: float) -> bool:
        """Whether more blocks after the tip belong to the same request."""
        return any(one.end is None or now <= one.end + TURN for one in self.flights)


def fits(flight: Flight, path: Path, block_tokens: int) -> bool:
    """Whether the time and the length of a path can be those of a request."""
    if not flight.at <= path.opened <= (flight.first or flight.end or path.opened) + LAG:
        return False
    if path.adapter is not None and path.adapter != flight.demand.model:
        return False
    tokens = path.tip.depth * block_tokens
    if flight.end is not None and not _begins(
        flight, path.start.depth * block_tokens, block_tokens
    ):
        return False
    if flight.end is not None and flight.prompt is not None and flight.output is not None:
        # The last token is never read again, so that its key and value are not stored.
        stored = flight.prompt + flight.output - 1
        return stored - 2 * block_tokens < tokens <= stored
    limit = flight.demand.output_limit
    longest = flight.tokens * _LONGER + (_ANSWER if limit is None else limit) + block_tokens
    if tokens > longest:
        return False
    return flight.end is None or tokens >= (flight.tokens * _SHORTER) - block_tokens


def _begins(flight: Flight, start: int, block_tokens: int) -> bool:
    """Whether a request whose server had cached what it says, or else what was believed, can have
    stored what comes after `start` tokens. Without this a request that was cached, and stored
    nothing, would be joined to what somebody else stored."""
    if flight.cached is not None:
        return abs(start - flight.cached) <= 2 * block_tokens
    return start >= flight.believed * _SHORTER - _SLACK * block_tokens


def follows(flight: Flight, path: Path, end: Block | None, steps: Steps) -> bool:
    """Whether a path can be that of a prompt whose known part ends at `end` (None: none is known):
    it goes through it, and through the end of no other prompt on its way."""
    if end is not None and shared(end, path.tip, steps) < min(
        end.depth * NEAR - _SLACK, path.tip.depth * NEAR
    ):
        return False
    chain = flight.demand.chain
    return not path.passes or any(
        index <= len(chain) and chain[index - 1] == part for part, index in path.passes
    )


def passed(start: Block) -> tuple[tuple[int, int], ...]:
    """Marks of the last block on the way to `start` that has any, but for those so close to it that
    the estimate of their place may be wrong."""
    depth = start.depth * NEAR - _SLACK
    block: Block | None = start
    while block is not None and (block.marks is None or block.depth > depth):
        block = block.parent
    return () if block is None else tuple(block.marks or ())


def shared(one: Block, other: Block, steps: Steps) -> int:
    """How many blocks two have in common, from the beginning."""
    first: Block | None = one
    second: Block | None = other
    while first is not None and second is not None and first is not second:
        if first.depth >= second.depth:
            first = first.parent
        else:
            second = second.parent
    common = 0 if first is None or second is None else first.depth
    steps.left -= one.depth + other.depth - 2 * common
    return common


def above(block: Block, depth: int) -> Block:
    """The block at `depth`, 1 or more, on the way to this one."""
    while block.depth > max(depth, 1) and block.parent is not None:
        block = block.parent
    return block
