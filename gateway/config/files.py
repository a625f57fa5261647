"""Files that the configuration names, and the system's CA bundle: can they be opened?"""

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
