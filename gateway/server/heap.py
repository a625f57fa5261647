"""How the C library keeps the memory of a worker, which holds bodies of hundreds of kilobytes.

glibc gives what is freed at the end of its heap back to the system, and takes it again for the next
body: each page of each copy of it is then a fault, some 600 for a request of 400 KB, which took
half of the gateway's own CPU time for it.
"""

import ctypes
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
"""Options of mallopt(3)."""

KEPT_BYTES: Final = 8 * 2**20
"""What may lie unused at the end of a heap."""

MAPPED_BYTES: Final = 2 * 2**20
"""From this size on memory is mapped for itself, and goes back to the system as soon as it is
freed: larger bodies are rare, and would tear holes."""


def keep_freed_memory() -> bool:
    """Keep up to `KEPT_BYTES` for what comes next. False where the C library has no such option."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    kept = mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
    mapped = mallopt(_MMAP_THRESHOLD, MAPPED_BYTES)
    return bool(kept and mapped)
