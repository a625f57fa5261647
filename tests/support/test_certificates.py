"""The certificates of the tests are what the tests believe them to be."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509

from tests.support.certificates import Authority, Pair

AGENT = "spiffe://cluster.local/ns/github-agents/sa/issue-triage-agent"


def handshake(ca: Path, server: Pair, client: Pair | None, host: str) -> bytes | None:
    """A TLS handshake between two sockets; the client's certificate as the server saw it."""
    listening = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    listening.load_cert_chain(server.certificate, server.key)
    listening.load_verify_locations(ca)
    listening.verify_mode = ssl.CERT_OPTIONAL
    calling = ssl.create_default_context(cafile=str(ca))
    if client is not None:
        calling.load_cert_chain(client.certificate, client.key)
    seen: list[bytes | None] = []
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            with listening.wrap_socket(far, server_side=True) as accepted:
                seen.append(accepted.getpeercert(binary_form=True))
                accepted.sendall(b"x")
        except OSError:
            far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with near, calling.wrap_socket(near, server_hostname=host) as connected:
            connected.recv(1)
    finally:
        thread.join()
    return seen[0]


def test_a_client_certificate_carries_its_spiffe_id_through_a_handshake(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    seen = handshake(
        authority.ca, authority.server("a.example"), authority.client(AGENT), "a.example"
    )
    assert seen is not None
    sans = x509.load_der_x509_certificate(seen).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert sans.value.get_values_for_type(x509.UniformResourceIdentifier) == [AGENT]


def test_a_server_may_be_named_by_its_address(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    assert handshake(authority.ca, authority.server("127.0.0.1"), None, "127.0.0.1") is None


@pytest.mark.parametrize("wrong", ["name", "expired", "authority"])
def test_wrong_server_certificates_are_refused_by_a_client(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "other").mkdir()
    authority, other = Authority(tmp_path), Authority(tmp_path / "other")
    server = {
        "name": authority.server("b.example"),
        "expired": authority.server("a.example", expired=True),
        "authority": other.server("a.example"),
    }[wrong]
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(authority.ca, server, None, "a.example")


@pytest.mark.parametrize("wrong", ["expired", "authority"])
def test_wrong_client_certificates_are_refused_by_a_server(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "other").mkdir()
    authority, other = Authority(tmp_path), Authority(tmp_path / "other")
    client = {"expired": authority.client(AGENT, expired=True), "authority": other.client(AGENT)}
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(authority.ca, authority.server("a.example"), client[wrong], "a.example")
