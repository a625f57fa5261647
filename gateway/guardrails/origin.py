"""How a message is to be judged, whatever it says. Pure data."""

from dataclasses import dataclass, field
from datetime import date

from gateway.guardrails.tally import Ticks


@dataclass(frozen=True, slots=True)
class Origin:
    """With `opaque` callers are told that something was blocked and nothing more. `ticks` measures
    how long detectors take; without it nothing is measured, and no time runs out."""

    opaque: bool = False
    ticks: Ticks | None = None
    today: date | None = None
    """By which exclusions expire; None: the day on which they were loaded."""
    text_key: bytes = field(default=b"", repr=False)
    """Makes marks of texts in which something is found; empty: none are made."""
