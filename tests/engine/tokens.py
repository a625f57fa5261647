"""Tokens of imitated prompts and answers: a token is a fixed number of bytes.

So a token of a prompt is the same whatever follows it, and an answer that a client sends back in
its next prompt has the tokens that it had when it was generated, as with a real tokenizer.
"""

import math
import zlib
from typing import Final

import xxhash

WORDS: Final = (
    "the model answers in plain words that mean nothing at all and come in the same order "
    "whenever it is asked the same thing by anyone who wants to know what was said before "
)
VOCABULARY: Final = 128_000


class Text:
    """The bytes of one request, first the prompt and then what is generated."""

    def __init__(self, prompt: bytes, width: float, seed: int) -> None:
        """`width` is bytes per token, above 0; `seed` separates caches, by adapter and salt."""
        self._data = bytearray(prompt)
        self._width = width
        self._seed = seed
        self._offset = xxhash.xxh3_64_intdigest(prompt, seed)
        self.prompt_bytes = len(prompt)
        self.prompt_tokens = math.ceil(len(prompt) / width)

    def answer(self, first: int, last: int) -> str:
        """The text of the answer's tokens `first` (from 0) up to and without `last`."""
        self._extend(last)
        start = self.prompt_bytes if first == 0 else self._end(self.prompt_tokens + first)
        return self._data[start : self._end(self.prompt_tokens + last)].decode()

    def hashes(self, known: list[int], tokens: int, block_size: int) -> list[int]:
        """The chain of the full blocks among the first `tokens`, of which `known` are given.

        A prompt's last token may lack bytes until something follows; its block is not full then.
        """
        self._extend(tokens - self.prompt_tokens)
        parent = known[-1] if known else self._seed
        chain = list(known)
        whole = min(tokens, math.floor(len(self._data) / self._width))
        for index in range(len(known), whole // block_size):
            start, end = self._end(index * block_size), self._end((index + 1) * block_size)
            parent = xxhash.xxh3_64_intdigest(bytes(self._data[start:end]), parent)
            chain.append(parent)
        return chain

    def ids(self, first: int, last: int) -> list[int]:
        """The numbers of the tokens `first` up to and without `last`."""
        self._extend(last - self.prompt_tokens)
        return [
            zlib.crc32(self._data[self._end(index) : self._end(index + 1)]) % VOCABULARY
            for index in range(first, last)
        ]

    def _end(self, tokens: int) -> int:
        return math.floor(tokens * self._width)

    def _extend(self, generated: int) -> None:
        missing = self._end(self.prompt_tokens + generated) - len(self._data)
        if generated <= 0 or missing <= 0:
            return
        start = (self._offset + len(self._data) - self.prompt_bytes) % len(WORDS)
        words = (WORDS * (2 + missing // len(WORDS))).encode()
        self._data += words[start : start + missing]


def seed_of(model: str, salt: str) -> int:
    """The beginning of every chain of that adapter and cache salt, 64 bits."""
    return xxhash.xxh3_64_intdigest(f"{model}\0{salt}".encode())
