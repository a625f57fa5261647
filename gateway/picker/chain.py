"""The hash chain of a prompt: what may be in a server's prefix cache, without its text. Pure."""

from typing import Final

import xxhash

from gateway.model.prompt import Prompt

BLOCK_BYTES: Final = 1024
_END: Final = b"\xff"
"""Ends a part. Not a byte of UTF-8, so that no text can contain it."""

_ESCAPE: Final = b"\xfe"
"""Begins what stands for one of these two; no byte of UTF-8 either."""


def chain(prompt: Prompt, block_bytes: int = BLOCK_BYTES) -> tuple[int, ...]:
    """One 64-bit hash for each whole block of `block_bytes` bytes (1 or more) of the prompt.

    Each hash is xxh3_64 of its block, seeded with the hash before it, the first with that of model
    and salt; so it stands for everything up to its end, and two prompts share exactly the hashes of
    their common beginning. A part is ended, not begun, by its mark: a prompt that goes on keeps its
    hashes, be it by more text or by another part. The rest after the last whole block has no hash.
    """
    text = _joined(prompt.parts)
    view = memoryview(text)
    digest = xxhash.xxh3_64_intdigest
    last = digest(_joined((prompt.model.encode(), prompt.salt.encode())))
    hashes: list[int] = []
    for start in range(0, len(text) - block_bytes + 1, block_bytes):
        last = digest(view[start : start + block_bytes], last)
        hashes.append(last)
    return tuple(hashes)


def _joined(parts: tuple[bytes, ...]) -> bytes:
    """The parts with their ends marked; parts that are not UTF-8 are escaped, so that they cannot
    hold a mark either."""
    if any(_END in part or _ESCAPE in part for part in parts):
        escaped = [part.replace(_ESCAPE, b"\xfe\x00").replace(_END, b"\xfe\x01") for part in parts]
        return _END.join((*escaped, b""))
    return _END.join((*parts, b""))
