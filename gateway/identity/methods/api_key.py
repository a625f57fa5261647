"""Identity from an API key in x-api-key or api-key, or else as a bearer credential, which is how
the SDKs of model servers send it. Pure: no I/O, no clock.

Keys are known by their SHA-256 only; they are random, so a slow hash would add nothing. A bearer
credential with the two dots of a JWT is a token and never a key.
"""

import hashlib
import hmac
from typing import Final

from gateway.identity.base import Invalid, Method, Outcome
from gateway.identity.keys import KeySource
from gateway.identity.rules import KeyRule, ListenerRules
from gateway.identity.token import is_token
from gateway.model.head import RequestHead
from gateway.model.principal import Principal, PrincipalKind

HEADERS: Final = ("x-api-key", "api-key")
MAX_LENGTH: Final = 1024


def verify(head: RequestHead, rules: ListenerRules, keys: KeySource, now: float) -> Outcome:
    """Absent without a key; refused when it is repeated or no key of the configuration."""
    del keys, now
    lines = [line for name in HEADERS for line in head.headers.all(name)] or bearer_keys(head)
    if not lines:
        return None
    if len(lines) != 1 or not 0 < len(lines[0]) <= MAX_LENGTH:
        return Invalid("the API key is malformed")
    found = _lookup(lines[0], rules.api_keys)
    if found is None:
        return Invalid("the API key is not known")
    return Principal(PrincipalKind.KEY, "", found.name, scopes=found.scopes)


def bearer_keys(head: RequestHead) -> list[str]:
    """Bearer credentials that are no tokens."""
    found = (line.partition(" ") for line in head.headers.all("authorization"))
    return [key for scheme, _, key in found if scheme.lower() == "bearer" and not is_token(key)]


def _lookup(key: str, known: tuple[KeyRule, ...]) -> KeyRule | None:
    """Compares with every key, in constant time each, so that timing tells nothing."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    found: KeyRule | None = None
    for rule in known:
        if hmac.compare_digest(rule.digest, digest):
            found = rule
    return found


METHOD = Method("key", verify)
