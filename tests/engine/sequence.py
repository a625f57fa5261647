"""One request inside an imitated engine."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tests.engine.cache import Holding
from tests.engine.tokens import Text

Reason: TypeAlias = Literal["stop", "length", "abort"]


@dataclass(slots=True, eq=False)
class Sequence:
    """`limit` is how many tokens will be generated and `reason` why they end then.

    `computed` and `generated` count tokens; `cached` are those of the prompt that the cache had
    when it was first scheduled, None before. `pooling` is whether the prompt is only read, for an
    embedding. Times are on the engine's clock. `changed` is set whenever `generated` grows.
    """

    text: Text
    limit: int
    reason: Reason
    model: str
    adapter: str
    arrived: float
    computed: int = 0
    generated: int = 0
    cached: int | None = None
    aborted: bool = False
    pooling: bool = False
    chain: list[int] = field(default_factory=list[int])
    holding: Holding = field(default_factory=Holding)
    scheduled_at: float = 0.0
    first_at: float = 0.0
    last_at: float = 0.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def tokens(self) -> int:
        """Tokens that there are: the prompt's, and those generated so far."""
        return self.text.prompt_tokens + self.generated

    @property
    def ended(self) -> bool:
        """Whether everything is generated."""
        return self.generated >= self.limit
