from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.config.document import (
    MAX_BYTES,
    Document,
    named_files,
    parse_documents,
    read_documents,
    validate,
)
from gateway.model.problem import Problem


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    port: int = Field(default=1, ge=1)
    share: float = 0.5
    on: bool = False
    name: str = ""

    @field_validator("name")
    @classmethod
    def lower(cls, value: str) -> str:
        if value != value.lower():
            raise ValueError(f"{value} is not lower case")
        return value


class Required(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    port: int


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    inner: Inner = Inner()
    many: tuple[Inner, ...] = Field(default=(), min_length=1)


def document(text: str, environment: Mapping[str, str] | None = None) -> Document:
    (found,) = parse_documents(text, "f.yaml", environment or {}, Path())
    assert isinstance(found, Document)
    return found


def problems(text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    found = validate(document(text, environment), Outer)
    assert isinstance(found, tuple)
    return [str(problem) for problem in found]


def test_a_right_document_becomes_the_model() -> None:
    outer = validate(document("inner: {port: 2}\nmany: [{name: x}]"), Outer)
    assert isinstance(outer, Outer)
    assert (outer.inner.port, outer.many[0].name) == (2, "x")


def test_each_error_has_place_path_and_fix() -> None:
    assert problems("inner:\n  prot: 2\nmany: [{port: 0}]") == [
        'f.yaml:2:3: error: inner.prot: unknown key "prot" (did you mean "port"?)',
        "f.yaml:3:15: error: many[0].port: input should be greater than or equal to 1",
    ]


class Either(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    one: Required | tuple[Required, ...] = ()


def test_a_key_that_is_missing_in_a_union_has_its_place() -> None:
    found = validate(document("# first line\none:\n- {name: x}"), Either)
    assert isinstance(found, tuple)
    assert 'f.yaml:3:3: error: one[0].port: the key "port" is missing (add "port")' in [
        str(problem) for problem in found
    ]


def test_nothing_is_coerced() -> None:
    assert problems('many: [{port: "2"}]') == [
        "f.yaml:1:15: error: many[0].port: input should be a valid integer"
    ]


def test_an_unquoted_substitution_may_be_a_number_or_a_boolean() -> None:
    text = "many: [{port: 1}]\ninner:\n  port: ${PORT}\n  share: ${SHARE}\n  on: ${ON}\n"
    outer = validate(document(text, {"PORT": "7", "SHARE": "0.25", "ON": "true"}), Outer)
    assert isinstance(outer, Outer)
    assert (outer.inner.port, outer.inner.share, outer.inner.on) == (7, 0.25, True)


def test_a_substitution_stays_text_where_text_is_wanted() -> None:
    outer = validate(document("many:\n- name: ${TOKEN}", {"TOKEN": "12"}), Outer)
    assert isinstance(outer, Outer)
    assert outer.many[0].name == "12"


def test_a_quoted_substitution_is_text() -> None:
    assert "valid integer" in problems('many: [{port: "${PORT}"}]', {"PORT": "7"})[0]


def test_no_error_quotes_what_came_from_the_environment() -> None:
    for text in ("many:\n- name: ${X}", "many:\n- port: ${X}", "many: ${X}", "inner: ${X}"):
        assert all("SECRET" not in problem for problem in problems(text, {"X": "SECRET"}))
    assert 'the value of "${X}"' in problems("many:\n- name: ${X}", {"X": "SECRET"})[0]


def test_what_stands_in_the_file_is_quoted() -> None:
    assert "Big is not lower case" in problems("many: [{name: Big}]")[0]
    assert document("a: [x, 1]").quote(("a", 1)) == "1"
    assert document("a: ${X}", {"X": "SECRET"}).quote(("a",)) == '"${X}"'


def test_an_absent_value_has_the_place_of_what_should_hold_it() -> None:
    found = document("a:\n  b: 1")
    assert str(found.place(("a", "c", 0))) == "f.yaml:2:3"
    assert str(found.place(("x",))) == "f.yaml:1:1"


def test_all_unset_names_are_reported_at_once() -> None:
    found = parse_documents("a: ${ONE}\nb:\n- ${TWO}", "f.yaml", {}, Path())
    assert [(str(p.place), p.path) for p in found if isinstance(p, Problem)] == [
        ("f.yaml:1:4", "a"),
        ("f.yaml:3:3", "b[0]"),
    ]


@pytest.mark.parametrize(
    ("content", "says"), [(None, "cannot read the file"), (b"\xff", "not UTF-8 text")]
)
def test_a_file_that_cannot_be_read_is_a_problem(
    content: bytes | None, says: str, tmp_path: Path
) -> None:
    file = tmp_path / "x.yaml"
    if content is not None:
        file.write_bytes(content)
    (found,) = read_documents(file, {})
    assert isinstance(found, Problem)
    assert says in found.message
    assert found.place.file == str(file)


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    (found,) = read_documents(tmp_path / "x.yaml", {})
    assert isinstance(found, Document)
    assert found.value == {"a": 1}


def named(
    folder: Path, text: str | bytes, environment: Mapping[str, str] | None = None
) -> set[str]:
    """The files that a YAML file of this content names, below its folder."""
    file = folder / "x.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    found = named_files(file, environment or {})
    return {str(path.relative_to(folder)) for path in found}


def test_files_are_named_wherever_a_value_is_and_whether_or_not_they_are_there(
    tmp_path: Path,
) -> None:
    (tmp_path / "there").write_text("x")
    text = "a: file:there\nb: [1, {c: 'file:below/missing'}, file:there]\n---\n- file:second\n"
    assert named(tmp_path, text) == {"there", "below/missing", "second"}


def test_the_name_of_a_file_may_come_from_the_environment(tmp_path: Path) -> None:
    text = "a: file:${NAME}\nb: file:${UNSET}\nc: file:${UNSET:-default}\n"
    assert named(tmp_path, text, {"NAME": "key"}) == {"key", "default"}


def test_what_looks_like_a_file_and_can_be_none_names_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    text = "a: file:///x\nfile:key: 1\nc: file:folder\nd: 'file:'\ne: \"file:a\\0b\"\nf: 'a file:b'"
    assert named(tmp_path, text) == set()


@pytest.mark.parametrize("content", [b"a: [file:x", b"a: file:x\n\xff"])
def test_a_file_that_is_broken_names_nothing(content: bytes, tmp_path: Path) -> None:
    assert named(tmp_path, content) == set()


def test_a_file_that_is_not_there_or_no_file_or_too_large_names_nothing(tmp_path: Path) -> None:
    assert named_files(tmp_path / "absent.yaml", {}) == ()
    assert named_files(tmp_path, {}) == ()
    assert named(tmp_path, b"a: file:x\n" + b"#" * MAX_BYTES) == set()
