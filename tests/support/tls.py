"""TLS contexts from the certificates of tests/support/certificates.py."""

import ssl
from pathlib import Path

from tests.support.certificates import Pair


def server_context(pair: Pair) -> ssl.SSLContext:
    """A server that asks for no client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return context


def client_context(ca: Path, pair: Pair | None = None) -> ssl.SSLContext:
    """A client that trusts `ca` alone and shows `pair`, if any."""
    context = ssl.create_default_context(cafile=str(ca))
    if pair is not None:
        context.load_cert_chain(pair.certificate, pair.key)
    return context
