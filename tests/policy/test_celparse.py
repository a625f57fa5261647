import pytest

from gateway.policy.celparse import RefusedError, arguments, chain, identifier, parse_tree, subtrees


def test_nodes_that_say_nothing_are_gone() -> None:
    assert parse_tree("((true))").data == "primary"
    assert parse_tree("1 == (2)").data == "relation"


def test_a_chain_is_read_from_left_to_right() -> None:
    assert [identifier(one) for one in chain(parse_tree("a || b || (c)"))] == ["a", "b", "c"]


def test_calls_have_their_arguments() -> None:
    assert [identifier(one) for one in arguments(parse_tree("x.f(a, b)").children)] == ["a", "b"]
    assert arguments(parse_tree("x.f()").children) == []


def test_true_and_false_have_a_place() -> None:
    right = subtrees(parse_tree("x == true"))[1]
    assert (right.meta.start_pos, right.meta.end_pos) == (5, 9)


@pytest.mark.parametrize(
    ("text", "place"), [("a ==", (1, 5)), ("a\n== ]", (2, 4)), ("", (1, 1)), ("a $", (1, 3))]
)
def test_an_error_of_syntax_has_its_place(text: str, place: tuple[int, int]) -> None:
    with pytest.raises(RefusedError) as refused:
        parse_tree(text)
    assert (refused.value.error.line, refused.value.error.column) == place
