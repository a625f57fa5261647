"""A document is read in the one way in which all parsers agree, or refused."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire.strictjson import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_VALUES,
    Document,
    Fault,
    Malformed,
    decode,
    dumps,
)

LIMIT = 1_000_000


def document(data: bytes) -> Document:
    found = decode(data, LIMIT)
    assert isinstance(found, Document), found
    return found


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", Fault.SYNTAX),
        (b"{} {}", Fault.SYNTAX),
        (b"[1,]", Fault.SYNTAX),
        (b"{'a':1}", Fault.SYNTAX),
        (b"[01]", Fault.SYNTAX),
        (b"[+1]", Fault.SYNTAX),
        (b"[.5]", Fault.SYNTAX),
        (b"NaN", Fault.SYNTAX),
        (b"[Infinity]", Fault.SYNTAX),
        (b'"\n"', Fault.SYNTAX),
        (b'"\\x41"', Fault.SYNTAX),
        (b"\xc2\xa0{}", Fault.SYNTAX),
        ("\u0661".encode(), Fault.SYNTAX),
        (b"\xef\xbb\xbf{}", Fault.ENCODING),
        ('"a"'.encode("utf-16"), Fault.ENCODING),
        ('"a"'.encode("utf-16-be"), Fault.ENCODING),
        ('"a"'.encode("utf-32-le"), Fault.ENCODING),
        (b'"\xc0\x80"', Fault.ENCODING),
        (b'"\xed\xa0\x80"', Fault.ENCODING),
        (b'{"a":1,"a":1}', Fault.DUPLICATE_KEY),
        (b'[{"x":{"":1,"":2}}]', Fault.DUPLICATE_KEY),
        (b'{"a":1,"\\u0061":1}', Fault.DUPLICATE_KEY),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), Fault.DEPTH),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), Fault.DEPTH),
        (b"[" * 100_000, Fault.DEPTH),
        (b"9" * (MAX_DIGITS + 1), Fault.NUMBER),
        (b"9" * 10_000, Fault.NUMBER),
        (b'["1",-0.%b]' % (b"1" * (MAX_DIGITS + 1)), Fault.NUMBER),
        (b"1e%b" % (b"1" * (MAX_DIGITS + 1)), Fault.NUMBER),
        (b"[%b1]" % (b"1," * MAX_VALUES), Fault.TOO_MANY),
        (b"[%b1]" % (b"{}," * (MAX_VALUES // 2)), Fault.TOO_MANY),
        (b'[%b"a"]' % (b'"a",' * MAX_VALUES), Fault.TOO_MANY),
        (b'{"":%b' % (b'{"":' * MAX_VALUES), Fault.TOO_MANY),
        (b'"\\ud800"', Fault.SURROGATE),
        (b'"\\uDC00\\ud800"', Fault.SURROGATE),
        (b'{"\\udfff":1}', Fault.SURROGATE),
        (b'"%b"' % (b"x" * LIMIT), Fault.TOO_LARGE),
    ],
    ids=lambda value: str(value)[:30] + f"-{len(value)}" if isinstance(value, bytes) else None,
)
def test_what_parsers_differ_on_is_refused(data: bytes, fault: Fault) -> None:
    found = decode(data, LIMIT)
    assert isinstance(found, Malformed)
    assert found.fault is fault


@pytest.mark.parametrize(
    "data",
    [
        b' {"a" : [1, -0, 1.50, 1e400, 12345678901234567890123] }\n',
        b'{"a":"\\u0041\\n\\"\\ud83d\\ude00","\xc3\xa9":null}',
        b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
        b'"%b"' % (b"[" * 500),
        b'"%b"' % (b"9" * 1_000),
        b"9" * MAX_DIGITS,
        b"[%b1]" % (b"1," * (MAX_VALUES - 1)),
        b'{"a":["b","%b"]}' % (b'\\"x,[{' * 100_000),
        b'{"a":"b\\": c","d":"\\\\"}',
    ],
)
def test_a_safe_document_is_its_own_canonical_form(data: bytes) -> None:
    found = document(data)
    assert found.canonical_safe
    assert found.text == data.decode()
    assert found.value == json.loads(data)


def test_integers_are_exact() -> None:
    assert document(b"[12345678901234567890123]").value == [12345678901234567890123]


def test_an_integer_of_the_greatest_length_fits_a_float() -> None:
    value = document(b"9" * MAX_DIGITS).value
    assert isinstance(value, int)
    assert math.isfinite(float(value))


@pytest.mark.parametrize(
    ("data", "plain"),
    [
        (b'{"\\u0061" : 1.0}', '{"a" : 1.0}'),
        (b'{"x":{"\\"\\n\\u00e9\\/":"\\u0061"}}', '{"x":{"\\"\\né/":"\\u0061"}}'),
        (b'["\\u0061:",{"a":"b","\\ud83d\\ude00"\n:-0}]', '["\\u0061:",{"a":"b","😀"\n:-0}]'),
        (b'{"\\u0000":1,"\\t":2,"\\u0062":3}', '{"\\u0000":1,"\\t":2,"b":3}'),
    ],
)
def test_only_the_spelling_of_keys_changes_in_the_canonical_form(data: bytes, plain: str) -> None:
    found = document(data)
    assert not found.canonical_safe
    assert found.text == plain
    assert json.loads(found.text) == json.loads(data)
    assert document(found.text.encode()).canonical_safe


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=15,
)


@settings(max_examples=150)
@given(value=JSON_VALUES, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_every_value_survives(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    if "Infinity" not in text:
        found = document(text.encode())
        assert found.value == value
        assert json.loads(found.text) == value


@settings(max_examples=200)
@given(data=st.binary(max_size=60) | st.text('{}[]":,\\u0019ad.e-\t', max_size=40).map(str.encode))
def test_any_bytes_end_as_a_document_or_malformed(data: bytes) -> None:
    found = decode(data, 50)
    if isinstance(found, Document):
        assert json.loads(found.text) == json.loads(data)
    else:
        assert isinstance(found, Malformed)


def test_dumps_is_compact_ascii() -> None:
    assert dumps({"é": [1, "\u2028"]}) == b'{"\\u00e9":[1,"\\u2028"]}'


@given(st.integers(0, 400), st.integers(MAX_DIGITS - 2, MAX_DIGITS + 3))
def test_a_number_is_too_long_wherever_it_stands(before: int, digits: int) -> None:
    data = b'["' + b"x" * before + b'",' + b"7" * digits + b"]"
    found = decode(data, 10_000)
    if digits > MAX_DIGITS:
        assert found == Malformed(Fault.NUMBER)
    else:
        assert isinstance(found, Document)


ESCAPES = st.lists(
    st.sampled_from(["a", ":", " ", '\\"', "\\\\", "\\n", "\\u0061", "é", ",", "{", "}"]),
    max_size=6,
).map(lambda pieces: '"' + "".join(pieces) + '"')
SPACE = st.sampled_from(["", " ", "\n", "\t ", " " * 40])


@st.composite
def members(draw: st.DrawFn) -> tuple[str, str]:
    """An object as somebody wrote it, and with its keys in their shortest spelling."""
    keys = draw(st.lists(ESCAPES, max_size=4, unique_by=json.loads))
    written: list[str] = []
    plain: list[str] = []
    for key in keys:
        after = draw(SPACE) + ":" + draw(SPACE) + draw(ESCAPES) + draw(SPACE)
        written.append(draw(SPACE) + key + after)
        shortest = json.dumps(json.loads(key), ensure_ascii=False)
        plain.append(written[-1].replace(key + after, shortest + after))
    return "{" + ",".join(written) + "}", "{" + ",".join(plain) + "}"


@settings(max_examples=300)
@given(members())
def test_keys_are_spelt_plainly_and_values_as_they_came(texts: tuple[str, str]) -> None:
    written, plain = texts
    found = document(written.encode())

    assert found.text == plain
    assert found.canonical_safe is (written == plain)


def test_a_key_with_an_escape_is_found_after_any_number_of_colons() -> None:
    many = '{"text":"\\n' + " :" * 10_000 + '","\\u0061":1}'

    assert document(many.encode()).text == many.replace("\\u0061", "a")
