"""A token issuer with real keys, made for one test run."""

import json
import time
from functools import cache
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from gateway.config.schema import Identity, JwtIssuer, ListenerIdentity
from gateway.identity.keys import KeySets, parse_key_set
from gateway.identity.rules import ListenerRules, compile_rules
from gateway.model.head import Headers, Peer, RequestHead
from gateway.model.jsonvalue import JsonObject, JsonValue

ISSUER: Final = "https://idp.example"
AUDIENCE: Final = "https://gateway.example/mcp"
ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
NOW: Final = float(int(time.time()))
AGENT: Final = "spiffe://cluster.local/ns/agents/sa/triage"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@cache
def private_key(algorithm: str, name: str = "first") -> PrivateKey:
    """A private key for `algorithm`, one for each `name`."""
    del name
    match algorithm:
        case "RS256":
            return rsa.generate_private_key(65537, 2048)
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case _:
            return ed25519.Ed25519PrivateKey.generate()


def public_jwk(key: PrivateKey, **members: JsonValue) -> JsonObject:
    """The public JWK of `key` with further members."""
    match key:
        case rsa.RSAPrivateKey():
            jwk = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case ec.EllipticCurvePrivateKey():
            jwk = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case ed25519.Ed25519PrivateKey():
            jwk = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**jwk, **members}


def jwks(*keys: JsonObject) -> bytes:
    """A JWKS document."""
    return json.dumps({"keys": keys}).encode()


@cache
def key_sets() -> KeySets:
    """One key of each algorithm, its kid the algorithm's name."""
    document = jwks(*(public_jwk(private_key(name), kid=name) for name in ALGORITHMS))
    return KeySets({ISSUER: parse_key_set(document)})


def claims(**members: JsonValue) -> JsonObject:
    """Claims of a good token, changed by `members`; None removes one."""
    good: JsonObject = {"iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "exp": NOW + 300}
    return {name: value for name, value in {**good, **members}.items() if value is not None}


def token(
    payload: "JsonObject | None" = None,
    algorithm: str = "ES256",
    header: "JsonObject | None" = None,
    key: PrivateKey | None = None,
) -> str:
    """A signed token; kid is the algorithm unless `header` says otherwise (None: no kid)."""
    members = {"kid": algorithm, **(header or {})}
    return jwt.api_jws.encode(
        json.dumps(claims() if payload is None else payload).encode(),
        private_key(algorithm) if key is None else key,
        algorithm,
        headers={name: value for name, value in members.items() if value is not None},
    )


def request(
    *lines: tuple[str, str], path: str = "/mcp", spiffe: str | None = None, route: str = ""
) -> RequestHead:
    """A request head with these header lines and, with `spiffe`, that mTLS peer."""
    peer = Peer() if spiffe is None else Peer("10.0.0.1:1", True, (spiffe,))
    return RequestHead(
        "POST", path, "gateway.example", "https", Headers(lines), route=route, peer=peer
    )


def bearing(value: str, path: str = "/mcp", spiffe: str | None = None) -> RequestHead:
    """A request with `value` as its bearer token."""
    return request(("authorization", f"Bearer {value}"), path=path, spiffe=spiffe)


def issuer_config(**members: object) -> JwtIssuer:
    """The issuer of this module, changed by `members`."""
    good: dict[str, object] = {
        "issuer": ISSUER,
        "audiences": (AUDIENCE,),
        "jwks_file": "keys.json",
    }
    return JwtIssuer.model_validate({**good, **members})


def rules(*accept: str, **members: object) -> ListenerRules:
    """Rules that accept these methods with this module's issuer; `members` of the listener."""
    listener = ListenerIdentity.model_validate({"accept": accept, **members})
    return compile_rules(
        listener,
        Identity(jwt=(issuer_config(),)),
        {"triage": ("issues:read",)},
    )
