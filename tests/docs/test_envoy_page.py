"""docs/envoy.md has every place of the snippet and every danger of the lint, as the code says."""

import re

from gateway.edge.lint.linting import all_dangers
from gateway.edge.snippet import FILTER_NOTES, PLACES
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "envoy.md").read_text()


def rows(columns: int) -> list[tuple[str, ...]]:
    """Of the tables with that many columns, of which the first is code."""
    cells = [
        tuple(cell.strip() for cell in line.strip("|").split(" | "))
        for line in PAGE.splitlines()
        if line.startswith("| `")
    ]
    return [(row[0].strip("`"), *row[1:]) for row in cells if len(row) == columns]


def test_every_place_of_the_snippet_is_on_the_page() -> None:
    assert rows(2)[-len(PLACES) :] == list(PLACES.items())


def test_every_danger_is_on_the_page() -> None:
    wanted = [(one.name, one.level, one.reason, one.fix) for one in all_dangers()]
    assert rows(4) == wanted


def test_the_filters_are_named_in_their_order() -> None:
    chain = PAGE.partition("**The chain.**")[2].partition("**Your own routes**")[0]
    named = re.findall(r"`(gatehouse\.\w+)`", chain)
    assert named == [name for name in FILTER_NOTES if name in named]
    assert set(FILTER_NOTES) - set(named) == {"gatehouse.set_filter_state"}
