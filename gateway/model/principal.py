"""Who calls. Pure: no I/O, no clock."""

from dataclasses import dataclass, field
from enum import Enum

from gateway.model.jsonvalue import JsonMapping, JsonValue


class PrincipalKind(Enum):
    """How the identity was proved."""

    SPIFFE = "spiffe"
    JWT = "jwt"
    KEY = "key"
    METADATA = "metadata"  # a payload that a filter of Envoy verified
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: (kind, issuer, subject, actors), stable over token refresh and rotation.

    `issuer` is the token's, a SPIFFE id's trust domain or a metadata namespace; "" for keys.
    `actors` are the identities that act for this one, nearest first: the SPIFFE id of the agent
    behind which a user stands, then the `act` chain of the token. `claims`, `scopes` and
    `expires_at` (seconds since the epoch, None: never) describe the credential, not the identity.
    """

    kind: PrincipalKind
    issuer: str
    subject: str
    actors: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    claims: JsonMapping = field(default_factory=dict[str, JsonValue], compare=False, hash=False)
    expires_at: float | None = field(default=None, compare=False)

    @property
    def id(self) -> str:
        """What rules and records name: a SPIFFE id, `jwt:ISSUER#SUBJECT`, `key:NAME`,
        `metadata:NAMESPACE#SUBJECT` or `anonymous`."""
        match self.kind:
            case PrincipalKind.SPIFFE:
                return self.subject
            case PrincipalKind.JWT | PrincipalKind.METADATA:
                return f"{self.kind.value}:{self.issuer}#{self.subject}"
            case PrincipalKind.KEY:
                return f"key:{self.subject}"
            case PrincipalKind.ANONYMOUS:
                return "anonymous"

    @property
    def seal_scope(self) -> str:
        """The string that binds sealed ids to this principal and its actor chain."""
        return "\x1f".join((self.kind.value, self.issuer, self.subject, *self.actors))


ANONYMOUS = Principal(PrincipalKind.ANONYMOUS, "", "anonymous")
