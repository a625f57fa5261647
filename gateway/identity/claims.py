"""What the claims of a verified token say. Pure: no I/O, no clock.

Source: RFC 7519 section 4.1 (registered claims), RFC 8693 section 4.1 (act), RFC 9068 section 2.
"""

import math
from typing import Final

from gateway.identity.rules import IssuerRules
from gateway.model.jsonvalue import JsonMapping, JsonValue

MAX_SUBJECT: Final = 1024
MAX_ACTORS: Final = 8


def fault_of(claims: JsonMapping, rules: IssuerRules, now: float) -> str | None:
    """Why these claims, whose signature and issuer are verified, are refused; None if they hold.

    `now` is in seconds since the epoch. The text is constant: it quotes nothing of the token.
    """
    if any(claims.get(name) is None for name in rules.required_claims):
        return "the token lacks a required claim"
    if not rules.audiences & set(strings(claims.get("aud")) or ()):
        return "the token is for another audience"
    # A token that is bound to a key (RFC 7800) is no bearer token, and its proof is not read here.
    if "cnf" in claims:
        return "the token is bound to a key and cannot be used as a bearer token"
    return _time_fault(claims, rules.leeway, now)


def _time_fault(claims: JsonMapping, leeway: float, now: float) -> str | None:
    times: dict[str, float] = {}
    for name in ("exp", "nbf", "iat"):
        if name in claims:
            moment = seconds(claims[name])
            if moment is None:
                return "a time claim of the token is not a number"
            times[name] = moment
    if now >= times.get("exp", math.inf) + leeway:
        return "the token has expired"
    if now < max(times.get("nbf", -math.inf), times.get("iat", -math.inf)) - leeway:
        return "the token is not valid yet"
    return None


def seconds(value: JsonValue) -> float | None:
    """A NumericDate (RFC 7519, section 2), or None when `value` is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def strings(value: JsonValue) -> tuple[str, ...] | None:
    """A string or a list of strings as a tuple; None for anything else."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        return None
    found = tuple(item for item in value if isinstance(item, str))
    return found if len(found) == len(value) else None


def scopes_of(value: JsonValue) -> frozenset[str] | None:
    """Scopes from a space-separated string (RFC 8693, 4.2) or a list; None if malformed.

    An absent claim (None) grants nothing.
    """
    if value is None:
        return frozenset()
    if isinstance(value, str):
        return frozenset(value.split())
    found = strings(value)
    return None if found is None else frozenset(found)


def subject_of(value: JsonValue) -> str | None:
    """A subject that can stand in a rule and a record: printable, 1 to `MAX_SUBJECT` characters.

    Control characters are refused because they separate the parts of `Principal.seal_scope`.
    """
    if not isinstance(value, str) or not 0 < len(value) <= MAX_SUBJECT or not value.isprintable():
        return None
    return value


def act_chain(claims: JsonMapping, asserted_by: str) -> tuple[str, ...] | None:
    """The actors of the `act` claim, current actor first, as `PREFIX#SUBJECT`; None if malformed.

    `asserted_by` is the prefix `jwt:ISSUER`: an issuer can only name actors under its own name,
    so that a token can never claim an agent that another issuer or a certificate vouches for. An
    actor with an `iss` of its own is `PREFIX#ISS#SUBJECT`. At most `MAX_ACTORS` are followed; a
    longer chain is malformed.
    """
    actors: list[str] = []
    holder = claims
    while "act" in holder:
        actor = holder["act"]
        if not isinstance(actor, dict) or len(actors) == MAX_ACTORS:
            return None
        subject = subject_of(actor.get("sub"))
        issuer = subject_of(actor["iss"]) if "iss" in actor else ""
        if subject is None or issuer is None:
            return None
        actors.append(
            "#".join((asserted_by, issuer, subject) if issuer else (asserted_by, subject))
        )
        holder = actor
    return tuple(actors)
