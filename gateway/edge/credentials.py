"""The backend's own credential, injected at the upstream connection, on every attempt.

It travels as an SDS secret in a file of mode 0600: Envoy shows the values of routes and clusters
on its admin address, but redacts secrets there.
"""

from pathlib import Path

from envoy_data_plane.envoy.config.core.v3 import DataSource, TypedExtensionConfig
from envoy_data_plane.envoy.extensions.filters.http.credential_injector.v3 import (
    CredentialInjector,
)
from envoy_data_plane.envoy.extensions.filters.http.upstream_codec.v3 import UpstreamCodec
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import HttpFilter
from envoy_data_plane.envoy.extensions.http.injected_credentials.generic.v3 import Generic
from envoy_data_plane.envoy.extensions.transport_sockets.tls.v3 import (
    GenericSecret,
    SdsSecretConfig,
    Secret,
)

from gateway.config.backend import Backend, BackendAuth
from gateway.edge.packing import file_source, packed


def upstream_filters(backend: Backend, secrets: Path | None) -> list[HttpFilter]:
    """The filters of a backend with `auth`. Its secret is in the file `secrets`; None refers to a
    static secret of the bootstrap (for validation). A request without a credential does not go."""
    auth = backend.auth
    if auth is None:
        return []
    source = file_source(secrets) if secrets else None
    credential = Generic(
        credential=SdsSecretConfig(name=secret_name(backend), sds_config=source),
        header=auth.header,
    )
    injector = CredentialInjector(
        overwrite=True,
        credential=TypedExtensionConfig(
            name="envoy.http.injected_credentials.generic", typed_config=packed(credential)
        ),
    )
    return [
        HttpFilter(name="envoy.filters.http.credential_injector", typed_config=packed(injector)),
        HttpFilter(name="envoy.filters.http.upstream_codec", typed_config=packed(UpstreamCodec())),
    ]


def secret_name(backend: Backend) -> str:
    """The name of a backend's secret."""
    return f"{backend.name}_credential"


def credential_secret(backend: Backend, auth: BackendAuth) -> Secret:
    """The secret itself. The only place where a credential is written."""
    value = DataSource(inline_string=auth.value.get_secret_value())
    return Secret(name=secret_name(backend), generic_secret=GenericSecret(secret=value))
