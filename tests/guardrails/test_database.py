import pytest

from gateway.guardrails.database import Databases, Expression, databases, finds_all, key_of
from gateway.guardrails.scan import Scanner

SOME = (Expression(b"ab+c"), Expression("é.".encode(), caseless=True, wide=True))
STREAMED = Expression(b"only", streamed=True)


class Shelf:
    """A cache in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def store(self, key: str, data: bytes) -> None:
        self.kept[key] = data


def hit(built: Databases, text: str) -> set[int]:
    return {number for number, _ in Scanner(built).scan(text.encode())}


def test_numbers_of_hits_are_those_of_expressions() -> None:
    built = databases(SOME, None)
    assert hit(built, "xabbc") == {0}
    assert hit(built, "Éx abc") == {0, 1}


def test_without_expressions_nothing_hits() -> None:
    built = databases((), None)
    assert built.block is None
    assert hit(built, "abc") == set()


def test_an_expression_for_streams_is_not_looked_for_in_whole_texts() -> None:
    built = databases((*SOME, STREAMED), None)
    assert hit(built, "only abc") == {0}
    scan = Scanner(built).open()
    scan.scan(b"only abc")
    assert {number for number, _ in scan.hits} == {0, 2}


def test_what_the_engine_does_not_take_is_told_and_the_rest_is_found() -> None:
    built = databases((Expression(b"(a"), *SOME), None)
    assert built.unsupported == {0}
    assert hit(built, "abbc") == {1}


def test_databases_are_compiled_once() -> None:
    shelf = Shelf()
    databases(SOME, shelf)
    (key,) = shelf.kept
    assert key == key_of(SOME)
    kept = shelf.kept[key]
    built = databases(SOME, shelf)
    assert shelf.kept == {key: kept}
    assert hit(built, "Éx abc") == {0, 1}


def test_a_kept_database_closes_streams() -> None:
    shelf = Shelf()
    databases((Expression(b"ab$"),), shelf)
    scan = Scanner(databases((Expression(b"ab$"),), shelf)).open()
    scan.scan(b"xab")
    assert scan.hits == []
    scan.close()
    assert scan.hits == [(0, 3)]


@pytest.mark.parametrize("damage", ["nothing", "cut", "flipped", "foreign"])
def test_a_damaged_database_is_compiled_anew(damage: str) -> None:
    shelf = Shelf()
    databases(SOME, shelf)
    ((key, kept),) = shelf.kept.items()
    flipped = kept[:200] + bytes([kept[200] ^ 1]) + kept[201:]
    damaged = {"nothing": b"", "cut": kept[:-9], "flipped": flipped, "foreign": b"x" * 90}[damage]
    shelf.kept[key] = damaged
    assert hit(databases(SOME, shelf), "abc") == {0}
    assert shelf.kept[key] != damaged
    assert hit(databases(SOME, shelf), "abc") == {0}


@pytest.mark.parametrize(
    "other",
    [
        (Expression(b"ab+d"),),
        (Expression(b"ab+c", caseless=True),),
        (Expression(b"ab+c", wide=True),),
        (Expression(b"ab+c"), Expression(b"x")),
    ],
)
def test_other_expressions_have_another_key(other: tuple[Expression, ...]) -> None:
    assert key_of(other) != key_of((Expression(b"ab+c"),))


@pytest.mark.parametrize(
    ("version", "trusted"),
    [
        ("Version: 5.4.2 Features: AVX2 Mode: BLOCK", True),
        ("Version: 5.4.12 Features:  Mode: BLOCK", False),
        ("Version: 5.4.8 Features:  Mode: BLOCK", False),
        ("Version: 5.4.13 Features:  Mode: BLOCK", True),
        ("another engine", False),
    ],
)
def test_an_engine_that_loses_matches_is_not_trusted(version: str, *, trusted: bool) -> None:
    assert finds_all(version) is trusted
