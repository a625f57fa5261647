"""Durations and quantities as Kubernetes writes them. Pure."""

import math
import re
from decimal import Decimal
from typing import Final

_PART: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h)")
_SECONDS: Final = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}
_QUANTITY: Final = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?", re.ASCII)
_FACTOR: Final = {
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTP", start=1)},
    **{f"{s}i": Decimal(1024) ** power for power, s in enumerate("KMGTP", start=1)},
}


def seconds(text: str) -> float:
    """A Go duration, such as 200ms or 1h30m, in seconds. ValueError if it is none."""
    parts = _PART.findall(text)
    if text != "0" and (not parts or "".join(n + unit for n, unit in parts) != text):
        raise ValueError("not a duration such as 60s, 200ms or 1h30m")
    return float(sum((Decimal(number) * _SECONDS[unit] for number, unit in parts), Decimal(0)))


def quantity(text: str) -> int:
    """A resource quantity, such as 4Gi, 500M or 20000, as a whole number, rounded up. ValueError
    if it is none or negative."""
    found = _QUANTITY.fullmatch(text)
    if not found:
        raise ValueError("not a quantity such as 20000, 500M or 4Gi")
    return math.ceil(Decimal(found[1]) * _FACTOR[found[2] or ""])
