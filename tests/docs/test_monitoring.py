"""The dashboard, the alert rules and the page about metrics ask for what the code tells."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.docs.promql import Query, registered
from tests.support.processes import ROOT

FOLDER = ROOT / "docs" / "monitoring"
PAGE = (ROOT / "docs" / "telemetry.md").read_text()
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
KNOWN = registered()
ROW = re.compile(r"^\| `(\w+)` \|([^|]*)\|[^|]+\|$", re.MULTILINE)


def panels(kind: str | None = None) -> Iterator[dict[str, Any]]:
    for panel in DASHBOARD["panels"]:
        if (panel["type"] == "row") == (kind == "row"):
            yield panel


def targets() -> Iterator[tuple[str, dict[str, Any]]]:
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target


def test_every_query_of_the_dashboard_asks_for_what_there_is() -> None:
    faults = {target["expr"]: Query(target["expr"], KNOWN).faults for _, target in targets()}
    assert {query: found for query, found in faults.items() if found} == {}


def test_every_legend_names_labels_of_its_query() -> None:
    for title, target in targets():
        named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        assert named <= Query(target["expr"], KNOWN).labels, title


def test_the_dashboard_shows_every_metric() -> None:
    shown: set[str] = set()
    for _, target in targets():
        shown |= Query(target["expr"], KNOWN).metrics
    assert shown == set(KNOWN)


def test_a_query_is_filtered_by_the_chosen_routes_wherever_it_can_be() -> None:
    for title, target in targets():
        query = Query(target["expr"], KNOWN)
        routed = all("route" in KNOWN[name].labels for name in query.metrics)
        assert ('route=~"$route"' in target["expr"]) == routed, title


def test_panels_ask_the_data_source_that_is_chosen() -> None:
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels():
        assert panel["datasource"] == chosen
        assert all(target["datasource"] == chosen for target in panel["targets"])
    assert variables["route"]["datasource"] == chosen
    (metric,) = re.findall(r"label_values\((\w+), route\)", variables["route"]["definition"])
    assert "route" in KNOWN[metric].labels


def test_panels_have_their_own_place_and_number() -> None:
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in _rows(at)}
        assert not cells & taken, panel["title"]
        assert all(x < 24 for x, _ in cells)
        taken |= cells


def _rows(at: dict[str, int]) -> range:
    return range(at["y"], at["y"] + at["h"])


def test_every_panel_says_what_it_shows() -> None:
    for panel in panels():
        assert panel["title"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert [target["refId"] for target in panel["targets"]] == sorted(
            {target["refId"] for target in panel["targets"]}
        )


# --- alerts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_asks_for_what_there_is_and_says_what_to_do(rule: dict[str, Any]) -> None:
    query = Query(rule["expr"], KNOWN)
    assert query.faults == []
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    annotations = rule["annotations"]
    assert set(annotations) == {"summary", "description", "runbook"}
    named = set(re.findall(r"\$labels\.(\w+)", " ".join(annotations.values())))
    assert named <= query.labels
    assert annotations["runbook"].endswith(".")


def test_alerts_have_names_of_their_own() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"Gatehouse[A-Z]\w+", name) for name in names)


def test_an_alert_on_a_single_event_sees_the_first_one_too() -> None:
    """increase() is 0 for a counter with labels that begins at 1."""
    for rule in RULES:
        increased = re.findall(r"increase\((\w+)\S*\)\s*> 0", rule["expr"])
        for metric in increased:
            if KNOWN[metric].labels:
                assert re.search(rf"unless {metric}\S* offset", rule["expr"]), rule["alert"]


# --- the page -----------------------------------------------------------------------------------


def test_the_page_has_every_metric_with_its_labels() -> None:
    told = {name: frozenset(re.findall(r"`(\w+)`", labels)) for name, labels in ROW.findall(PAGE)}
    code = {name: metric.labels for name, metric in registered(latest=True).items()}
    assert told == code


# --- the check itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("gatehouse_made_up_total", "no metric gatehouse_made_up_total"),
        ("rate(gatehouse_requests[5m])", "no metric gatehouse_requests"),
        ("gatehouse_judgement_seconds_total", "no metric gatehouse_judgement_seconds_total"),
        ("gatehouse_open_streams_total", "no metric gatehouse_open_streams_total"),
        ('gatehouse_calls_total{tool="x"}', "no label tool of gatehouse_calls_total"),
        ('gatehouse_requests_total{le="1"}', "no label le of gatehouse_requests_total"),
        ("sum by (tool) (gatehouse_calls_total)", "no label tool of what is aggregated"),
        ("sum by (le) (gatehouse_judgement_seconds_sum)", "no label le of what is aggregated"),
        ("rate(gatehouse_open_streams[5m])", "rate of the gauge gatehouse_open_streams"),
        (
            "histogram_quantile(1, sum by (route) (gatehouse_judgement_seconds_bucket))",
            "no label le of a histogram",
        ),
        ("1 - (gatehouse_open_streams / -made_up)", "no metric made_up"),
        ("topk(3, made_up)", "no metric made_up"),
        ("max_over_time(made_up[1h:5m])", "no metric made_up"),
    ],
)
def test_a_query_that_asks_in_vain_is_found(text: str, fault: str) -> None:
    assert Query(text, KNOWN).faults == [fault]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("sum(gatehouse_calls_total)", set[str]()),
        ("topk(3, sum by (target) (gatehouse_calls_total))", {"target"}),
        ("sum without (method, target, decision, protocol) (gatehouse_calls_total)", {"route"}),
        ("gatehouse_endpoint_healthy == 0", {"backend", "endpoint"}),
    ],
)
def test_the_labels_of_a_result_are_known(text: str, labels: set[str]) -> None:
    query = Query(text, KNOWN)
    assert query.faults == []
    assert query.labels - {"instance", "job"} == labels
