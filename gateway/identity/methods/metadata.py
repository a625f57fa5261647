"""Identity from a token payload that a filter of Envoy verified. Pure: no I/O, no clock.

envoy.filters.http.jwt_authn writes the claims below its `payload_in_metadata` key; other filters
write them straight into their namespace. Nothing but the namespaces that the listener names is
read, and a namespace with content but without exactly one payload is refused: it is what a filter
leaves that let a failing token pass.
"""

from gateway.identity.base import Invalid, Method, Outcome
from gateway.identity.claims import act_chain, scopes_of, seconds, subject_of
from gateway.identity.keys import KeySource
from gateway.identity.rules import ListenerRules
from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonObject
from gateway.model.principal import Principal, PrincipalKind


def verify(head: RequestHead, rules: ListenerRules, keys: KeySource, now: float) -> Outcome:
    """Absent when no named namespace has content; refused when more than one has."""
    del keys, now
    present = [name for name in rules.metadata_namespaces if head.metadata.get(name)]
    if not present:
        return None
    payloads = _payloads(head.metadata[present[0]])
    if len(present) != 1 or len(payloads) != 1:
        return Invalid("the verified token payload is missing or ambiguous", bearer=True)
    return _principal(present[0], payloads[0])


def _payloads(content: JsonObject) -> list[JsonObject]:
    if "sub" in content:
        return [content]
    return [entry for entry in content.values() if isinstance(entry, dict) and "sub" in entry]


def _principal(namespace: str, payload: JsonObject) -> Principal | Invalid:
    issuer = _issuer(namespace, payload)
    subject = subject_of(payload.get("sub"))
    scopes = scopes_of(payload.get("scope"))
    if issuer is None or subject is None or scopes is None:
        return Invalid("a claim of the token has the wrong form", bearer=True)
    actors = act_chain(payload, f"metadata:{issuer}")
    # Without an issuer between them, a `#` would let a subject pass for issuer and subject.
    if actors is None or ("#" in subject and issuer == namespace):
        return Invalid("a claim of the token has the wrong form", bearer=True)
    return Principal(
        PrincipalKind.METADATA,
        issuer,
        subject,
        actors=actors,
        scopes=scopes,
        claims=payload,
        expires_at=seconds(payload.get("exp")),
    )


def _issuer(namespace: str, payload: JsonObject) -> str | None:
    """`NAMESPACE#ISS`: one namespace can carry tokens of several issuers, whose users differ."""
    if "iss" not in payload:
        return namespace
    issuer = subject_of(payload["iss"])
    return None if issuer is None or "#" in issuer else f"{namespace}#{issuer}"


METHOD = Method("metadata", verify)
