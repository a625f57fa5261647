"""SPIFFE identity of the verified mTLS peer. Pure: no I/O, no clock.

Source: X.509-SVID sections 2 and 5.2. What the connection proved comes from Envoy's attributes,
never from a header.
"""

from gateway.identity.base import Invalid, Method, Outcome
from gateway.identity.keys import KeySource
from gateway.identity.rules import ListenerRules
from gateway.identity.spiffe_id import the_workload_id, trust_domain
from gateway.model.head import RequestHead
from gateway.model.principal import Principal, PrincipalKind


def verify(head: RequestHead, rules: ListenerRules, keys: KeySource, now: float) -> Outcome:
    """Absent without a client certificate or when it names no URI; else its one SPIFFE ID."""
    del rules, keys, now
    if not head.peer.mtls or not head.peer.uri_sans:
        return None
    subject = the_workload_id(head.peer.uri_sans)
    if subject is None:
        return Invalid("the client certificate does not name exactly one SPIFFE ID")
    return Principal(PrincipalKind.SPIFFE, trust_domain(subject), subject)


METHOD = Method("spiffe", verify)
