"""The table of attributes is that of message Mcp in protos/attributes.proto."""

from typing import Any

from gateway.policy import attributes_pb2
from gateway.protocols.mcp.attributes import NOTIFICATIONS, REQUESTS, Type, rows
from gateway.protocols.mcp.message import MODERN_REQUESTS

PROTO_TYPES = {
    Type.STRING: "string",
    Type.TOKEN: "string",
    Type.STRINGS: "repeated string",
    Type.OBJECT: "google.protobuf.Struct",
    Type.ARGUMENTS: "google.protobuf.Struct",
    Type.STRING_MAP: "google.protobuf.Struct",
    Type.NUMBER: "double",
    Type.BOOL: "bool",
}
OF_EVERY_CALL = {"method", "kind", "version"}
MESSAGES = {*REQUESTS, *NOTIFICATIONS}


def declared() -> dict[str, tuple[str, set[str]]]:
    """Per field of the proto its type and the methods that carry it."""
    found: dict[str, tuple[str, set[str]]] = {}
    fields: Any = attributes_pb2.Mcp.DESCRIPTOR.fields  # the stubs know no extensions
    for field in fields:
        names = {field.TYPE_STRING: "string", field.TYPE_DOUBLE: "double", field.TYPE_BOOL: "bool"}
        kind = field.message_type.full_name if field.message_type else names[field.type]
        methods: set[str] = set(field.GetOptions().Extensions[attributes_pb2.methods])
        carriers = MESSAGES if methods == {"messages"} else methods
        found[field.name] = ("repeated " * field.is_repeated + kind, carriers)
    return found


def test_every_attribute_is_a_field_of_the_same_type_for_the_same_methods() -> None:
    types = {attribute.name: PROTO_TYPES[attribute.type] for _, attribute in rows()}
    methods: dict[str, set[str]] = {}
    for method, attribute in rows():
        methods.setdefault(attribute.name, set()).add(method)
    methods["protocol_version"] = MESSAGES  # of the head where no param says it
    ours = {name: (types[name], methods[name]) for name in types}
    assert ours == {k: v for k, v in declared().items() if k not in OF_EVERY_CALL}


def test_an_attribute_has_one_type_over_all_methods() -> None:
    types: dict[str, set[str]] = {}
    for _, attribute in rows():
        types.setdefault(attribute.name, set()).add(PROTO_TYPES[attribute.type])
    assert [name for name, found in types.items() if len(found) > 1] == []


def test_every_modern_request_is_in_the_table() -> None:
    assert set(REQUESTS) >= MODERN_REQUESTS
