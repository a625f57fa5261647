"""What an engine was asked, for tests to look at: counts, and the newest requests in full."""

from collections import Counter, deque
from typing import Final

import xxhash

from tests.engine.ask import Ask, Json
from tests.engine.connection import Request

PROMPTS: Final = 10_000
"""Different prompts that are counted; those that come later are only part of the sum."""
RECENT: Final = 500


class Seen:
    """Requests that reached the engine, refused or not."""

    def __init__(self) -> None:
        """Nothing seen."""
        self.count = 0
        self._models: Counter[str] = Counter()
        self._prompts: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._recent: deque[Json] = deque(maxlen=RECENT)

    def add(self, request: Request, ask: Ask) -> Json:
        """Notes a request; what is noted of it can be added to."""
        prompt = xxhash.xxh3_64_hexdigest(ask.prompt)
        self.count += 1
        self._models[ask.model] += 1
        if prompt in self._prompts or len(self._prompts) < PROMPTS:
            self._prompts[prompt] += 1
        noted: Json = {
            "path": request.path,
            "model": ask.model,
            "prompt": prompt,
            "headers": dict(request.headers),
        }
        self._recent.append(noted)
        return noted

    def ended(self, noted: Json, outcome: str, **more: int | None) -> None:
        """How a noted request ended."""
        self._outcomes[outcome] += 1
        noted.update(more, outcome=outcome)

    def told(self) -> Json:
        """Everything, for GET /admin/seen."""
        return {
            "count": self.count,
            "models": dict(self._models),
            "prompts": dict(self._prompts),
            "outcomes": dict(self._outcomes),
            "recent": list(self._recent),
        }
