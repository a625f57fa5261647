"""What the picker of a pool keeps at most. Pure."""

from dataclasses import dataclass

from gateway.picker.fleet import STALE
from gateway.picker.index import MAX_BLOCKS, MAX_RUNS
from gateway.picker.ledger import TTL


@dataclass(frozen=True, slots=True)
class Limits:
    """What a pool keeps at most: blocks and runs of the prefix index; seconds that a scrape is
    believed, and seconds after which a request whose end nobody reported is over."""

    max_blocks: int = MAX_BLOCKS
    max_runs: int = MAX_RUNS
    stale: float = STALE
    ttl: float = TTL
