"""What `gatehouse simulate` found is told to people and to machines."""

import json
from dataclasses import replace
from math import inf

from gateway.cli.simulated_input import Chosen
from gateway.cli.simulated_text import calibration_text, report_json, servers_text, table_text
from gateway.simulation.calibration import Calibration, Times, Tried
from gateway.simulation.hardware import Server
from gateway.simulation.replaying import Figures
from gateway.simulation.sizing import Setting, Sized

SHEET = Tried("data sheet", Server(), Times(0.05, 0.1, 0.01), Times(-0.5, -0.8, 0.0), 0.62)
THREE = Tried(
    "three factors",
    Server(prefill=5.0, decode=0.5, admission=0.08),
    Times(0.11, 0.4, 0.01),
    Times(0.1, -0.2, 0.0),
    0.05,
)
FOUND = Calibration(
    *(8, "cost", 30, 40, Times(0.1, 0.5, 0.01), (SHEET, THREE)),
    measured_hits=0.88,
    simulated_hits=0.85,
)
CHOSEN = Chosen(Server(cache_tokens=64_000), "abacus", "recorded", None)
RUNS = [
    Sized(1, "cost", Figures(10, 0.5, inf, inf, inf, 0.25, 0.5, 0.4, 6)),
    Sized(2, "cost", Figures(10, 0.05, 0.25, 0.5, 12.0, 0.75, 2.0, 1.0, 0)),
    Sized(2, "random", Figures(10, 0.05, 0.25, 0.5, 12.0, 0.75, 2.0, 0.8, 0)),
]


def test_the_servers_are_named_with_where_their_limits_come_from() -> None:
    cache = "a cache of 64000 tokens (as recorded)"
    limit = "1024 requests at a time (by default)"
    assert servers_text(CHOSEN) == f"SERVERS: abacus, {cache}, {limit}\n"


def test_the_error_of_the_simulation_is_told_with_both_times_and_for_each_set_of_factors() -> None:
    assert calibration_text(FOUND, "cost").splitlines() == [
        "CALIBRATION over 40 measured requests, as served: 8 endpoints by cost",
        "  TTFT p50: measured 100 ms, simulated 110 ms, error +10%",
        "  TTFT p90: measured 500 ms, simulated 400 ms, error -20%",
        "  TPOT p50: measured 10 ms, simulated 10 ms, error +0%",
        "  hit rate: measured 88%, simulated 85%",
        "  fitted to the 30 requests before them, which it does not count:",
        "    computing takes 5 times as long as by the data sheet,",
        "    the rest of a step 0.5 times,",
        "    and 80 ms pass before a request is queued",
        "  error of TTFT p50, its p90, TPOT p50, and of half of the requests at most:",
        "    by data sheet:       -50%   -80%    +0%    62%",
        "    by three factors:    +10%   -20%    +0%     5%",
        "",
    ]


def test_a_trace_without_measured_times_is_said_to_have_none() -> None:
    assert calibration_text(None, None).startswith(
        "not calibrated: the trace has fewer than 4 measured times"
    )


def test_what_makes_the_comparison_doubtful_is_told() -> None:
    text = calibration_text(FOUND, "mine")
    assert 'the trace was served by "mine", which is no document here' in text
    lost = replace(THREE, simulated=Times(inf, inf), errors=Times(inf, inf), typical=inf)
    far = Calibration(8, "cost", 30, 40, Times(0.1, 0.5), (lost,), at_limit=True)
    assert "hit rate" not in calibration_text(far, None)
    assert "TPOT p50: " not in calibration_text(far, None)
    assert "nothing fits within 64 times" in calibration_text(far, None)
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
        json.dumps(report_json(CHOSEN, FOUND, RUNS, Setting(Server(), seed=7)), allow_nan=False)
    )
    assert told["version"] == 1
    assert told["servers"] == {
        "hardware": "abacus",
        "cache_tokens": 64_000,
        "cache_from": "recorded",
        "max_num_seqs": 1024,
        "max_num_seqs_from": None,
    }
    assert told["calibration"]["error"] == {
        "ttft_p50": 0.1,
        "ttft_p90": -0.2,
        "tpot_p50": 0.0,
        "typical": 0.05,
    }
    assert told["calibration"]["factors"] == {"prefill": 5.0, "decode": 0.5, "admission": 0.08}
    assert told["calibration"]["tried"]["data sheet"]["error"]["ttft_p90"] == -0.8
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
    assert report_json(CHOSEN, None, RUNS, Setting(Server()))["calibration"] is None
