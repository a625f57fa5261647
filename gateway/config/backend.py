"""The types of backends in gateway.yaml: upstream servers, how to reach them and with what."""

from pydantic import Field, SecretStr

from gateway.config.section import LocalPath, Name, Seconds, Section


class BackendTls(Section):
    """TLS to a backend: the certificate must chain to `ca` and name `server_name`."""

    server_name: str = Field(
        default="",
        description="SNI, and the DNS name that the certificate must carry; of a `url` its host.",
    )
    ca: LocalPath | None = Field(
        default=None, description="Path of the PEM CA; unset: the system's."
    )
    certificate: LocalPath | None = Field(default=None, description="Our client certificate (PEM).")
    key: LocalPath | None = Field(default=None, description="Our client key (PEM).")


class BackendAuth(Section):
    """The credential that the gateway itself presents to a backend."""

    header: str = Field(default="authorization", pattern=r"^[a-z0-9-]+$")
    value: SecretStr = Field(description='The whole header value, e.g. "Bearer ${TOKEN}".')


class Backend(Section):
    """Replicas of one upstream server that may serve the same requests, or a server elsewhere by
    its `url`: exactly one of `endpoints` and `url`."""

    name: Name
    endpoints: tuple[str, ...] = Field(default=(), description="host:port of each replica.")
    url: str | None = Field(
        default=None,
        description="https://host[:port]/path: says endpoint, path, Host header, and TLS with this "
        "host as SNI and in the certificate, for which `tls` may name another CA and our own pair.",
    )
    private: bool = Field(
        default=False,
        description="Whether the host of `url` may have private and loopback addresses. Others "
        "that are not public, such as link-local ones, are never connected to.",
    )
    path: str | None = Field(
        default=None,
        pattern=r"^/",
        description="Path at the backend in place of the route's; unset: the client's path.",
    )
    host: str | None = Field(default=None, description="Host header to send; unset: the client's.")
    http2: bool = Field(default=False, description="Speak HTTP/2 without TLS, as gRPC needs it.")
    tls: BackendTls | None = None
    auth: BackendAuth | None = None
    health_interval: Seconds = Field(
        default=0.5, description="Between TCP health checks; of a `url` 10 unless given."
    )
