"""IPv4 addresses in every form that resolvers and browsers read. Pure: no I/O, no clock.

WHATWG URL Standard, section 3.5 ("IPv4 parser"), which is what inet_aton reads: one to four
parts, each decimal, octal (0 first) or hexadecimal (0x first), the last one filling what is left.
"""

import re
from ipaddress import IPv4Address
from typing import Final

_PART: Final = re.compile(r"0x[0-9a-f]{0,16}|[0-9]{1,22}", re.IGNORECASE)
_LARGEST: Final = 0xFFFF_FFFF


def ipv4(host: str) -> IPv4Address | None:
    """The address that `host` is read as; None where it is a name."""
    parts = host.removesuffix(".").split(".")
    if len(parts) > 4 or not all(_PART.fullmatch(part) for part in parts):
        return None
    numbers = [_number(part) for part in parts]
    *leading, last = numbers
    if last is None or last >= 256 ** (5 - len(numbers)):
        return None
    value = last
    for place, number in enumerate(leading):
        if number is None or number > 255:
            return None
        value += number << (8 * (3 - place))
    return IPv4Address(value) if value <= _LARGEST else None


def _number(part: str) -> int | None:
    if part[:2] in {"0x", "0X"}:
        return int(part[2:] or "0", 16)
    if len(part) > 1 and part.startswith("0"):
        return int(part, 8) if set(part) <= set("01234567") else None
    return int(part)
