"""Addresses of machines: IP (RFC 791, RFC 4291, RFC 5952) and MAC (IEEE 802).

Pure: no I/O, no clock.
"""

import ipaddress
import re
from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.guardrails.pii.context import near
from gateway.guardrails.pii.number import FAINT, LIKELY, TOLD

_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_VERSION: Final = re.compile(
    r"(?i)(?:\bv|version|release|build|rev|revision|firmware|driver|section|chapter|oid|asn\.?1)"
    r"[^0-9a-z\n]{0,12}\Z|[a-z][/@]\Z|[=<>~^]=? ?\Z|-\Z|[0-9a-z]\.\Z|[0-9],\Z"
)
_PINNED: Final = re.compile(r"[=<>~]=\s?\Z")
_HEX_BEFORE: Final = re.compile(r"(?<!\w)[0-9A-Fa-f]{1,4}[:.\-]\Z|::\Z|\w\Z")
_SMALL: Final = 10
_told: Final = near(
    "ip", "ipv4", "ipv6", "address", "addr", "host", "server", "client", "remote", "peer", "from",
    "source", "src", "dst", "login", "ping", "port", "dns", "gateway", "proxy", "connect",
)  # fmt: skip
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _worth(address: _Address, told: bool) -> float | None:
    """What an address says of a person: nothing if every machine has it."""
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return None
    if address.is_private or address.is_link_local or address.is_reserved:
        return FAINT
    return TOLD if told else LIKELY


def _ipv4(candidate: Candidate) -> float | None:
    """Not a version, a section number, an object identifier or a netmask."""
    before, after = candidate.before, candidate.after
    told = _told(candidate)
    if after[:1].isalpha() or (after[:1] in {".", "-"} and after[1:2].isalnum()):
        return None
    if _PINNED.search(before) or (not told and _VERSION.search(before)) or before[-1:] == "v":
        return None
    octets = [int(octet) for octet in candidate.text.split(".")]
    small = all(octet < _SMALL for octet in octets) or octets[1:] == [0, 0, 0]
    if (small and not told) or octets[0] in {0, 255}:
        return None
    return _worth(ipaddress.IPv4Address(candidate.text), told)


def _ipv6(candidate: Candidate) -> float | None:
    """Not a slice (a[1::2]), a scope (a::b), a time or a fingerprint."""
    before, after, text = candidate.before, candidate.after, candidate.text
    if _HEX_BEFORE.search(before) or after[:1] == ":" or after[:1].isalnum():
        return None
    groups = [group for group in text.split(":") if group]
    if "::" in text and len(groups[0]) < 3:
        return None
    told = _told(candidate)
    if not any(c.isdigit() for c in text) or (text.replace(":", "").isdigit() and not told):
        return None
    if "::" not in text and all(len(group) == 2 for group in groups):
        return None
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    return _worth(address, told)


def _mac(candidate: Candidate) -> float | None:
    """Not part of a fingerprint; not that of all stations or of none."""
    if _HEX_BEFORE.search(candidate.before) or re.match(r"[:\-.]?[0-9A-Fa-f]{2}", candidate.after):
        return None
    if candidate.after[:1].isalnum():
        return None
    digits = re.sub(r"[:\-.]", "", candidate.text).lower()
    return None if len(set(digits)) == 1 else LIKELY


_H16: Final = r"[0-9A-Fa-f]{1,4}"
_IPV6: Final = (
    rf"{_H16}(?::{_H16}){{7}}"
    rf"|{_H16}(?::{_H16}){{0,5}}::(?:{_H16}(?::{_H16}){{0,5}})?"
)

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        "ip_address",
        "address of a machine, IPv4 or IPv6; private ones score low",
        (
            Pattern(
                name="ipv4",
                regex=rf"(?:\b|_)({_OCTET}(?:\.{_OCTET}){{3}})(?:\b|_)",
                category="ip_address",
                group=1,
                validate=_ipv4,
            ),
            Pattern(name="ipv6", regex=_IPV6, category="ip_address", validate=_ipv6),
        ),
    ),
    Kind(
        "mac_address",
        "hardware address of a network interface",
        (
            Pattern(
                name="mac_address",
                regex=r"(?:\b|_)([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}"
                r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})",
                category="mac_address",
                group=1,
                validate=_mac,
            ),
        ),
    ),
)
