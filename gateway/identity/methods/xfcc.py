"""Identity of the client of a trusted hop, from x-forwarded-client-cert. Pure: no I/O, no clock.

Believed only from an mTLS peer whose SPIFFE ID the listener names in `xfcc_from`, and only the
last element: that one the hop wrote itself, earlier ones it may merely have passed on.
Source: Envoy, "HTTP header manipulation", x-forwarded-client-cert.
"""

import re
from typing import Final

from gateway.identity.base import Invalid, Method, Outcome
from gateway.identity.keys import KeySource
from gateway.identity.rules import ListenerRules
from gateway.identity.spiffe_id import the_workload_id, trust_domain
from gateway.model.head import RequestHead
from gateway.model.principal import Principal, PrincipalKind

HEADER: Final = "x-forwarded-client-cert"
MAX_LENGTH: Final = 32 * 1024
_KEYS: Final = frozenset({"by", "hash", "cert", "chain", "subject", "uri", "dns"})
_REPEATABLE: Final = frozenset({"by", "uri", "dns"})
# Possessive quantifiers: a hostile value must not make the match backtrack.
_PAIR: Final = re.compile(r'([A-Za-z]++)=(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|([^",;\s]*+))(?=[,;]|\Z)')


def verify(head: RequestHead, rules: ListenerRules, keys: KeySource, now: float) -> Outcome:
    """Absent without the header; refused from anybody but a named hop, or when it is malformed."""
    del keys, now
    lines = head.headers.all(HEADER)
    if not lines:
        return None
    hop = the_workload_id(head.peer.uri_sans) if head.peer.mtls else None
    if hop is None or hop not in rules.xfcc_from:
        return Invalid(f"{HEADER} is not accepted from this peer")
    element = last_element(",".join(lines))
    if element is None:
        return Invalid(f"{HEADER} is malformed")
    subject = the_workload_id(element.get("uri", ()))
    if subject is None:
        return Invalid(f"{HEADER} does not name exactly one SPIFFE ID")
    return Principal(PrincipalKind.SPIFFE, trust_domain(subject), subject)


def last_element(value: str) -> dict[str, tuple[str, ...]] | None:
    """The values of the last element by lower-case key; None when any element is malformed.

    Unknown keys and repeated keys that cannot repeat make the value malformed.
    """
    if len(value) > MAX_LENGTH:
        return None
    element: dict[str, tuple[str, ...]] = {}
    position = 0
    while True:
        pair = _PAIR.match(value, position)
        if pair is None:
            return None
        key = pair[1].lower()
        if key not in _KEYS or (key in element and key not in _REPEATABLE):
            return None
        element[key] = (*element.get(key, ()), _unquoted(pair))
        position = pair.end() + 1
        if pair.end() == len(value):
            return element
        if value[pair.end()] == ",":
            element = {}


def _unquoted(pair: re.Match[str]) -> str:
    return pair[3] if pair[2] is None else re.sub(r"\\(.)", r"\1", pair[2])


METHOD = Method("xfcc", verify)
