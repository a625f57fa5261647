from gateway.guardrails.pattern import Candidate
from gateway.guardrails.word_patterns import (
    is_whole,
    near_words,
    normal_words,
    spelled_words,
    word_patterns,
)
from gateway.model.passage import Part
from tests.guardrails.finding import of_patterns


def candidate(before: str, text: str, after: str) -> Candidate:
    return Candidate(text, before, after, Part.USER)


def test_words_are_taken_once_in_their_normal_form() -> None:
    assert normal_words([" Caf\u00e9 ", "cafe", "Blue \n heron", ""]) == ("blue heron", "cafe")


def test_a_word_is_whole_between_what_is_no_letter() -> None:
    assert is_whole(candidate("(", "word", ")"))
    assert not is_whole(candidate("s", "word", ""))
    assert not is_whole(candidate("", "word", "_"))
    assert is_whole(candidate(r'"a\n', "word", r"\nb"))


def test_scripts_without_spaces_have_no_borders() -> None:
    assert is_whole(candidate("\u6771", "\u4eac", "\u90fd"))
    assert not is_whole(candidate("\u043c", "\u0438\u0440", ""))


def test_context_is_a_whole_word_on_either_side() -> None:
    near = near_words(["Patient", "blood test"])
    assert near(candidate("the PATIENT took ", "x", ""))
    assert near(candidate("", "x", " after the blood test"))
    assert not near(candidate("impatiently", "x", ""))
    assert near_words([])(candidate("", "x", ""))


def test_a_list_of_lines_may_have_comments() -> None:
    assert spelled_words(["C#\n# all\n a b # two\n\n", "d"]) == ("C#", "a b", "d")


def test_words_share_patterns_and_phrases_have_their_own() -> None:
    words = normal_words([*map(str, range(150)), "a b", "c d"])
    patterns = word_patterns("list", "word", words, 0.7)
    assert len(patterns) == 4
    assert len({pattern.name for pattern in patterns}) == 4
    assert all(pattern.longest <= 10 for pattern in patterns)


def test_a_phrase_is_found_over_a_line_as_json_spells_it() -> None:
    find = of_patterns(word_patterns("list", "word", normal_words(["blue heron"]), 0.7))
    assert find(r'{"b": "a\nblue\r\nheron\n"}') == [("word", r"blue\r\nheron")]
    assert find("blue\nheron") == [("word", "blue\nheron")]
    assert find(r"blue\xheron") == []
