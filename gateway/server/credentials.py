"""TLS of a worker's socket: Envoy must show a certificate, as the worker does."""

from pathlib import Path

import grpc

from gateway.config.schema import ListenerTls


def server_credentials(tls: ListenerTls | None) -> grpc.ServerCredentials | None:
    """Credentials from the files that `tls` names; None for a socket without TLS.

    With `client_ca` Envoy's certificate is required and must chain to it. Raises OSError when a
    file cannot be read.
    """
    if tls is None:
        return None
    ca = Path(tls.client_ca).read_bytes() if tls.client_ca else None
    pair = (Path(tls.key).read_bytes(), Path(tls.certificate).read_bytes())
    return grpc.ssl_server_credentials(
        [pair], root_certificates=ca, require_client_auth=ca is not None
    )
