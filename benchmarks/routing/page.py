"""The results as one HTML page, with plots in SVG and nothing to load."""

from collections.abc import Iterator, Sequence
from html import escape

from benchmarks.routing.compare import Results
from benchmarks.routing.goals import goals
from benchmarks.routing.plot import Line, bars, curves
from benchmarks.routing.report import checks, order, rows, verdict

STYLE = """
body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:12px}
td,th{padding:.2rem .5rem;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}.met{color:#176e2c}.missed{color:#a11}
.scroll{overflow-x:auto}svg{max-width:100%;height:auto}
"""

METHOD = (
    "Simulated model servers in virtual time; the same arrivals, seeds and cold start for every "
    "policy. Figures are means over seeds; ratios are per seed, with a 95 % bootstrap interval."
)


def page(results: Results) -> str:
    """The whole page."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Routing benchmark</title>",
        f"<style>{STYLE}</style><h1>Routing benchmark</h1>",
        f"<p>{METHOD}</p>",
        *_goals(results),
        *_calibration(results),
    ]
    for cell in results.cells:
        parts.extend(_cell(results, cell))
    return "\n".join(parts) + "</html>\n"


def _goals(results: Results) -> Iterator[str]:
    yield "<h2>Goals</h2>"
    yield _table(
        [("goal", "seen", ""), *((one.wanted, one.seen, verdict(one)) for one in goals(results))]
    )


def _calibration(results: Results) -> Iterator[str]:
    yield "<h2>Calibration</h2>"
    found = [(one.name, one.predicted, one.published) for one in checks(results)]
    yield _table([("figure", "predicted", "published"), *found])


def _cell(results: Results, cell: str) -> Iterator[str]:
    yield f"<h2>{escape(cell)}</h2>"
    names = order(results, cell)
    stages = results.of(cell, names[0])[0].stages
    if stages:
        rates = [row.rate for row in stages]
        for figure, title in (
            ("ttft_p90", "TTFT p90, s, by offered requests per second"),
            ("output_rate", "output tokens per second, by offered requests per second"),
        ):
            lines = [
                Line(
                    name,
                    tuple(
                        (rate, results.mean(cell, name, figure, at))
                        for at, rate in enumerate(rates)
                    ),
                )
                for name in names
            ]
            yield curves(title, lines, logarithmic=figure == "ttft_p90")
    else:
        means = [(name, results.mean(cell, name, "ttft_p90")) for name in names]
        yield bars("TTFT p90, s", means)
        good = [(name, results.mean(cell, name, "goodput")) for name in names]
        yield bars("goodput, requests per second within the SLOs", good)
    yield _table(list(rows(results, cell)))


def _table(table: Sequence[Sequence[str]]) -> str:
    lines = ["<div class=scroll><table>"]
    for place, row in enumerate(table):
        kind = "td" if place else "th"
        cells = "".join(f"<{kind}{_class(value)}>{escape(value)}</{kind}>" for value in row)
        lines.append(f"<tr>{cells}</tr>")
    return "\n".join([*lines, "</table></div>"])


def _class(value: str) -> str:
    return f" class={value}" if value in {"met", "missed"} else ""
