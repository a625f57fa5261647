"""Hostile requests to MCP servers, and how each must end. One row a hazard, for every runner.

Bodies that name `delete` do so where some server would run it: no row may ever make one do that.
"""

from tests.cases.hazard_bodies import (
    DUPLICATES,
    ENCODINGS,
    ENVELOPES,
    ESCAPES,
    IDS,
    NUMBERS,
    SIZES,
    SYNTAX,
    VARIANTS,
)
from tests.cases.hazard_headers import (
    CODINGS,
    DOWNGRADES,
    MEDIA_TYPES,
    ROUTING_HEADERS,
    UNDONE_HEADERS,
)

ROWS = (
    *DUPLICATES,
    *VARIANTS,
    *ESCAPES,
    *ENCODINGS,
    *SYNTAX,
    *NUMBERS,
    *IDS,
    *SIZES,
    *ENVELOPES,
    *MEDIA_TYPES,
    *CODINGS,
    *ROUTING_HEADERS,
    *DOWNGRADES,
    *UNDONE_HEADERS,
)
