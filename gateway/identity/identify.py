"""From the credentials of a request to its principal. Pure: no I/O, no clock."""

from dataclasses import replace
from typing import Final

from gateway.identity.base import Invalid
from gateway.identity.challenge import unauthenticated
from gateway.identity.keys import KeySource
from gateway.identity.methods import find_methods
from gateway.identity.rules import ListenerRules
from gateway.model.head import RequestHead
from gateway.model.principal import Principal, PrincipalKind
from gateway.model.refusal import Refusal

_METHODS: Final = find_methods()


def identify(
    head: RequestHead, rules: ListenerRules, keys: KeySource, now: float
) -> Principal | Refusal:
    """Who sent `head`, at `now` seconds since the epoch.

    Every accepted method is asked, so that a credential that is present and wrong is refused even
    beside one that is right. KeyError, at the first request, for a method that does not exist.
    """
    verified: list[Principal] = []
    for name in rules.accept:
        outcome = _METHODS[name].verify(head, rules, keys, now)
        if isinstance(outcome, Invalid):
            return unauthenticated(head, rules, outcome)
        if outcome is not None:
            verified.append(outcome)
    named = [one for one in verified if one.kind is not PrincipalKind.ANONYMOUS]
    if not verified:
        return unauthenticated(head, rules)
    return combine(named or verified)


def combine(verified: list[Principal]) -> Principal:
    """The first of `verified`, with the others as its actors.

    They come before the actors that its own token names, since they are nearer to the gateway:
    each of them proved itself here. The credential ends when the first of them expires. Scopes
    and claims stay those of the primary identity: they were granted to it alone.
    """
    primary, *others = verified
    if not others:
        return primary
    nearer = tuple(name for other in others for name in (other.id, *other.actors))
    expiries = [one.expires_at for one in verified if one.expires_at is not None]
    return replace(
        primary,
        actors=nearer + primary.actors,
        expires_at=min(expiries, default=None),
    )
