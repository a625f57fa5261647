import pytest

from gateway.guardrails.detectors.custom import CHECKS
from tests.guardrails.detectors.searched import levels, matches, prepared


def one(**pattern: object) -> object:
    return {"patterns": [{"name": "mine", **pattern}]}


def test_a_pattern_finds_its_group_under_its_category() -> None:
    options = one(regex=r"employee[: ]{1,2}(E-\d{6})\b", category="employee_id", group=1)
    text = "for employee: E-123456 only"
    (found,) = matches("custom", text, options=options)
    assert (found.category, text[found.start : found.end]) == ("employee_id", "E-123456")


def test_words_are_found_as_whole_words() -> None:
    options = one(words=["falcon", "grey owl"], score=0.9)
    assert levels("custom", "a Falcon, a grey  owl", options=options) == {"custom": "HIGH"}
    assert levels("custom", "falconry", options=options) == {}


def test_a_validator_and_context_must_hold() -> None:
    options = one(regex=r"\b\d{16}\b", validator="luhn", context=["card"])
    assert matches("custom", "card 4242424242424242", options=options)
    assert not matches("custom", "card 4242424242424241", options=options)
    assert not matches("custom", "order 4242424242424242", options=options)


def test_case_counts_unless_told_otherwise() -> None:
    assert not matches("custom", "KEY-1", options=one(regex=r"key-\d"))
    assert matches("custom", "KEY-1", options=one(regex=r"key-\d", caseless=True))


def test_letters_with_accents_are_found_as_text_is_searched() -> None:
    assert matches("custom", "Herr Jürgen", options=one(regex="Jürgen"))
    assert matches("custom", "Herr Ju\u0308rgen", options=one(regex="Jürgen"))


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ({"regex": "(a"}, "mine: not an RE2 expression: missing"),
        ({"regex": r"(?=a)b"}, "mine: not an RE2 expression"),
        ({"regex": "a+"}, r"mine: a repeat without an end .* write \{1,200\}"),
        ({"regex": "a{0,5}"}, "mine: matches the empty text"),
        ({"regex": r"\b"}, "mine: matches the empty text"),
        ({"regex": "a", "group": 1}, "mine: there is no group 1"),
        ({"regex": "(?:a{1000}){4}a{100}"}, "not an RE2|may match 4,100 characters"),
        ({"regex": "a\uff0bb"}, r"mine: U\+FF0B is never in text"),
        ({}, "mine: give either `regex` or `words`"),
        ({"regex": "a", "words": ["b"]}, "mine: give either"),
        ({"words": ["b"], "validator": "luhn"}, "mine: only a `regex` takes"),
        ({"regex": "a", "validator": "crc"}, "validator"),
        ({"regex": "a", "category": "Not A Label"}, "category"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_with_what_to_change(
    pattern: dict[str, object], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        prepared("custom", one(**pattern))


def test_a_repeat_without_an_end_is_taken_with_the_longest_match() -> None:
    (pattern,) = prepared("custom", one(regex="BEGIN[a-z]+END", longest=300)).patterns
    assert pattern.longest == 300


def test_the_longest_match_is_computed() -> None:
    (pattern,) = prepared("custom", one(regex=r"ID-(?:\d{4}|[a-z]{6})-x?")).patterns
    assert pattern.longest == 11


def test_two_patterns_need_two_names() -> None:
    twice = [{"name": "mine", "regex": "a"}, {"name": "mine", "regex": "b"}]
    with pytest.raises(ValueError, match="two patterns are named mine"):
        prepared("custom", {"patterns": twice})


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("luhn", "4242-4242 4242 4242", "4242424242424243"),
        ("iban", "GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 33"),
        ("verhoeff", "2363", "2364"),
        ("mod97", "3214282912345698765432161182", "3214282912345698765432161181"),
        ("entropy", "q7Zp0vK3xW9sLm2TfR8y", "aaaaaaaaaaaaaaaaaaaa"),
        ("entropy", "xK9q2mZ7", "password"),
        ("ip", "192.168.0.1", "192.168.0.256"),
    ],
)
def test_a_validator_takes_what_is_right_and_nothing_else(
    name: str, right: str, wrong: str
) -> None:
    assert CHECKS[name](right)
    assert not CHECKS[name](wrong)
