"""Identity from a JSON Web Token in the Authorization header. Pure: no I/O, no clock.

Source: RFC 6750 (bearer tokens), RFC 7519 (claims), RFC 8725 (best current practice). The issuer
is picked by the unverified `iss`, then everything, `iss` included, is covered by a signature of
that issuer's own keys under an algorithm that the configuration lists for it.
"""

import urllib.parse
from typing import Final

from gateway.identity.base import Invalid, Method, Outcome
from gateway.identity.claims import act_chain, fault_of, scopes_of, seconds, subject_of
from gateway.identity.keys import KeySource
from gateway.identity.rules import IssuerRules, ListenerRules
from gateway.identity.token import UnverifiedToken, is_token, parse_token
from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonObject
from gateway.model.principal import Principal, PrincipalKind
from gateway.model.refusal import Reason

MAX_CANDIDATES: Final = 8  # keys tried for one token, so that a token without kid costs little
_MALFORMED: Final = Invalid("the bearer token is malformed", bearer=True)
_UNTRUSTED: Final = Invalid("the issuer of the bearer token is not trusted here", bearer=True)
_FORGED: Final = Invalid("the signature of the bearer token cannot be verified", bearer=True)
_NO_KEYS: Final = Invalid("the issuer's keys are not available", reason=Reason.OWN_FAULT)


def verify(head: RequestHead, rules: ListenerRules, keys: KeySource, now: float) -> Outcome:
    """Absent without an Authorization header, or with an API key in it where keys are accepted;
    else a verified token or a refusal."""
    if _token_in_query(head.path):
        return Invalid("a token in the query is not accepted", bearer=True)
    lines = head.headers.all("authorization")
    if not lines:
        return None
    token = _bearer(lines)
    if token is not None and not is_token(token) and "key" in rules.accept:
        return None  # an API key, and judged as such
    parsed = None if token is None else parse_token(token)
    if parsed is None:
        return _MALFORMED
    issuer = parsed.claims.get("iss")
    trusted = rules.issuers.get(issuer) if isinstance(issuer, str) else None
    if trusted is None:
        return _UNTRUSTED
    refused = _signature_fault(parsed, trusted, keys)
    return _principal(parsed.claims, trusted, now) if refused is None else refused


def _bearer(lines: tuple[str, ...]) -> str | None:
    """The token of one Bearer credential; two of them, joined or not, are nobody's identity."""
    scheme, _, token = lines[0].partition(" ")
    if len(lines) != 1 or scheme.lower() != "bearer" or "," in token:
        return None
    return token


def _token_in_query(path: str) -> bool:
    """RFC 6750, section 2.3: such a token ends up in logs on the way."""
    _, _, query = path.partition("?")
    if not query:
        return False
    names = (pair.partition("=")[0] for pair in query.split("&"))
    return any(urllib.parse.unquote_plus(name) == "access_token" for name in names)


def _signature_fault(token: UnverifiedToken, rules: IssuerRules, keys: KeySource) -> Invalid | None:
    if token.algorithm not in rules.algorithms:
        return _FORGED
    found = keys.find(rules.issuer, token.key_id)
    if found is None:
        return _NO_KEYS
    fitting = [key for key in found if token.algorithm in key.algorithms][:MAX_CANDIDATES]
    if any(key.verifies(token.algorithm, token.signed, token.signature) for key in fitting):
        return None
    return _FORGED


def _principal(claims: JsonObject, rules: IssuerRules, now: float) -> Principal | Invalid:
    fault = fault_of(claims, rules, now)
    if fault is not None:
        return Invalid(fault, bearer=True)
    subject = subject_of(claims.get("sub"))
    scopes = scopes_of(claims.get(rules.scope_claim))
    actors = act_chain(claims, f"jwt:{rules.issuer}")
    if subject is None or scopes is None or actors is None:
        return Invalid("a claim of the token has the wrong form", bearer=True)
    expiry = seconds(claims.get("exp"))
    return Principal(
        PrincipalKind.JWT,
        rules.issuer,
        subject,
        actors=actors,
        scopes=scopes,
        claims=claims,
        expires_at=None if expiry is None else expiry + rules.leeway,
    )


METHOD = Method("jwt", verify)
