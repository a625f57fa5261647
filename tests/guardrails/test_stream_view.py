from gateway.guardrails.matching import matcher
from gateway.guardrails.normal import normalised
from gateway.guardrails.pattern import Pattern
from gateway.guardrails.places import Places
from gateway.guardrails.search import Search
from gateway.guardrails.stream_view import StreamView

SEARCH = Search(
    [
        matcher(n, "it", one)
        for n, one in enumerate((Pattern("a", "ab+c", "x"), Pattern("raw", "xy", "x", raw=True)))
    ],
    None,
)


def view(numbers: frozenset[int] = frozenset((0, 1))) -> StreamView:
    return StreamView(SEARCH, numbers, segments=True)


def test_there_is_nothing_to_look_at_where_nothing_hits() -> None:
    it = view()
    it.mark(0, None)
    assert not it.feed(b"plain words")
    assert it.feed(b" abc")


def test_a_match_counts_once() -> None:
    it = view()
    it.mark(0, None)
    it.feed(b"abbc" + b"." * 70)
    assert [(one.start, one.end) for one in it.look(final=False)] == [(0, 4)]
    assert not it.busy
    assert it.look(final=True) == []


def test_what_was_split_off_goes_on_where_it_was() -> None:
    it = view()
    it.mark(0, None)
    it.feed(b"ab")
    other = it.split(frozenset((1,)))
    it.feed(b"c x")
    other.feed(b"bcx")
    other.feed(b"y")
    assert [(one.number, one.end) for one in it.look(final=True)] == [(0, 3)]
    assert [(one.number, one.end) for one in other.look(final=True)] == [(1, 6)]


def test_places_are_those_of_the_piece_that_a_byte_came_in() -> None:
    it = view()
    for came, raw in ((0, "xx"), (2, "é\u200bß"), (5, "yy"), (7, "z")):
        normal = normalised(raw)
        data = normal.text.encode()
        it.mark(came, None if raw.isascii() else Places(normal, data))
        it.feed(data)
    assert bytes(it.data) == b"xxessyyz"
    assert [it.original(n, n + 1) for n in range(8)] == [
        *((0, 1), (1, 2), (2, 3), (4, 5), (4, 5), (5, 6), (6, 7), (7, 8)),
    ]
    assert it.original(1, 6) == (1, 6)


def test_old_text_is_forgotten_and_places_stay() -> None:
    it = view()
    for n in range(200):
        it.mark(n * 100, None)
        it.feed(b"." * 100)
        it.forget()
    assert it.base > 0
    assert len(it.data) < 6_000
    assert it.original(19_990, 20_000) == (19_990, 20_000)
