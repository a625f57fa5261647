# ruff: noqa: RUF001  disguises are what is tested

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guardrails.normal import normalised

TEXTS = st.text(
    st.one_of(st.characters(), st.sampled_from("abcé\u200b\u0301ßﬁ½а１\U000e0041\ud800漢가ﷺ")),
    max_size=80,
)


def test_ascii_is_its_own_normal_form() -> None:
    text = "".join(map(chr, range(128)))
    assert normalised(text).text is text


@pytest.mark.parametrize(
    ("disguise", "raw"),
    [
        ("zero width", "i\u200bg\u200cn\u200do\u2060r\ufeffe"),
        ("soft hyphen", "ig\u00adnore"),
        ("bidi", "\u202eignore\u2066"),
        ("variation selector", "i\ufe0fg\U000e0100nore"),
        ("tags", "\U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065"),
        ("combining marks", "i\u0301g\u0300n\u0303o\u0308r\u0323e\u0302"),
        ("diacritics", "îgñöře"),
        ("full width", "ｉｇｎｏｒｅ"),
        ("Cyrillic", "іgnоrе"),
        ("mathematical", "𝐢𝓰𝔫𝕠𝗿𝘦"),
        ("circled", "ⓘⓖⓝⓞⓡⓔ"),
        ("small capitals", "ɪɢɴᴏʀᴇ"),
        ("fillers", "ig\u034fn\u3164ore\u115f"),
        ("superscript", "ⁱᵍⁿᵒʳᵉ"),
    ],
)
def test_a_disguised_word_is_the_word(disguise: str, raw: str) -> None:
    assert normalised(raw).text == "ignore", disguise


def test_digits_of_any_script_are_ascii() -> None:
    assert normalised("٤١११１𝟙").text == "411111"


@pytest.mark.parametrize("text", ["漢字", "가나다", "ж", "🙂", "\n漢\t", "ﷺ"])
def test_what_hides_nothing_stays(text: str) -> None:
    assert normalised(text).text == text


def test_a_lone_surrogate_has_a_form_that_can_be_written() -> None:
    assert normalised("a\ud800b").text == "a\ufffdb"


def test_a_place_in_the_normal_form_is_a_place_in_the_original() -> None:
    normal = normalised("a\u200bß\u0301ﬁé.")
    assert normal.text == "assfie."
    places = [normal.original(n, n + 1) for n in range(len(normal.text))]
    assert places == [(0, 1), (2, 3), (2, 3), (4, 5), (4, 5), (5, 6), (6, 7)]
    assert normal.original(0, 7) == (0, 7)


def test_an_empty_range_stays_empty() -> None:
    assert normalised("\u200bab").original(1, 1) == (2, 2)


@given(text=TEXTS, cut=st.integers(0, 80))
def test_the_form_is_made_character_by_character(text: str, cut: int) -> None:
    assert normalised(text).text == normalised(text[:cut]).text + normalised(text[cut:]).text


@given(text=TEXTS)
def test_every_character_has_the_place_of_the_one_that_it_came_from(text: str) -> None:
    expected = [n for n, sign in enumerate(text) for _ in normalised(sign).text]
    normal = normalised(text)
    assert [normal.original(n, n + 1) for n in range(len(expected))] == [
        (n, n + 1) for n in expected
    ]


@given(text=TEXTS)
def test_no_text_grows_more_than_fourfold(text: str) -> None:
    assert len(normalised(text).text) <= 4 * len(text)


def test_a_normal_form_is_its_own_normal_form() -> None:
    for code in range(0x80, 0x110000):
        form = normalised(chr(code)).text
        assert normalised(form).text == form, hex(code)


def test_more_characters_than_are_remembered_have_the_same_forms() -> None:
    many = "".join(chr(code) for code in range(0x80, 0x20000) if not 0xD800 <= code < 0xE000)
    assert normalised(many).text == normalised(many).text
    assert normalised("é" + many).text == "e" + normalised(many).text


def test_format_characters_are_never_seen() -> None:
    hidden = [chr(n) for n in range(0x80, 0x110000) if unicodedata.category(chr(n)) == "Cf"]
    seen = "".join(one for one in hidden if normalised(one).text)
    assert normalised(seen).text == "".join(map(chr, range(0x20, 0x7F)))
