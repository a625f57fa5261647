from gateway.guardrails.confusables import CONFUSABLES
from gateway.guardrails.normal import normalised


def test_what_is_confused_is_one_character_beyond_ascii() -> None:
    assert all(len(alike) == 1 and not alike.isascii() for alike in CONFUSABLES)


def test_what_it_is_read_as_is_ascii() -> None:
    assert all(plain.isascii() and plain for plain in CONFUSABLES.values())


def test_every_one_of_them_is_normalised() -> None:
    assert {alike: normalised(alike).text for alike in CONFUSABLES} == dict(CONFUSABLES)


def test_every_latin_letter_has_a_look_alike() -> None:
    capitals = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert capitals <= set(CONFUSABLES.values())
