"""From a call, a principal and a request to the messages that CEL reads.

Pure: no I/O, no clock. Filled is only what the candidate rules read: a Struct of a thousand keys
costs 180 µs, one key of it about 1 µs.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias, TypeVar

from google.protobuf.message import Message

from gateway.model.call import Call
from gateway.model.jsonvalue import JsonMapping, JsonValue
from gateway.model.principal import Principal
from gateway.policy import attributes_pb2
from gateway.policy.cel import Bindings, Use
from gateway.policy.context import RequestContext

CREDENTIALS: Final = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "api-key",
        "x-forwarded-client-cert",
    }
)
"""Request headers that no policy sees: identity says who calls, policy reads `principal`."""

_M = TypeVar("_M", bound=Message)
_Keys: TypeAlias = Mapping[str, set[str] | None]  # field -> keys that are read, None: all


class UnbindableError(ValueError):
    """The call holds a value that no attribute can represent, so no `when` has a value for it."""


def bind(
    uses: Iterable[Use], call: Call, principal: Principal, context: RequestContext
) -> Bindings:
    """The variables that `uses` names, with the fields that it names.

    Raises UnbindableError for numbers beyond a double, lone surrogates and values whose type is not
    the declared one.
    """
    fields: dict[str, dict[str, set[str] | None]] = {}
    for variable, field, key in uses:
        keys = fields.setdefault(variable, {})
        if field is not None:
            known = keys.setdefault(field, set())
            keys[field] = None if key is None or known is None else known | {key}
    try:
        return {
            name: _VARIABLES[name](keys, call, principal, context) for name, keys in fields.items()
        }
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise UnbindableError from error


def _call(
    message: Callable[..., Message],
) -> Callable[[_Keys, Call, Principal, RequestContext], Message]:
    """What fills the variable of this type from a call."""

    def fill(keys: _Keys, call: Call, _principal: Principal, _context: RequestContext) -> Message:
        own: dict[str, JsonValue] = {
            "method": call.method,
            "kind": call.kind.value,
            "version": call.version,
            "protocol": call.protocol,
        }
        values: dict[str, object] = {}
        for field, wanted in keys.items():
            value = own[field] if field in own else call.attributes.get(field)
            if value is not None:
                values[field] = _only(value, wanted) if isinstance(value, dict) else value
        return _make(message, values)

    return fill


def _principal(keys: _Keys, _call: Call, principal: Principal, _context: RequestContext) -> Message:
    values: dict[str, object] = {}
    for field, wanted in keys.items():
        match field:
            case "kind":
                values[field] = principal.kind.value
            case "actors":
                values[field] = principal.actors
            case "scopes":
                values[field] = sorted(principal.scopes)
            case "claims":
                values[field] = _only(principal.claims, wanted)
            case _:
                values[field] = getattr(principal, field)
    return _make(attributes_pb2.Principal, values)


def _request(keys: _Keys, _call: Call, _principal: Principal, context: RequestContext) -> Message:
    values: dict[str, object] = {}
    for field, wanted in keys.items():
        match field:
            case "headers":
                values[field] = _headers(wanted, context)
            case "source_address":
                values[field] = context.head.peer.address
            case "taints":
                values[field] = sorted(context.taints)
            case "backend" | "listener":
                values[field] = getattr(context, field)
            case _:
                values[field] = getattr(context.head, field)
    return _make(attributes_pb2.Request, values)


def _now(
    _keys: _Keys, _call: Call, _principal: Principal, context: RequestContext
) -> Message | datetime:
    return datetime.fromtimestamp(context.now, UTC)


_VARIABLES: Final[
    Mapping[str, Callable[[_Keys, Call, Principal, RequestContext], Message | datetime]]
] = {
    "mcp": _call(attributes_pb2.Mcp),
    "llm": _call(attributes_pb2.Llm),
    "a2a": _call(attributes_pb2.A2a),
    "principal": _principal,
    "request": _request,
    "now": _now,
}


def _headers(wanted: set[str] | None, context: RequestContext) -> dict[str, str]:
    headers = context.head.headers
    names = {name for name, _ in headers} if wanted is None else wanted
    return {
        name: ", ".join(headers.all(name))
        for name in names
        if name in headers and name not in CREDENTIALS
    }


def _only(value: JsonMapping, wanted: set[str] | None) -> JsonMapping:
    if wanted is None:
        return dict(value)
    return {key: value[key] for key in wanted if key in value}


def _make(message: Callable[..., _M], values: Mapping[str, object]) -> _M:
    return message(**values)
