from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from gateway.policy import attributes_pb2
from gateway.policy.vocabulary import CARRIERS, METHODS, VARIABLES
from gateway.protocols.mcp.attributes import Type, rows
from protos.generate import PROTOS, ROOT, TARGETS, generate


@pytest.mark.parametrize("proto", sorted(TARGETS))
def test_generated_modules_are_what_protoc_makes_of_the_proto_files(proto: str) -> None:
    folder = ROOT / TARGETS[proto]
    found = {name: (folder / name).read_text() for name in generate(proto)}
    assert found == dict(generate(proto)), "run: .venv/bin/python protos/generate.py"


def test_every_proto_file_has_a_target() -> None:
    assert {path.name for path in PROTOS.glob("*.proto")} == set(TARGETS)


def test_a_folder_of_proto_files_is_no_package() -> None:
    assert not (PROTOS / "__init__.py").exists()


def test_every_field_names_methods_that_exist() -> None:
    assert all(methods and methods <= METHODS for methods in CARRIERS.values())


def test_every_attribute_of_the_deframer_is_a_field_that_its_method_carries() -> None:
    wrong = [
        (method, attribute.name)
        for method, attribute in rows()
        if method not in CARRIERS.get(("mcp", attribute.name), frozenset())
    ]
    assert wrong == []


def test_every_attribute_of_the_deframer_has_the_type_of_its_field() -> None:
    fields = _field_types()
    assert {
        (attribute.name, fields[attribute.name], _proto_type(attribute.type))
        for _, attribute in rows()
        if fields[attribute.name] != _proto_type(attribute.type)
    } == set()


def _field_types() -> Mapping[str, str]:
    file = FileDescriptorProto()
    attributes_pb2.DESCRIPTOR.CopyToProto(file)
    mcp = next(message for message in file.message_type if message.name == "Mcp")
    kinds = {1: "double", 8: "bool", 9: "string", 11: "struct"}
    return {
        field.name: ("repeated " if field.label == field.LABEL_REPEATED else "") + kinds[field.type]
        for field in mcp.field
    }


def _proto_type(kind: Type) -> str:
    match kind:
        case Type.STRING | Type.TOKEN:
            return "string"
        case Type.STRINGS:
            return "repeated string"
        case Type.NUMBER:
            return "double"
        case Type.BOOL:
            return "bool"
        case _:
            return "struct"


def test_every_field_of_the_vocabulary_has_a_comment() -> None:
    assert list(_undocumented(PROTOS / "attributes.proto")) == []


def _undocumented(proto: Path) -> Iterator[str]:
    lines = proto.read_text().splitlines()
    for before, line in pairwise(lines):
        is_field = line.startswith("  ") and " = " in line and not line.strip().startswith("(")
        if is_field and "//" not in line and not before.strip().startswith("//"):
            yield line.strip()


def test_the_variables_of_when_are_the_messages_of_the_vocabulary() -> None:
    assert {message.DESCRIPTOR.name for message in VARIABLES.values()} == set(
        attributes_pb2.DESCRIPTOR.message_types_by_name
    )
