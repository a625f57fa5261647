import os
from pathlib import Path

import pytest

from gateway.adapters import url_lists
from gateway.adapters.url_lists import UrlLists
from gateway.guardrails.urls.lists import UrlBook, UrlList
from gateway.guardrails.urls.url import parsed


def has(found: UrlList, text: str) -> bool:
    url = parsed(text)
    assert url is not None
    assert found.urls is not None
    return found.urls.has(url)


def test_a_list_is_read_and_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("\ufeffone.com\n")
    book = UrlBook()
    found = book.list(str(file))
    lists = UrlLists(book)
    assert lists.refresh() == ()
    assert has(found, "one.com")
    before = found.urls
    assert lists.refresh() == ()
    assert found.urls is before
    fresh = tmp_path / "fresh"
    fresh.write_text("two.com\n")
    os.replace(fresh, file)  # noqa: PTH105
    assert lists.refresh() == ()
    assert has(found, "two.com")
    assert not has(found, "one.com")


def test_a_file_that_is_gone_takes_nothing_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "list"
    file.write_text("one.com\n")
    book = UrlBook()
    found = book.list(str(file))
    lists = UrlLists(book)
    lists.refresh()
    file.unlink()
    (problem,) = lists.refresh()
    assert (problem.severity, problem.message) == (
        "error",
        "cannot read the file: No such file or directory",
    )
    assert lists.refresh() == (problem,)
    assert len(caplog.records) == 1
    assert has(found, "one.com")


def test_lines_that_name_nothing_are_warnings_with_their_place(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("one.com\nnot a host\n")
    book = UrlBook()
    found = book.list(str(file))
    (problem,) = UrlLists(book).refresh()
    assert (problem.severity, problem.place.line) == ("warning", 2)
    assert has(found, "one.com")


def test_a_file_that_is_no_text_or_too_large_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "list"
    file.write_bytes(b"\xff\xfe\xff")
    book = UrlBook()
    found = book.list(str(file))
    (problem,) = UrlLists(book).refresh()
    assert problem.message == "the file is not UTF-8"
    monkeypatch.setattr(url_lists, "MAX_BYTES", 1)
    (problem,) = UrlLists(book).refresh()
    assert "more than" in problem.message
    assert found.urls is None


def test_a_list_that_could_never_be_read_is_told(tmp_path: Path) -> None:
    book = UrlBook()
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text("one.com\n")
    held = book.list(str(good)), book.list(str(bad))
    lists = UrlLists(book)
    lists.refresh()
    assert lists.unread == {str(bad)}
    bad.write_text("two.com\n")
    lists.refresh()
    assert lists.unread == set()
    assert has(held[1], "two.com")
