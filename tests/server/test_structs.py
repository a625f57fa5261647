import math

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.jsonvalue import JsonObject
from gateway.server.structs import struct_bytes

TEXTS = st.text(st.characters(codec="utf-8"), max_size=300)
LEAVES = st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | TEXTS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=12
)


@given(st.dictionaries(TEXTS, VALUES))
def test_any_object_is_the_struct_that_the_library_makes_of_it(values: JsonObject) -> None:
    wanted = Struct()
    try:
        wanted.update(values)
    except OverflowError:
        with pytest.raises(OverflowError):
            struct_bytes(values)
        return
    assert Struct.FromString(struct_bytes(values)) == wanted


@pytest.mark.parametrize("size", [0, 127, 128, 511, 512, 16_383, 16_384, 100_000])
def test_every_length_is_written_as_parsers_read_it(size: int) -> None:
    assert dict(Struct.FromString(struct_bytes({"a": "x" * size}))) == {"a": "x" * size}


def test_numbers_that_json_lacks_stay_what_they_are() -> None:
    read = Struct.FromString(struct_bytes({"a": math.inf, "b": math.nan}))
    assert read["a"] == math.inf
    assert read["b"] != read["b"]


def test_text_that_utf8_cannot_carry_is_an_error() -> None:
    with pytest.raises(UnicodeEncodeError):
        struct_bytes({"a": "\ud800"})
