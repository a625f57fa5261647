"""Bodies of 0.3's REST under the names of JSON. Pure: no I/O, no clock.

ProtoJSON readers take a field by its name in the proto file, too, and the official client of 0.3
writes nothing else over REST (`request`, `message_id`). Both spellings of one field are refused.
"""

import re
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.messages import REQUESTS, Kind, Named, Table
from gateway.protocols.a2a.operation import V03

_CAPITAL: Final = re.compile(r"[A-Z]")
_OTHERWISE: Final = {"message": "request"}
"""SendMessageRequest.request has a name of its own in JSON."""


def proto_name(name: str) -> str:
    """What a field of the requests is called in a2a.proto of 0.3."""
    return _OTHERWISE.get(name) or _CAPITAL.sub(lambda match: f"_{match[0].lower()}", name)


def with_json_names(method: str, body: JsonObject) -> JsonObject:
    """`body` with every field of the request of `method` under its name in JSON; raises WrongError
    where one has both."""
    return _object(body, REQUESTS[V03][method])


def _object(members: JsonObject, table: Table) -> JsonObject:
    by_name: dict[str, Named] = {}
    for field in table.values():
        by_name[field.name] = by_name[proto_name(field.name)] = field
    found: JsonObject = {}
    for key, value in members.items():
        field = by_name.get(key)
        name = field.name if field else key
        if name in found:
            raise WrongError(f'"{name}" is there under two names')
        found[name] = _value(value, field) if field else value
    return found


def _value(value: JsonValue, field: Named) -> JsonValue:
    if field.kind is not Kind.MESSAGE or field.inner is None:
        return value
    if isinstance(value, list):
        return [_value(one, field) for one in value]
    return _object(value, field.inner) if isinstance(value, dict) else value
