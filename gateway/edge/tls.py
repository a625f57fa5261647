"""TLS on both sides of Envoy: what a listener asks of clients, what a backend must prove."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import betterproto2
from envoy_data_plane.envoy.config.core.v3 import DataSource, TransportSocket
from envoy_data_plane.envoy.extensions.transport_sockets.tls.v3 import (
    CertificateValidationContext,
    CommonTlsContext,
    DownstreamTlsContext,
    SdsSecretConfig,
    Secret,
    SubjectAltNameMatcher,
    SubjectAltNameMatcherSanType,
    TlsCertificate,
    TlsParameters,
    TlsParametersTlsProtocol,
    UpstreamTlsContext,
)
from envoy_data_plane.envoy.type.matcher.v3 import StringMatcher

from gateway.config.backend import BackendTls
from gateway.config.files import system_ca
from gateway.config.schema import ListenerTls
from gateway.edge.packing import file_source, packed

CERTIFICATE: Final = "certificate"
AUTHORITY: Final = "authority"
NO_BUNDLE: Final = "/no-ca-bundle"
"""Where no CA is known (`check` reports that), Envoy must fail to start and not trust anybody."""

_ALPN: Final = ("h2", "http/1.1")
_AT_LEAST: Final = TlsParameters(tls_minimum_protocol_version=TlsParametersTlsProtocol.TLSv1_2)


@dataclass(frozen=True, slots=True)
class ListenerSecrets:
    """The files (SDS) with the certificate of a listener and the authority of its clients: what is
    in them is exchanged without a restart."""

    certificate: Path
    authority: Path


def listener_socket(tls: ListenerTls, secrets: ListenerSecrets | None) -> TransportSocket:
    """TLS of a listener. A client certificate that does not chain to `client_ca` is refused even
    where certificates are optional. Without `secrets` (for validation) Envoy reads the PEM files
    itself."""
    context = CommonTlsContext(tls_params=_AT_LEAST, alpn_protocols=list(_ALPN))
    if secrets is None:
        context.tls_certificates = [_certificate(tls.certificate, tls.key)]
        context.validation_context = _trust(tls.client_ca) if tls.client_ca else None
    else:
        context.tls_certificate_sds_secret_configs = [_secret(CERTIFICATE, secrets.certificate)]
        if tls.client_ca:
            context.validation_context_sds_secret_config = _secret(AUTHORITY, secrets.authority)
    required = tls.client_ca is not None and tls.client_certificate == "required"
    return _socket(
        DownstreamTlsContext(common_tls_context=context, require_client_certificate=required)
    )


def listener_certificate(tls: ListenerTls) -> Secret:
    """The certificate and key, as they are in their files now. Raises OSError."""
    pair = TlsCertificate(
        certificate_chain=_content(tls.certificate), private_key=_content(tls.key)
    )
    return Secret(name=CERTIFICATE, tls_certificate=pair)


def listener_authority(client_ca: str) -> Secret:
    """The authority of clients, as it is in its file now. Raises OSError."""
    trust = CertificateValidationContext(trusted_ca=_content(client_ca))
    return Secret(name=AUTHORITY, validation_context=trust)


def backend_socket(tls: BackendTls) -> TransportSocket:
    """TLS to a backend: SNI and the certificate's DNS name are both `server_name`."""
    trust = _trust(tls.ca or system_ca() or NO_BUNDLE)
    trust.match_typed_subject_alt_names = [
        SubjectAltNameMatcher(
            san_type=SubjectAltNameMatcherSanType.DNS,
            matcher=StringMatcher(exact=tls.server_name, ignore_case=True),
        )
    ]
    own = [_certificate(tls.certificate, tls.key)] if tls.certificate and tls.key else []
    context = CommonTlsContext(
        tls_params=_AT_LEAST,
        tls_certificates=own,
        alpn_protocols=list(_ALPN),
        validation_context=trust,
    )
    return _socket(UpstreamTlsContext(common_tls_context=context, sni=tls.server_name))


def worker_socket(tls: ListenerTls) -> TransportSocket:
    """mTLS to the workers. Envoy shows the workers' own certificate; one CA vouches for both."""
    context = CommonTlsContext(
        tls_params=_AT_LEAST,
        tls_certificates=[_certificate(tls.certificate, tls.key)],
        alpn_protocols=["h2"],
        validation_context=_trust(tls.client_ca or NO_BUNDLE),
    )
    return _socket(UpstreamTlsContext(common_tls_context=context))


def _secret(name: str, file: Path) -> SdsSecretConfig:
    return SdsSecretConfig(name=name, sds_config=file_source(file))


def _content(file: str) -> DataSource:
    return DataSource(inline_bytes=Path(file).read_bytes())


def _trust(ca: str) -> CertificateValidationContext:
    return CertificateValidationContext(trusted_ca=DataSource(filename=ca))


def _certificate(chain: str, key: str) -> TlsCertificate:
    return TlsCertificate(
        certificate_chain=DataSource(filename=chain), private_key=DataSource(filename=key)
    )


def _socket(context: betterproto2.Message) -> TransportSocket:
    return TransportSocket(name="envoy.transport_sockets.tls", typed_config=packed(context))
