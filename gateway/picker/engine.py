"""What an engine is to the picker: its name, and how its metrics are read. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from gateway.model.engine import EngineLoad
from gateway.picker.exposition import Exposition

Reading: TypeAlias = Callable[[Exposition, float], EngineLoad]


@dataclass(frozen=True, slots=True)
class Engine:
    """One kind of model server. `read` makes a load of its metrics, which were told at a time in
    seconds on the picker's clock; None if it tells none that are known."""

    name: str
    read: Reading | None

    def load(self, text: bytes, at: float) -> EngineLoad | None:
        """What a server said; None if nothing in it was understood."""
        if self.read is None:
            return None
        load = self.read(Exposition(text), at)
        return None if load == EngineLoad(at=at) else load
