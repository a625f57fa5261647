"""What a listener accepts as identity, compiled from configuration. Pure: no I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.config.schema import ApiKey, Identity, JwtIssuer, ListenerIdentity
from gateway.identity.spiffe_id import is_workload_id


@dataclass(frozen=True, slots=True)
class IssuerRules:
    """How tokens of one issuer are verified; `leeway` is in seconds."""

    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[str]
    leeway: float
    required_claims: frozenset[str]
    scope_claim: str


@dataclass(frozen=True, slots=True)
class KeyRule:
    """An API key, known by its SHA-256 digest only."""

    name: str
    digest: bytes
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class ListenerRules:
    """The identity rules of one listener.

    `accept` names methods, the primary one first. `challenge_scopes` are, by route name, the
    scopes that a 401 asks for: the fewest with which the route is of any use.
    """

    accept: tuple[str, ...]
    xfcc_from: frozenset[str] = frozenset()
    metadata_namespaces: tuple[str, ...] = ()
    issuers: Mapping[str, IssuerRules] = field(default_factory=dict[str, IssuerRules])
    api_keys: tuple[KeyRule, ...] = ()
    resource_base: str | None = None
    challenge_scopes: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]]
    )

    @property
    def takes_tokens(self) -> bool:
        """Whether a bearer token can help a caller here."""
        return "jwt" in self.accept or "metadata" in self.accept


def compile_rules(
    listener: ListenerIdentity,
    identity: Identity,
    challenge_scopes: Mapping[str, tuple[str, ...]] | None = None,
) -> ListenerRules:
    """The rules of a listener.

    ValueError, saying what to change, for configuration that could never work or that would let
    two identities share a name.
    """
    _refuse_repeated("identity.jwt: issuer", [entry.issuer for entry in identity.jwt])
    _refuse_repeated("identity.keys: name", [key.name for key in identity.keys])
    _refuse_repeated("identity.keys: sha256", [key.sha256 for key in identity.keys])
    _refuse_repeated("identity.accept: method", listener.accept)
    _check_listener(listener)
    return ListenerRules(
        accept=listener.accept,
        xfcc_from=frozenset(listener.xfcc_from),
        metadata_namespaces=listener.metadata_namespaces,
        issuers={entry.issuer: _issuer_rules(entry) for entry in identity.jwt},
        api_keys=tuple(_key_rule(key) for key in identity.keys),
        resource_base=identity.resource_base,
        challenge_scopes=dict(challenge_scopes or {}),
    )


def _check_listener(listener: ListenerIdentity) -> None:
    if not listener.accept:
        raise ValueError("identity.accept is empty: name at least one method, or `anonymous`")
    if "xfcc" in listener.accept and not listener.xfcc_from:
        raise ValueError("identity.accept has xfcc: name the hops that it may come from, xfcc_from")
    if "metadata" in listener.accept and not listener.metadata_namespaces:
        raise ValueError("identity.accept has metadata: name its metadata_namespaces")
    if not all(is_workload_id(hop) for hop in listener.xfcc_from):
        raise ValueError("identity.xfcc_from: every entry must be a SPIFFE ID with a path")
    if any("#" in namespace for namespace in listener.metadata_namespaces):
        raise ValueError("identity.metadata_namespaces: a namespace may not contain `#`")


def _issuer_rules(entry: JwtIssuer) -> IssuerRules:
    # RFC 8414, section 2: an issuer has no fragment; `#` ends it in the name of a principal.
    if "#" in entry.issuer or not entry.issuer.isprintable():
        raise ValueError("identity.jwt: an issuer is printable text without `#`")
    return IssuerRules(
        issuer=entry.issuer,
        audiences=frozenset(entry.audiences),
        algorithms=frozenset(entry.algorithms),
        leeway=entry.leeway,
        required_claims=frozenset(entry.required_claims),
        scope_claim=entry.scope_claim,
    )


def _key_rule(key: ApiKey) -> KeyRule:
    return KeyRule(key.name, bytes.fromhex(key.sha256), frozenset(key.scopes))


def _refuse_repeated(what: str, values: Sequence[str]) -> None:
    if len(set(values)) != len(values):
        raise ValueError(f"{what} is given twice")
