"""What `gatehouse simulate` found is told to people and to machines."""

import json
from math import inf

from gateway.cli.simulated_text import calibration_text, report_json, table_text
from gateway.simulation.calibration import Calibration
from gateway.simulation.hardware import Server
from gateway.simulation.replaying import Figures
from gateway.simulation.sizing import Setting, Sized

FOUND = Calibration(Server(), 1.25, 0.5, 8, "cost", 40, 0.1, 0.5, 0.11, 0.4, 0.88, 0.85)
RUNS = [
    Sized(1, "cost", Figures(10, 0.5, inf, inf, inf, 0.25, 0.5, 0.4, 6)),
    Sized(2, "cost", Figures(10, 0.05, 0.25, 0.5, 12.0, 0.75, 2.0, 1.0, 0)),
    Sized(2, "random", Figures(10, 0.05, 0.25, 0.5, 12.0, 0.75, 2.0, 0.8, 0)),
]


def test_the_error_of_the_simulation_is_told_with_both_times() -> None:
    fitted = "computing takes 1.25 times as long as by the data sheet, everything else 0.5 times"
    assert calibration_text(FOUND, "cost").splitlines() == [
        "CALIBRATION over 40 measured requests, as served: 8 endpoints by cost",
        "  TTFT p50: measured 100 ms, simulated 110 ms, error +10%",
        "  TTFT p90: measured 500 ms, simulated 400 ms, error -20%",
        "  hit rate: measured 88%, simulated 85%",
        f"  fitted to as many others: {fitted}",
        "",
    ]


def test_a_trace_without_measured_times_is_said_to_have_none() -> None:
    assert calibration_text(None, None).startswith(
        "not calibrated: the trace has no measured times"
    )


def test_what_makes_the_comparison_doubtful_is_told() -> None:
    text = calibration_text(FOUND, "mine")
    assert 'the trace was served by "mine", which is no document here' in text
    far = Calibration(Server(), 64.0, 1.0, 8, "cost", 40, 0.1, 0.5, inf, inf)
    assert "hit rate" not in calibration_text(far, None)
    assert "no speed fits within 64 times" in calibration_text(far, None)
    assert "simulated never, error without end" in calibration_text(far, None)


def test_the_table_has_a_row_for_each_run_and_says_how_many_are_enough() -> None:
    lines = table_text(RUNS, Setting(Server())).splitlines()
    assert lines[0].split()[:4] == ["endpoints", "profile", "TTFT", "p50"]
    assert lines[1].split() == [
        *("1", "cost", "500", "ms", "never", "never", "never", "25%", "0.50", "40%", "6")
    ]
    assert "12.00 s" in lines[2]
    slo = "TTFT 2000 ms and 100 ms a token for 90% of the requests"
    assert lines[4] == f"cost: 2 endpoints keep {slo}"
    assert lines[5] == f"random: none of these numbers of endpoints keeps {slo}"
    assert "1 endpoint keeps TTFT" in table_text(
        [Sized(1, "x", RUNS[1].figures)], Setting(Server())
    )


def test_machines_get_seconds_and_null_for_what_never_came() -> None:
    told = json.loads(
        json.dumps(report_json(FOUND, RUNS, Setting(Server(), seed=7)), allow_nan=False)
    )
    assert told["version"] == 1
    assert told["calibration"]["error"]["ttft_p90"] == FOUND.error_p90
    assert told["calibration"]["hit_rate"] == {"measured": 0.88, "simulated": 0.85}
    assert told["runs"][0]["ttft_p90"] is None
    assert told["runs"][1] == {
        "endpoints": 2,
        "profile": "cost",
        "requests": 10,
        "errors": 0,
        "hit_rate": 0.75,
        "ttft_p50": 0.05,
        "ttft_p90": 0.25,
        "ttft_p95": 0.5,
        "e2e_p90": 12.0,
        "goodput": 2.0,
        "kept": 1.0,
    }
    assert told["enough"] == {"cost": 2, "random": None}
    assert (told["seed"], told["slo"]) == (7, {"ttft": 2.0, "tpot": 0.1, "kept": 0.9})
    assert report_json(None, RUNS, Setting(Server()))["calibration"] is None
