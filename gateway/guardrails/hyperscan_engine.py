"""Hyperscan, where there is one: it has wheels for x86-64 and Python up to 3.12 alone.

Elsewhere its names are here, no database can be made, and RE2 searches every pattern.
"""

import importlib.util
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

INSTALLED: Final = importlib.util.find_spec("hyperscan") is not None
"""Whether there is an engine at all."""

if TYPE_CHECKING or INSTALLED:
    import hyperscan
else:
    hyperscan = SimpleNamespace(
        HS_MODE_BLOCK=1,
        HS_MODE_STREAM=2,
        HS_FLAG_CASELESS=1,
        HS_FLAG_PREFILTER=256,
        HS_FLAG_SINGLEMATCH=8,
        HS_FLAG_UTF8=32,
        error=ValueError,
        Database=type("Database", (), {}),
        Scratch=type("Scratch", (), {}),
        Stream=type("Stream", (), {}),
    )

__all__ = ["INSTALLED", "hyperscan"]
