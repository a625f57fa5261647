"""Which blocks belong to which request of ours on one endpoint, where only one fits. Pure.

An engine does not say for whom it stored blocks. A request and a path of blocks are joined when no
other request fits the path and no other path the request: by time, by length, and by what both have
in common with prompts that are joined already. What all that fit have in common is joined anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from gateway.model.demand import Demand
from gateway.picker.kv.blocks import Block
from gateway.picker.kv.flights import (
    LAG,
    LATE,
    Flight,
    Path,
    Steps,
    above,
    fits,
    follows,
    passed,
    shared,
)
from gateway.picker.kv.joints import Joints

MAX_FLIGHTS: Final = 1_000
MAX_PATHS: Final = 1_000
"""Of one endpoint; more are not joined."""

PATIENCE: Final = 30.0
"""Seconds after its end that a request waits for others to be told from it."""

EVERY: Final = 0.25
"""Seconds between two looks at what has ended, which cost more than what comes in between."""

_AT_ONCE: Final = 16
STEPS: Final = 500_000
"""Requests that are joined at once at most, and blocks that are looked at for them, so that it
makes no pause. A request that needs more than that alone is joined to nothing."""

DEEPEST: Final = 16_384
"""Paths that end deeper are joined to nothing."""

_LOOK: Final = 16
"""Steps that it takes to compare a request and a path, without the way from one to the other."""


class Joining:
    """One endpoint's requests and paths. `joined` counts ended requests whose whole prompt is
    joined, `unjoined` those of which only a part is, or nothing."""

    def __init__(self) -> None:
        self.joined = 0
        self.unjoined = 0
        self._due = -inf
        self._flights: list[Flight] = []
        self._paths: list[Path] = []
        self._tips: dict[Block, Path] = {}

    def placed(self, flight: Flight) -> None:
        """A request was sent to the endpoint."""
        if len(self._flights) < MAX_FLIGHTS:
            self._flights.append(flight)

    def dropped(self, flight: Flight) -> None:
        """The endpoint never read it."""
        if flight in self._flights:
            self._flights.remove(flight)

    def stored(self, start: Block, tip: Block, adapter: str | None, now: float) -> None:
        """Blocks after `start` up to `tip` were stored."""
        path = self._tips.get(start)
        if path is not None and path.belongs_until(now):
            del self._tips[start]
            if tip.depth > DEEPEST:
                self._paths.remove(path)
                return
            path.tip = tip
        else:
            flights = [one for one in self._flights if one.end is None or now <= one.end + LAG]
            if not flights or len(self._paths) >= MAX_PATHS or tip.depth > DEEPEST:
                return
            path = Path(start, tip, now, adapter, passed(start), flights)
            self._paths.append(path)
        self._tips[tip] = path

    def forget(self) -> None:
        """Blocks are not what they were: what has been stored so far is joined to nothing."""
        self._paths.clear()
        self._tips.clear()

    def settle(self, joints: Joints, block_tokens: int, now: float) -> None:
        """Join what can be joined by now. Called too often it does nothing."""
        if now < self._due:
            return
        self._due = now + EVERY
        ended = [one for one in self._flights if one.end is not None and one.end + LATE <= now]
        if not ended:
            return
        steps = Steps(STEPS)
        for flight in ended[:_AT_ONCE]:
            if steps.left <= 0:
                break
            first = steps.left == STEPS
            over = flight.end is None or flight.end + PATIENCE <= now
            self._flights.remove(flight)
            settled = self._settled(flight, joints, block_tokens, steps)
            if steps.left <= 0 and not first:
                self._flights.insert(0, flight)  # with all steps it may be settled
            elif not settled and not over:
                self._flights.append(flight)  # others have their turn before it is looked at again
            elif joints.known(flight.demand.chain) == len(flight.demand.chain):
                self.joined += 1
            else:
                self.unjoined += 1
        self._tidy()

    def _settled(self, flight: Flight, joints: Joints, block_tokens: int, steps: Steps) -> bool:
        """Join as much of a request as can be; whether nothing is left to wait for, as when there
        are no steps left."""
        paths = [path for path in self._paths if _ok(flight, path, joints, block_tokens, steps)]
        if not paths or steps.left <= 0:
            return True
        tip = max((path.tip for path in paths), key=lambda block: block.depth)
        depths = _depths(paths, tip, steps)
        alone = all(depth == path.tip.depth for depth, path in zip(depths, paths, strict=False))
        chain = flight.demand.chain
        count = len(chain)
        for other in self._flights:
            if steps.left <= 0:
                break
            if any(_ok(other, path, joints, block_tokens, steps) for path in paths):
                count = min(count, _common(chain, other.demand.chain))
        rooted = None if steps.left <= 0 else joints.rooted(tip)
        if rooted is None:
            return True
        limit = tip.depth if alone else min(depths)
        if limit and count:
            tokens = flight.prompt or min(flight.tokens, tip.depth * block_tokens)
            _Prompt(flight.demand, tokens / block_tokens).join(count, rooted, limit, joints)
        joints.prune(rooted)
        if not alone or count < len(chain):
            return False
        for path in paths:
            self._paths.remove(path)
            if self._tips.get(path.tip) is path:
                del self._tips[path.tip]
        return True

    def _tidy(self) -> None:
        """Leave out paths that nobody can have any more."""
        here = set(map(id, self._flights))
        gone = [path for path in self._paths if not any(id(one) in here for one in path.flights)]
        if not gone:
            return
        for path in gone:
            if self._tips.get(path.tip) is path:
                del self._tips[path.tip]
        left = set(map(id, gone))
        self._paths = [path for path in self._paths if id(path) not in left]


def _depths(paths: Sequence[Path], tip: Block, steps: Steps) -> list[int]:
    """How much each path has in common with the deepest one, as far as the steps reach."""
    depths: list[int] = []
    for path in paths:
        if steps.left <= 0:
            break
        depths.append(shared(path.tip, tip, steps))
    return depths


def _ok(flight: Flight, path: Path, joints: Joints, block_tokens: int, steps: Steps) -> bool:
    steps.left -= _LOOK
    if steps.left <= 0 or not fits(flight, path, block_tokens):
        return False
    chain = flight.demand.chain
    known = joints.known(chain)
    return follows(flight, path, joints.end(chain[known - 1]) if known else None, steps)


def _common(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """How many hashes two chains share. By bisection: equal hashes mean equal beginnings."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[middle - 1] == other[middle - 1]:
            low = middle
        else:
            high = middle - 1
    return low


@dataclass(frozen=True, slots=True)
class _Prompt:
    """A prompt that is so many blocks of the engine long."""

    demand: Demand
    blocks: float

    def join(self, count: int, tip: Block, limit: int, joints: Joints) -> None:
        """Join the first `count` hashes to blocks on the way to `tip`, not beyond depth `limit`.

        Where in between they end is in proportion to their bytes; where two prompts part shows it
        better, so that ends of others that lie beyond are moved there.
        """
        demand, chain = self.demand, self.demand.chain
        known = joints.known(chain[:count])
        depth = 0
        if known and (end := joints.end(chain[known - 1])) is not None:
            depth = shared(end, tip, Steps(0))
            _move(chain, known, above(tip, depth), joints)
        first = known * demand.block_bytes
        rest = self.blocks - depth
        if rest <= 0 or demand.prompt_bytes <= first:
            return
        line = _line(tip, max(depth, 1))
        for index in range(known + 1, count + 1):
            share = (index * demand.block_bytes - first) / (demand.prompt_bytes - first)
            place = depth + int(rest * share)
            if place > limit and limit < tip.depth:
                return
            joints.join(chain[index - 1], index, line[max(min(place, limit), depth, 1)])


def _line(tip: Block, depth: int) -> dict[int, Block]:
    """The blocks from `depth` to `tip`, by their depth."""
    line = {tip.depth: tip}
    block = tip
    while block.parent is not None and block.depth > depth:
        block = block.parent
        line[block.depth] = block
    return line


def _move(chain: tuple[int, ...], known: int, end: Block, joints: Joints) -> None:
    """Let no end of the first `known` hashes lie beyond `end`."""
    for index in range(known, 0, -1):
        block = joints.end(chain[index - 1])
        if block is None or block.depth <= end.depth:
            return
        joints.join(chain[index - 1], index, end)
