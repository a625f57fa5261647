"""What is read is what the official parser reads, and what parsers could differ on is refused."""

import pytest
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Value
from google.protobuf.type_pb2 import Field as Sample
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.protowire import Field, Unreadable, WireType, fields, int32, text

LIMIT = 50


@given(
    number=st.integers(-(2**31), 2**31 - 1),
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_the_values_are_those_of_the_official_parser(number: int, name: str) -> None:
    found = fields(Sample(number=number, name=name).SerializeToString(), LIMIT)
    assert not isinstance(found, Unreadable)
    assert set(found) == {key for key, value in ((3, number), (4, name)) if value}
    if number:
        (field,) = found[3]
        assert field.type is WireType.VARINT
        assert isinstance(field.value, int)
        assert int32(field.value) == number
    if name:
        assert found[4] == (Field(WireType.LENGTH, name.encode()),)


def test_fixed_widths_are_little_endian() -> None:
    found = fields(b"\x15\x01\x00\x00\x00" + b"\x19\x02" + b"\x00" * 7, LIMIT)
    assert found == {2: (Field(WireType.FIXED32, 1),), 3: (Field(WireType.FIXED64, 2),)}


def test_every_occurrence_is_told() -> None:
    found = fields(b"\x08\x01\x12\x01a\x08\x02", LIMIT)
    assert found == {
        1: (Field(WireType.VARINT, 1), Field(WireType.VARINT, 2)),
        2: (Field(WireType.LENGTH, b"a"),),
    }


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x08", "truncated"),
        (b"\x08\x80", "truncated"),
        (b"\x12\x05abc", "truncated"),
        (b"\x12", "truncated"),
        (b"\x19\x00\x00", "truncated"),
        (b"\x0b\x0c", "wire type"),
        (b"\x0e\x00", "wire type"),
        (b"\x0f\x00", "wire type"),
        (b"\x00\x00", "illegal number"),
        (b"\x80\x80\x80\x80\x10\x00", "illegal number"),
        (b"\x08\x81\x00", "longer"),
        (b"\x88\x00\x01", "longer"),
        (b"\x08" + b"\xff" * 9 + b"\x02", "longer"),
        (b"\x08" + b"\x80" * 11 + b"\x01", "longer"),
        (b"\x08\x01" * (LIMIT + 1), "too many"),
    ],
)
def test_what_parsers_could_differ_on_is_refused(data: bytes, why: str) -> None:
    found = fields(data, LIMIT)
    assert isinstance(found, Unreadable)
    assert why in found.message


def test_as_many_fields_as_the_limit_are_read() -> None:
    assert fields(b"\x08\x01" * LIMIT, LIMIT) == {1: (Field(WireType.VARINT, 1),) * LIMIT}


def test_the_largest_integer_is_read() -> None:
    assert fields(b"\x08" + b"\xff" * 9 + b"\x01", LIMIT) == {
        1: (Field(WireType.VARINT, 2**64 - 1),)
    }


@pytest.mark.parametrize("value", [2**31, 2**32, 2**63, 2**64 - 2**31 - 1])
def test_an_integer_that_would_be_cut_to_size_is_refused(value: int) -> None:
    assert isinstance(int32(value), Unreadable)


def test_a_string_is_utf8() -> None:
    assert text("é".encode()) == "é"
    for data in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"):
        assert isinstance(text(data), Unreadable)


@given(data=st.binary(max_size=80))
def test_any_bytes_are_fields_or_unreadable_and_what_is_read_parses(data: bytes) -> None:
    found = fields(data, LIMIT)
    if isinstance(found, Unreadable):
        return
    try:
        Value.FromString(data)
    except DecodeError:
        assert any(number <= 6 for number in found), "only its own fields can be wrong in a Value"
