"""What an identity method must offer. Pure: no I/O, no clock.

A method is one file of gateway/identity/methods that reads one kind of credential and has a
constant `METHOD`; the name is what `identity.accept` of a listener lists.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from gateway.identity.keys import KeySource
from gateway.identity.rules import ListenerRules
from gateway.model.head import RequestHead
from gateway.model.principal import Principal
from gateway.model.refusal import Reason


@dataclass(frozen=True, slots=True)
class Invalid:
    """A credential that is present and wrong.

    `message` is constant text: it quotes nothing that the caller sent. `bearer` is true for a bad
    bearer token, which the challenge then says (RFC 6750, section 3.1).
    """

    message: str
    bearer: bool = False
    reason: Reason = Reason.UNAUTHENTICATED


Outcome: TypeAlias = Principal | Invalid | None
"""A verified identity, with the actors that its own credential vouches for; a refusal; absent."""

Verify: TypeAlias = Callable[[RequestHead, ListenerRules, KeySource, float], Outcome]
"""Head, rules, keys and the time in seconds since the epoch; never raises for what a client sends.
"""


@dataclass(frozen=True, slots=True)
class Method:
    """One way to prove an identity."""

    name: str
    verify: Verify
