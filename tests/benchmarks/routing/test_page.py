"""The text and the page say the same, and load nothing."""

import json
from html.parser import HTMLParser

from benchmarks.routing.compare import Results
from benchmarks.routing.page import page
from benchmarks.routing.plot import Line, bars, curves
from benchmarks.routing.policies import OURS
from benchmarks.routing.report import document, number, order, text
from tests.benchmarks.routing.runs import ladder_run, run

RESULTS = Results(
    [
        run(OURS, "chat-1", 0, ttft_p90=0.4),
        run("round_robin", "chat-1", 0, ttft_p90=0.8),
        ladder_run(OURS, 0, (3, 0.1, 100), (60, 0.9, 900)),
        ladder_run("round_robin", 0, (3, 0.4, 100), (60, 90.0, 500)),
    ]
)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_page_has_a_plot_and_a_table_for_each_cell_and_loads_nothing() -> None:
    tags = Tags()
    tags.feed(page(RESULTS))
    names = [tag for tag, _ in tags.seen]
    assert names.count("svg") == 4
    assert names.count("polyline") == 4
    assert names.count("table") == 4
    assert "script" not in names
    assert not [attributes for _, attributes in tags.seen if attributes.keys() & {"src", "href"}]


def test_names_are_escaped() -> None:
    assert "<b>" not in bars("<b>", [("<b>", 1.0)])
    assert "<b>" not in curves("<b>", [Line("<b>", ((1.0, 1.0),))], logarithmic=True)


def test_a_bar_is_as_long_as_its_value() -> None:
    drawn = bars("t", [("a", 2.0), ("b", 1.0)])
    assert 'width="480.0"' in drawn
    assert 'width="240.0"' in drawn


def test_the_text_names_goals_policies_and_ratios() -> None:
    lines = list(text(RESULTS))
    table = next(line for line in lines if line.lstrip().startswith("round_robin"))
    assert "0.50 [0.50, 0.50]" in table
    assert any(line.lstrip().startswith("met") for line in lines)
    assert any(line.lstrip().startswith("missed") for line in lines)


def test_policies_are_in_order_of_their_ttft_p90() -> None:
    assert order(RESULTS, "chat-1") == [OURS, "round_robin"]


def test_the_document_is_json_with_every_run() -> None:
    assert len(json.loads(json.dumps(document(RESULTS)))["runs"]) == 4


def test_numbers_have_three_digits_or_so() -> None:
    assert [number(each) for each in (0.1234, 12.34, 123.4, 3.0)] == ["0.123", "12.3", "123", "3"]
