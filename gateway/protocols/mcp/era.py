"""Which generation of MCP a request speaks. Pure: no I/O, no clock.

The MCP-Protocol-Version header alone decides, as in the official servers: absent or a revision
with the initialize handshake is LEGACY, anything else (unknown values too) is MODERN, where each
request describes itself. Both are served on one URL at the same time.
"""

from enum import Enum
from typing import Final

HANDSHAKE_REVISIONS: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN_REVISIONS: Final = ("2026-07-28",)

ASSUMED_REVISION: Final = "2025-03-26"
"""Of a request without the header (2025-06-18, basic/transports, Protocol Version Header)."""

BATCH_REVISION: Final = "2025-03-26"
"""The only revision with JSON-RPC batches."""


class Era(Enum):
    """LEGACY has sessions and a handshake, MODERN has neither."""

    LEGACY = "legacy"
    MODERN = "modern"


def era_of(version_header: str | None) -> Era:
    """The era of a request with this MCP-Protocol-Version header (None: absent)."""
    if version_header is None or version_header in HANDSHAKE_REVISIONS:
        return Era.LEGACY
    return Era.MODERN
