"""Certificates of clients that nobody verifies. With ACCEPT_UNTRUSTED Envoy calls a connection
mutual whoever signed the certificate, and tells the names in it (measured on 1.40)."""

from collections.abc import Iterator
from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import Setup

_ACCEPTED: Final = "ACCEPT_UNTRUSTED"


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        for node in manager.listener.walk():
            for context in _contexts(node["common_tls_context"]):
                trust = context["trust_chain_verification"]
                if trust.text == _ACCEPTED or trust.number == 1:
                    yield trust, "clients may show certificates of any authority"


def _contexts(common: Node) -> Iterator[Node]:
    yield common["validation_context"]
    yield common["combined_validation_context.default_validation_context"]


DANGER: Final = Danger(
    name="untrusted-certificates",
    level="danger",
    reason="whoever signs a certificate is who it says, to the gateway as well",
    fix="take transport_socket from the snippet, or leave trust_chain_verification out",
    find=_find,
)
