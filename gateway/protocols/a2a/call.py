"""An operation with its attributes as the call that policy judges. Pure: no I/O, no clock."""

from gateway.model.call import Call, Kind
from gateway.model.jsonvalue import JsonValue, RequestId
from gateway.protocols.a2a.client import Client
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.operation import CARD, NAME
from gateway.protocols.a2a.params import attributes_of


def call_of(
    method: str,
    params: JsonValue,
    client: Client,
    backend: str,
    ident: RequestId | None = None,
) -> Call:
    """The call of `method` with `params`; raises WrongError where these are not acceptable."""
    found = {} if method == CARD else attributes_of(method, client.version, params)
    tenant = _tenant(found.pop("tenant", ""), client)
    agent = f"{backend}/{tenant}" if tenant else backend
    attributes: dict[str, JsonValue] = {
        "method": method,
        "binding": client.binding.value,
        "version": client.version,
        "agent": agent,
        **({"tenant": tenant} if tenant else {}),
        **({"extensions": list(client.extensions)} if client.extensions else {}),
        **found,
    }
    return Call(NAME, method, Kind.REQUEST, ident, agent, client.version, attributes)


def _tenant(named: JsonValue, client: Client) -> str:
    """The tenant of path and params, which must not name two."""
    prefix = client.operation.tenant if client.operation else ""
    if named and prefix and named != prefix:
        raise WrongError("path and params name different tenants")
    return prefix or str(named)
