"""An engine's cache that publishes what happens to it, in memory: what is true can be asked."""

from collections import deque

from gateway.model.demand import Demand
from gateway.model.placement import Placement, Served
from gateway.model.prompt import Prompt
from gateway.picker.chain import chain
from gateway.picker.kv.feed import Feed, Step
from tests.engine.cache import Holding, PrefixCache
from tests.engine.kv_events import events_of
from tests.engine.msgpack import Value, encoded
from tests.engine.tokens import Text

SIZE = 16
WIDTH = 4.0
"""Tokens of a block of the engine, bytes of a token: 16 blocks are 1,024 bytes."""


class Publisher:
    """A cache of `capacity` blocks whose messages wait in `sent`; `keeps` of them can be had
    again."""

    def __init__(self, capacity: int, keeps: int = 10_000) -> None:
        self.cache = PrefixCache(capacity)
        self.sent: deque[tuple[int, bytes]] = deque()
        self.kept: deque[tuple[int, bytes]] = deque(maxlen=keeps)
        self._number = 0
        self._keeps = keeps

    def serve(self, prompt: bytes, output: int = 1) -> None:
        """Computes a prompt and an answer, and frees them."""
        text = Text(prompt, WIDTH, 0)
        tokens = text.prompt_tokens + output - 1
        hashes = text.hashes([], tokens, SIZE)
        found = hashes[: self.cache.match(hashes)]
        holding = Holding()
        self.cache.take(holding, found)
        assert self.cache.grow(holding, len(hashes))
        self.cache.seal(holding, hashes, text)
        self.cache.release(holding)
        if self.cache.changes:
            self.publish(events_of(self.cache.changes, SIZE))
            self.cache.changes.clear()

    def clear(self) -> None:
        """Resets the prefix cache."""
        self.cache.clear()
        self.publish([["AllBlocksCleared"]])

    def restart(self) -> None:
        """Another engine in its place, with an empty cache."""
        self.cache = PrefixCache(self.cache.capacity)
        self.kept = deque(maxlen=self._keeps)
        self._number = 0

    def publish(self, events: list[Value]) -> None:
        """One message."""
        message = self._number, encoded([float(self._number), events, 0])
        self._number += 1
        self.sent.append(message)
        self.kept.append(message)

    def cached(self, prompt: bytes) -> int:
        """How many tokens of a prompt are really there."""
        text = Text(prompt, WIDTH, 0)
        return self.cache.match(text.hashes([], text.prompt_tokens, SIZE)) * SIZE

    def received(self, feed: Feed, now: float, lost: int = 0) -> list[Step]:
        """What a feed makes of what was sent, of which the first `lost` messages got lost; replays
        are answered."""
        steps: list[Step] = []
        while self.sent:
            message = self.sent.popleft()
            if lost > 0:
                lost -= 1
                continue
            steps += feed.live(*message, now)
            if (wanted := feed.wanted) is not None:
                feed.asked(now)
                for number, payload in self.kept:
                    if number >= wanted:
                        steps += feed.again(number, payload, now)
                steps += feed.ended()
        return steps


def demand_of(prompt: bytes) -> Demand:
    """A request with this prompt and no other part."""
    return Demand("m", chain(Prompt("m", (prompt,))), prompt_bytes=len(prompt) + 1, output_limit=64)


def placement(ticket: int, endpoint: str, prompt: bytes) -> Placement:
    """That it was given to this endpoint."""
    return Placement(ticket, endpoint, prompt_tokens=round(len(prompt) / WIDTH))


def served(prompt: bytes, output: int = 1) -> Served:
    """That it was answered, and how many tokens that took."""
    return Served(status=200, prompt_tokens=round(len(prompt) / WIDTH), output_tokens=output)
