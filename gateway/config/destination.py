"""A backend's `url`, said in the terms of the other keys. Pure."""

from typing import Final

from gateway.config.addresses import parse_https_url
from gateway.config.backend import Backend, BackendTls
from gateway.config.schema import Gateway

URL_HEALTH_SECONDS: Final = 10.0
"""Between health checks of a server that is somebody else's."""


def settled(gateway: Gateway) -> Gateway:
    """The same with endpoints, host, path and TLS in every backend, whether by `url` or not.

    For a configuration in which `check_gateway` found no error; a `url` that it refuses is left.
    """
    return gateway.model_copy(
        update={"backends": tuple(_settled(backend) for backend in gateway.backends)}
    )


def _settled(backend: Backend) -> Backend:
    url = parse_https_url(backend.url) if backend.url is not None else None
    if url is None:
        return backend
    tls = backend.tls or BackendTls()
    given = "health_interval" in backend.model_fields_set
    return backend.model_copy(
        update={
            "endpoints": (url.endpoint,),
            "host": url.authority,
            "path": url.path,
            "tls": tls.model_copy(update={"server_name": url.host}),
            "health_interval": backend.health_interval if given else URL_HEALTH_SECONDS,
        }
    )
