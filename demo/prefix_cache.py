"""What a model server with a prefix cache tells of it, imitated: nothing is computed, nothing is
saved, and no answer comes sooner. Words are tokens, and blocks of 16 words that follow the same
words from the beginning are found again, until others have pushed them out.
"""

import itertools
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

BLOCK_WORDS: Final = 16
BLOCKS: Final = 4_096


class PrefixCache:
    """The blocks that were used last, at most `blocks`, and counts of words for /metrics."""

    def __init__(self, blocks: int = BLOCKS) -> None:
        self._most = blocks
        self._blocks: OrderedDict[int, None] = OrderedDict()
        self.running = 0
        self.asked = 0
        self.hits = 0
        self.answered = 0

    def read(self, model: str, words: Sequence[str]) -> int:
        """Take in a prompt for `model`; how many of its words, from the beginning, were there."""
        chain = list(_hashes(model, words))
        found = sum(1 for _ in itertools.takewhile(self._blocks.__contains__, chain))
        for block in reversed(chain):  # so that the end of a prompt is the first to go
            self._blocks[block] = None
            self._blocks.move_to_end(block)
        while len(self._blocks) > self._most:
            self._blocks.popitem(last=False)
        self.asked += len(words)
        self.hits += found * BLOCK_WORDS
        return found * BLOCK_WORDS

    def metrics(self) -> str:
        """The counts by vLLM's names. No request ever waits here, nor holds a block."""
        config = f'block_size="{BLOCK_WORDS}",num_gpu_blocks="{self._most}"'
        samples: list[tuple[str, str, int]] = [
            ("gauge", "num_requests_running", self.running),
            ("gauge", "num_requests_waiting", 0),
            ("gauge", "kv_cache_usage_perc", 0),
            ("counter", "prefix_cache_queries_total", self.asked),
            ("counter", "prefix_cache_hits_total", self.hits),
            ("counter", "prompt_tokens_total", self.asked),
            ("counter", "generation_tokens_total", self.answered),
        ]
        lines = [f"# TYPE vllm:cache_config_info gauge\nvllm:cache_config_info{{{config}}} 1\n"]
        lines += [f"# TYPE vllm:{name} {kind}\nvllm:{name} {n}\n" for kind, name, n in samples]
        return "".join(lines)


def _hashes(model: str, words: Sequence[str]) -> Sequence[int]:
    """One for each whole block, which stands for everything up to its end."""
    found: list[int] = []
    last = hash(model)
    for start in range(0, len(words) - BLOCK_WORDS + 1, BLOCK_WORDS):
        last = hash((last, *words[start : start + BLOCK_WORDS]))
        found.append(last)
    return found
