"""Labelled texts: made up, of the library, of files."""

import json
from pathlib import Path

import pytest

from benchmarks.guardrails.datasets import datasets, labelled, ordinary
from benchmarks.guardrails.subject import FULL
from benchmarks.guardrails.training import corpus


@pytest.mark.parametrize("detector", sorted(FULL))
def test_every_detector_has_ordinary_texts_and_the_same_each_time(detector: str) -> None:
    found = list(datasets(detector, None, few=True))
    assert found == list(datasets(detector, None, few=True))
    assert any(one.no for one in found)


@pytest.mark.parametrize("detector", sorted(set(FULL) - {"pii"}))
def test_every_detector_but_that_of_personal_data_has_something_to_find(detector: str) -> None:
    assert any(one.yes for one in datasets(detector, None, few=True))


def test_of_the_library_only_what_nothing_was_fitted_with_is_reported() -> None:
    fitted = {text.text for text in corpus.library() if text.fits}
    found = ordinary(few=True)
    assert not fitted & {*found["library_source"], *found["library_documentation"]}


def test_a_file_is_read_by_its_labels(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": 1}, {"text": "b", "label": 0}, {"url": "x.example", "label": 1}]
    file = tmp_path / "some.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert labelled(file) == (["a", "see https://x.example/ for more"], ["b"])


def test_a_file_that_is_not_there_has_no_texts(tmp_path: Path) -> None:
    assert labelled(tmp_path / "none.jsonl") == ([], [])


@pytest.mark.parametrize("row", ["[]", '{"text": "a"}', '{"label": 1}', '{"text": 1, "label": 1}'])
def test_a_malformed_line_is_refused_with_its_number(tmp_path: Path, row: str) -> None:
    file = tmp_path / "some.jsonl"
    file.write_text(f'{{"text": "a", "label": 1}}\n{row}\n')
    with pytest.raises(ValueError, match=r"some\.jsonl:2"):
        labelled(file)
