"""A model that nothing serves: the caller is told of those that it may use, and of no others."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.refusal import Reason
from gateway.model.unknown_model import LONGEST_NAME, MOST_NAMES, unknown_model

KNOWN = ("llama-3.1-8b", "llama-3.1-70b", "Qwen3-32B", "secret-llama-3.1-8b")


def test_the_model_that_was_meant_is_named_first() -> None:
    refusal = unknown_model("lama-3.1-8b", KNOWN, lambda _: True)
    assert refusal.reason is Reason.UNKNOWN_MODEL
    assert refusal.message.startswith('there is no such model; did you mean "llama-3.1-8b" or ')


def test_case_makes_no_difference_to_what_is_meant() -> None:
    message = unknown_model("QWEN3-32b", KNOWN, lambda _: True).message
    assert message == 'there is no such model; did you mean "Qwen3-32B"?'


@given(st.text(), st.lists(st.text(min_size=8), max_size=8))
def test_a_model_that_the_caller_must_not_see_is_never_named(name: str, known: list[str]) -> None:
    hidden = set(known[::2])
    message = unknown_model(name, known, lambda one: one not in hidden).message
    assert all(f'"{one}"' not in message for one in hidden)


def test_nothing_is_named_where_nothing_is_like_it() -> None:
    assert unknown_model("zzz", KNOWN, lambda _: True).message == "there is no such model"


def test_at_most_three_are_named() -> None:
    known = [f"model-{number}" for number in range(50)]
    assert unknown_model("model-x", known, lambda _: True).message.count('"') == 2 * 3


def test_a_name_is_not_compared_when_that_would_take_long() -> None:
    name = "a" * (LONGEST_NAME + 1)
    assert '"' not in unknown_model(name, [name[1:]], lambda _: True).message
    many = [*(f"x{number}" for number in range(MOST_NAMES)), "wanted-model"]
    assert '"' not in unknown_model("wanted-modell", many, lambda _: True).message
    assert '"' in unknown_model("wanted-modell", many[1:], lambda _: True).message


def test_the_name_that_was_asked_for_is_not_repeated() -> None:
    assert "<script>" not in unknown_model("<script>", KNOWN, lambda _: True).message
