"""Verification keys of token issuers, from JSON Web Key Sets. Pure: no I/O, no clock.

Only public, asymmetric keys of a known strength become verification keys, each bound to the
algorithms that fit it: what a token's header says never widens that (RFC 8725, section 3.1).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import InvalidKeyError
from jwt.algorithms import get_default_algorithms

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.wire.strictjson import Document, decode

MAX_KEYS: Final = 64
MAX_REMEMBERED: Final = 4096
MAX_DOCUMENT: Final = 512 * 1024
MIN_RSA_BITS: Final = 2048  # RFC 7518, section 3.3
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_ALGORITHMS: Final = get_default_algorithms()
# Which of PyJWT's algorithms reads the JWK of each key type.
_READERS: Final = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
# RFC 9864 names EdDSA over Ed25519 with its curve; tokens and configuration say EdDSA.
_SYNONYMS: Final = {"Ed25519": "EdDSA"}

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key and the JWS algorithms that it may verify.

    A client sends one token with every request, so the digests of the last `MAX_REMEMBERED` good
    signatures are remembered: a fact that cannot change while this key is trusted, and that goes
    with it when its set is replaced. Claims and times are no part of it and are judged each time.
    """

    kid: str | None
    algorithms: frozenset[str]
    public: PublicKey
    _good: dict[bytes, None] = field(
        default_factory=dict[bytes, None], init=False, repr=False, compare=False
    )

    def verifies(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        """Whether `signature` over `signed` is this key's; False for a foreign algorithm."""
        if algorithm not in self.algorithms:
            return False
        # Neither an algorithm's name nor what a JWS signs has a NUL in it.
        digest = hashlib.sha256(b"%b\0%b\0%b" % (algorithm.encode(), signed, signature)).digest()
        if digest in self._good:
            return True
        good = _ALGORITHMS[algorithm].verify(signed, self.public, signature)
        if good:
            self._remember(digest)
        return good

    @property
    def remembered(self) -> int:
        """How many signatures are remembered, at most `MAX_REMEMBERED`."""
        return len(self._good)

    def _remember(self, digest: bytes) -> None:
        if len(self._good) >= MAX_REMEMBERED:
            del self._good[next(iter(self._good))]
        self._good[digest] = None


class KeySource(Protocol):
    """Where token verification finds the keys of an issuer."""

    def find(self, issuer: str, kid: str | None) -> Sequence[VerificationKey] | None:
        """The keys of `issuer` with this `kid`; every key when the token names none.

        Empty when the issuer has no such key, None while no key set of it is known at all.
        """
        ...


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of one JWKS document, at most `MAX_KEYS`."""

    keys: tuple[VerificationKey, ...]

    def with_kid(self, kid: str | None) -> tuple[VerificationKey, ...]:
        """Keys with exactly this id; all of them for None."""
        return self.keys if kid is None else tuple(key for key in self.keys if key.kid == kid)


class KeySets:
    """A `KeySource` in memory: one key set an issuer, as the supervisor last handed them over.

    `missed` is told the issuer when a token names a key id that its set does not have, so that
    the key set can be fetched early; the receiver limits the rate.
    """

    __slots__ = ("_missed", "_sets")

    def __init__(
        self, sets: Mapping[str, KeySet], missed: Callable[[str], None] | None = None
    ) -> None:
        self._sets = dict(sets)
        self._missed = missed

    def find(self, issuer: str, kid: str | None) -> Sequence[VerificationKey] | None:
        """See `KeySource.find`."""
        key_set = self._sets.get(issuer)
        if key_set is None:
            return None
        found = key_set.with_kid(kid)
        if not found and self._missed is not None:
            self._missed(issuer)
        return found


def parse_key_set(document: bytes) -> KeySet:
    """Read a JWKS (RFC 7517, section 5).

    Keys for encryption, private and symmetric keys, unknown kinds and curves, weak RSA keys and
    keys whose `alg` does not fit are left out, as section 5 wants for what is not understood.
    ValueError, with a reason that quotes nothing, for anything that is not a JWKS, has more than
    `MAX_KEYS` entries or no usable key.
    """
    read = decode(document, MAX_DOCUMENT)
    members = read.value if isinstance(read, Document) else None
    entries = members.get("keys") if isinstance(members, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a JSON Web Key Set: no array `keys`")  # noqa: TRY004  bad content
    if len(entries) > MAX_KEYS:
        raise ValueError(f"a key set may have at most {MAX_KEYS} keys")
    keys = tuple(key for entry in entries if (key := _verification_key(entry)) is not None)
    if not keys:
        raise ValueError("no key of the set can verify a signature")
    return KeySet(keys)


def _verification_key(entry: JsonValue) -> VerificationKey | None:
    if not isinstance(entry, dict) or not _for_verification(entry):
        return None
    kid = entry.get("kid")
    public = _public_key(entry)
    if public is None or not (kid is None or isinstance(kid, str)):
        return None
    algorithms = _fitting(public)
    if "alg" in entry:
        declared = entry["alg"]
        if not isinstance(declared, str):
            return None
        algorithms &= {_SYNONYMS.get(declared, declared)}
    return VerificationKey(kid, algorithms, public) if algorithms else None


def _for_verification(entry: JsonObject) -> bool:
    """RFC 7517, 4.2 and 4.3; a published private key (`d`) is compromised and never trusted."""
    operations = entry.get("key_ops", ["verify"])
    return (
        entry.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and "d" not in entry
    )


def _public_key(entry: JsonObject) -> PublicKey | None:
    kind = entry.get("kty")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        return None
    try:
        key: object = _ALGORITHMS[reader].from_jwk(entry)
    except (InvalidKeyError, ValueError, TypeError, AttributeError, KeyError):
        return None
    if isinstance(key, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey):
        return key
    return None


def _fitting(key: PublicKey) -> frozenset[str]:
    if isinstance(key, RSAPublicKey):
        return _RSA if key.key_size >= MIN_RSA_BITS else frozenset()
    if isinstance(key, Ed25519PublicKey):
        return frozenset({"EdDSA"})
    if isinstance(key.curve, SECP256R1):
        return frozenset({"ES256"})
    return frozenset({"ES384"}) if isinstance(key.curve, SECP384R1) else frozenset()
