"""Protected resource metadata (RFC 9728): which tokens a route takes. Pure: no I/O, no clock."""

import re
import urllib.parse
from collections.abc import Sequence
from typing import Final

from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonObject

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
_AUTHORITY: Final = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_PATH_CHARACTERS: Final = "/-._~!$&'()*+,;=:@%"  # pchar and "/" of RFC 3986, section 3.3


def origin_of(head: RequestHead, resource_base: str | None) -> str | None:
    """The origin that clients know the gateway by: `resource_base`, else the request's own.

    None when the request's authority or scheme has characters that no origin has, so that neither
    can write into a header or a document.
    """
    if resource_base is not None:
        return resource_base
    if head.scheme not in ("http", "https") or _AUTHORITY.fullmatch(head.authority) is None:
        return None
    return f"{head.scheme}://{head.authority}"


def metadata_path(route_path: str) -> str:
    """Where the document of a route is served: the well-known name goes before the route's path
    (RFC 9728, section 3.1)."""
    return WELL_KNOWN + ("" if route_path == "/" else route_path)


def metadata_url(origin: str, route_path: str) -> str:
    """The absolute URL of the document of the route at `route_path`."""
    return origin + urllib.parse.quote(metadata_path(route_path), safe=_PATH_CHARACTERS)


def metadata_document(
    origin: str,
    route_path: str,
    scopes: Sequence[str] = (),
    authorization_servers: Sequence[str] = (),
) -> JsonObject:
    """The document of one route; members without a value are left out (RFC 9728, section 2)."""
    resource = origin + urllib.parse.quote(route_path, safe=_PATH_CHARACTERS)
    document: JsonObject = {"resource": resource, "bearer_methods_supported": ["header"]}
    if authorization_servers:
        document["authorization_servers"] = list(authorization_servers)
    if scopes:
        document["scopes_supported"] = list(scopes)
    return document
