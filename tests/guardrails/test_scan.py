import gc
import threading

from gateway.guardrails.database import Expression, databases
from gateway.guardrails.scan import Scanner

SCANNER = Scanner(databases((Expression(b"ab+"), Expression(b"b$")), None))


def test_a_whole_text_has_one_hit_of_each_expression() -> None:
    assert sorted(number for number, _ in SCANNER.scan(b"abbb abb")) == [0, 1]


def test_a_stream_has_every_end_of_a_match_across_pieces() -> None:
    stream = SCANNER.open()
    for piece in (b"xa", b"b", b"b", b"x"):
        stream.scan(piece)
    assert stream.hits == [(0, 3), (0, 4)]


def test_the_end_of_a_text_is_seen_when_it_is_closed() -> None:
    stream = SCANNER.open()
    stream.scan(b"xb")
    stream.close()
    assert stream.hits == [(1, 2)]
    stream.close()


def test_a_stream_that_nobody_closes_is_closed_when_its_owner_is_gone() -> None:
    stream = SCANNER.open()
    hits = stream.hits
    stream.scan(b"xb")
    del stream
    gc.collect()
    assert hits == [(1, 2)]


def test_threads_scan_at_once() -> None:
    found: list[int] = []

    def scan() -> None:
        found.extend(len(SCANNER.scan(b"x" * 20_000 + b"ab")) for _ in range(200))

    threads = [threading.Thread(target=scan) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2] * 800
