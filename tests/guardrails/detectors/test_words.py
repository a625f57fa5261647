import pytest

from gateway.guardrails.word_patterns import MOST_WORDS
from tests.guardrails.detectors.searched import levels, matches, prepared

MOON = "\u043b\u0443\u043d\u0430"
OPTIONS = {
    "lists": [
        {"category": "project", "words": ["Kingfisher", "blue heron", "C++", "ass", MOON]},
        {"category": "rival", "text": "Acme  # of Ohio\n# none\nGlobex\n", "score": 0.9},
        {"category": "dose", "words": ["aspirin"], "context": ["patient"]},
    ]
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("about kingfisher.", "project"),
        ("KINGFISHER", "project"),
        ("Blue\n heron", "project"),
        ("a C++ compiler", "project"),
        ("k\u00edngf\u200bisher", "project"),
        ("\u041b\u0423\u041d\u0410 1", "project"),
        ("globex", "rival"),
        ("aspirin for the patient", "dose"),
    ],
)
def test_a_word_of_a_list_is_found_in_any_case(text: str, category: str) -> None:
    assert set(levels("words", text, options=OPTIONS)) == {category}


@pytest.mark.parametrize(
    "text",
    ["kingfishers", "my_kingfisher", "blue, heron", "class assist", "aspirin", "Ohio", "globexa"],
)
def test_only_whole_words_in_their_context_count(text: str) -> None:
    assert matches("words", text, options=OPTIONS) == []


def test_a_short_word_does_not_hide_a_longer_one() -> None:
    options = {"lists": [{"words": ["assist", "assistant", "ass"]}]}
    text = "the assistant and class"
    (found,) = matches("words", text, options=options)
    assert text[found.start : found.end] == "assistant"


def test_fifty_thousand_words_make_few_patterns() -> None:
    words = "\n".join(f"w{number:x}q" for number in range(MOST_WORDS))
    assert len(prepared("words", {"lists": [{"text": words}]}).patterns) == MOST_WORDS / 100


NONE: list[object] = []


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        (NONE, "at least 1 item"),
        ([{"words": NONE}], "has no words"),
        ([{"words": ["x" * 101]}], "more than 100 characters"),
        ([{"text": "\n".join(map(str, range(MOST_WORDS + 1)))}], "more than 50,000 words"),
        ([{"words": [f"a {n}" for n in range(2_001)]}], "more than 2,000 phrases"),
        ([{"text": "\n".join(f"{p}{n}" for n in range(30_000))} for p in "ab"], "lists have more"),
    ],
    ids=["no lists", "empty", "long", "many", "phrases", "together"],
)
def test_lists_that_cannot_be_searched_are_refused(lists: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        prepared("words", {"lists": lists})
