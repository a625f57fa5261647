"""How many tokens a prompt has, from its bytes, without its tokenizer. Pure."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

START: Final = 4.0
"""Bytes per token before anything is known; what llm-d's estimating token producer assumes."""

LEAST: Final = 1.0
MOST: Final = 12.0
_MODELS: Final = 256
_MEMORY: Final = 64_000.0
"""Tokens of evidence that are kept; older evidence fades, as the mix of languages changes."""

_START_EVIDENCE: Final = 500.0
"""Tokens that the start value counts for."""


@dataclass(slots=True)
class _Evidence:
    size: float
    tokens: float

    def add(self, size: int, tokens: int) -> None:
        self.size += size
        self.tokens += tokens
        if self.tokens > _MEMORY:
            keep = _MEMORY / self.tokens
            self.size *= keep
            self.tokens *= keep

    @property
    def ratio(self) -> float:
        return min(max(self.size / self.tokens, LEAST), MOST)


class TokenEstimate:
    """Bytes per token, learnt for each model from what its servers report.

    At most 256 models are remembered, those used last. A model without evidence has the mean of the
    others.
    """

    def __init__(self) -> None:
        self._all = _Evidence(START * _START_EVIDENCE, _START_EVIDENCE)
        self._models: OrderedDict[str, _Evidence] = OrderedDict()

    def bytes_per_token(self, model: str = "") -> float:
        """1 to 12; "" is the mean of all models."""
        return self._models.get(model, self._all).ratio

    def tokens(self, model: str, size: int) -> int:
        """Tokens that `size` bytes of a prompt to `model` are likely to be."""
        return round(size / self.bytes_per_token(model))

    def learn(self, model: str, size: int, tokens: int) -> None:
        """A server counted `tokens` in a prompt of `size` bytes. Counts that no text can have are
        ignored: such a prompt had media in it, or its template is longer than its text."""
        if tokens <= 0 or not LEAST <= size / tokens <= MOST:
            return
        evidence = self._models.get(model)
        if evidence is None:
            evidence = _Evidence(self._all.ratio * _START_EVIDENCE, _START_EVIDENCE)
            self._models[model] = evidence
            if len(self._models) > _MODELS:
                self._models.popitem(last=False)
        self._models.move_to_end(model)
        evidence.add(size, tokens)
        self._all.add(size, tokens)
