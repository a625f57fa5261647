import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.yamltree import MAX_DEPTH, Tree, parse, path_text, plain_scalar
from gateway.model.problem import Problem


def only(text: str) -> Tree:
    (tree,) = parse(text, "f.yaml")
    assert isinstance(tree, Tree)
    return tree


def problem(text: str) -> Problem:
    (found,) = parse(text, "f.yaml")
    assert isinstance(found, Problem)
    return found


def test_every_value_and_key_has_its_place() -> None:
    tree = only("a: 1\nlist:\n- x\n- {deep: é}\n")
    assert tree.value == {"a": 1, "list": ["x", {"deep": "é"}]}
    assert str(tree.places["list", 1, "deep"]) == "f.yaml:4:10"
    assert str(tree.keys["list", 1, "deep"]) == "f.yaml:4:4"
    assert str(tree.places["list",]) == "f.yaml:3:1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("010", 10),
        ("1e3", 1000.0),
        (".5", 0.5),
        (".inf", ".inf"),
        ("true", True),
        ("~", None),
        ("", None),
        ("9" * 32, 10**32 - 1),
        ("9" * 33, "9" * 33),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    assert plain_scalar(text) == value
    assert type(plain_scalar(text)) is type(value)


def test_a_quoted_number_is_text() -> None:
    assert only('a: "1"').value == {"a": "1"}


def test_a_file_may_hold_several_documents_and_empty_ones_do_not_count() -> None:
    trees = parse("---\n---\na: 1\n---\nb: 2\n", "f.yaml")
    assert [tree.value for tree in trees if isinstance(tree, Tree)] == [{"a": 1}, {"b": 2}]
    assert parse("", "f.yaml") == ()


def test_an_anchor_may_be_used_again() -> None:
    assert only("a: &x [1]\nb: *x").value == {"a": [1], "b": [1]}


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml:3:1", "already given on line 1"),
        ("- {x: 1, x: 2}", "f.yaml:1:10", "already given"),
        ("? [a]\n: 1", "f.yaml:1:3", "a key must be text"),
        ("<<: {a: 1}", "f.yaml:1:1", "merge keys"),
        ("a: !!python/object:os.system x", "f.yaml:1:4", "tags are not supported"),
        ("a: !own x", "f.yaml:1:4", "tags are not supported"),
        ("a: &x [*x]", "f.yaml:1:4", "an alias holds itself"),
        ("a: b: c", "f.yaml:1:5", "not valid YAML"),
        ("a: [1", "f.yaml:2:1", "not valid YAML"),
        ("a: \x07", "f.yaml:1:1", "characters that YAML forbids"),
    ],
)
def test_what_json_has_not_is_refused_with_its_place(text: str, place: str, says: str) -> None:
    found = problem(text)
    assert str(found.place) == place
    assert says in found.message


def test_deep_nesting_is_refused_before_it_can_exhaust_the_stack() -> None:
    assert f"deeper than {MAX_DEPTH}" in problem("[" * 200_000).message
    assert f"deeper than {MAX_DEPTH}" in problem("- " * 100_000 + "x").message


def test_aliases_cannot_multiply_without_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "values" in problem("\n".join(lines)).message


def test_paths_read_as_people_write_them() -> None:
    assert path_text(("spec", "rules", 0, "when")) == "spec.rules[0].when"
    assert path_text(()) == "(root)"


@given(st.text())
def test_any_text_is_documents_or_problems(text: str) -> None:
    assert all(isinstance(found, Tree | Problem) for found in parse(text, "f.yaml"))
