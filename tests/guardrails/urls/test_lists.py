import gc

import pytest

from gateway.guardrails.urls import lists
from gateway.guardrails.urls.lists import UrlBook, url_set
from gateway.guardrails.urls.url import parsed

LIST = """
# a comment
one.com
two.com:8080          # with a port
HTTP://Three.com/
.four.com
||five.com^
*.six.com
http://seven.com/a/b?c=1
0.0.0.0 eight.com nine.com # hosts file
127.0.0.1 localhost
192.0.2.7
! of an ad blocker
""".splitlines()


def listed(text: str, *, below: bool = False) -> bool:
    found, _ = url_set(LIST)
    url = parsed(text)
    assert url is not None
    return found.has(url, below=below)


@pytest.mark.parametrize(
    "url",
    [
        "one.com", "https://www.one.com/x", "two.com:8080", "three.com/any", "a.b.four.com",
        "four.com", "x.five.com", "six.com", "https://seven.com/a/b?c=1", "eight.com", "nine.com",
        "http://192.0.2.7/", "http://3221225991/",
    ],
)  # fmt: skip
def test_every_form_of_entry_counts(url: str) -> None:
    assert listed(url)


@pytest.mark.parametrize(
    "url",
    ["a.one.com", "two.com", "two.com:81", "xfour.com", "seven.com", "seven.com/a", "localhost"],
)
def test_nothing_else_is_listed(url: str) -> None:
    assert not listed(url)


def test_names_below_a_host_count_where_they_are_asked_for() -> None:
    assert listed("a.one.com", below=True)


def test_lines_that_name_nothing_are_told() -> None:
    assert url_set(["fine.com", "two words", "", "||^"])[1] == (2, 4)


def test_a_list_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_ENTRIES", 2)
    with pytest.raises(ValueError, match="more than 2 entries"):
        url_set(["a.com", "b.com", "c.com"])


def test_the_book_knows_the_lists_that_somebody_holds() -> None:
    book = UrlBook()
    one, same, other = book.list("a"), book.list("a"), book.list("b")
    assert one is same
    assert {found.path for found in book.lists()} == {"a", "b"}
    del other
    gc.collect()
    assert [found.path for found in book.lists()] == ["a"]
