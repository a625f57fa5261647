"""Files that the configuration names, and the system's CA bundle: can they be opened?"""

import os
import ssl
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Final

from gateway.config.document import Document
from gateway.config.yamltree import Path
from gateway.model.problem import Problem

_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def system_ca() -> str | None:
    """The PEM bundle of the authorities that this system trusts ($SSL_CERT_FILE counts), or None.

    Envoy 1.40 ignores `system_root_certs`, so it needs the path.
    """
    own = ssl.get_default_verify_paths().cafile
    return next((path for path in (own, *_BUNDLES) if path and FilePath(path).is_file()), None)


def unusable_pair(
    document: Document, path: Path, certificate: str | None, key: str | None
) -> Iterator[Problem]:
    """A problem at `path` if the two readable files are not a PEM certificate and its key."""
    if not (_readable(certificate) and _readable(key)):
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate or "", key, password=_no_password)
    except (ssl.SSLError, OSError, ValueError):
        fix = "give the PEM certificate chain, and the key that belongs to it, without a passphrase"
        yield document.problem(path, "certificate and key do not make a pair", fix)


def unusable_ca(document: Document, path: Path, file: str | None) -> Iterator[Problem]:
    """A problem at `path` if the readable file holds no PEM certificates."""
    if not _readable(file):
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except (ssl.SSLError, OSError):
        yield document.problem(path, f"{document.quote(path)} holds no PEM certificates")


def _no_password() -> str:
    """Instead of asking on the terminal."""
    return ""


def _readable(file: str | None) -> bool:
    return file is not None and FilePath(file).is_file() and os.access(file, os.R_OK)


def unreadable(document: Document, path: Path, file: str | None) -> Iterator[Problem]:
    """A problem at `path` if `file` is given and cannot be read."""
    if file is None:
        return
    try:
        with FilePath(file).open("rb") as opened:
            empty = not opened.read(1)
    except OSError as error:
        yield document.problem(path, f"cannot read {document.quote(path)}: {error.strerror}")
        return
    if empty:
        yield document.problem(path, f"{document.quote(path)} is an empty file")
