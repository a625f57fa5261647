"""Each benchmark for a fraction of a second: it runs, and its JSON has the promised shape."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support.processes import ROOT

MACHINE = {"cpu", "cores", "memory_mib", "kernel", "python", "envoy", "load_average"}
SPREADS = {
    "requests_per_second",
    "p50_ms",
    "p99_ms",
    "worker_cpu_us",
    "envoy_cpu_us",
    "rss_mib",
    "rss_all_mib",
    "messages",
    "rate_to_envoy_alone",
    "added_p50_ms",
}

OFF = "gatehouse, usage: off"
WORKER_EVENT = "an event, worker without gRPC"

pytestmark = pytest.mark.timeout(300)  # the first run installs LiteLLM


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What a run of every benchmark of MCP prints."""
    return printed("work", "decide", "session", "lists", "events", "envoy", "soak")


@pytest.fixture(scope="module")
def protocols() -> dict[str, Any]:
    """The same of the other protocols, with LiteLLM, which is installed if it is not there."""
    return printed("chat", "stream", "a2a", "check", "pick")


def printed(*names: str) -> dict[str, Any]:
    run = bench(*names, "--quick", "--json")
    assert run.returncode == 0, run.stderr
    document: dict[str, Any] = json.loads(run.stdout)
    return document


def of(document: dict[str, Any], bench: str) -> list[dict[str, Any]]:
    return [cell for cell in document["cells"] if cell["bench"] == bench]


def is_spread(value: dict[str, float]) -> bool:
    return value["low"] <= value["median"] <= value["high"]


def test_a_report_says_what_it_was_measured_on(document: dict[str, Any]) -> None:
    assert set(document["machine"]) == MACHINE
    assert document["generator"] == "benchmarks.load (Python, one process)"


def test_figures_of_one_process_have_spreads(document: dict[str, Any]) -> None:
    figures = {figure["name"]: figure for figure in document["figures"]}
    assert all(is_spread(figure["spread"]) for figure in figures.values())
    assert all(figure["spread"]["low"] > 0 for figure in figures.values())
    assert "own work, 1 KB, 100 policies, 1 can match" in figures
    assert "decide, 1000 policies, 100 can match" in figures
    assert "open a session id" in figures


def test_reading_an_event_is_measured_with_and_without_the_rest_of_a_worker(
    document: dict[str, Any],
) -> None:
    figures = {one["name"]: one["spread"]["median"] for one in document["figures"]}
    readers = ("an event, reader of chat chunks", "an event, reader of Anthropic's events")
    assert all(figures[name] > 0 for name in (*readers, WORKER_EVENT))


def test_every_goal_is_judged(document: dict[str, Any], protocols: dict[str, Any]) -> None:
    limits = [[goal["limit"] for goal in run["goals"]] for run in (document, protocols)]
    assert limits[0] == [150.0, 1.5, 1.5, 5.0, 0.25, 2.0, 2.0]
    assert limits[1] == [50.0, 50.0, 0.1, 1.1, 100.0, 100.0, 100.0, 700.0]


def test_a_goal_is_met_below_its_limit_or_above_it(
    document: dict[str, Any], protocols: dict[str, Any]
) -> None:
    for goal in (*document["goals"], *protocols["goals"]):
        assert goal["low"] <= goal["seen"] <= goal["high"]
        above, below = goal["seen"] >= goal["limit"], goal["seen"] <= goal["limit"]
        assert goal["met"] == (above if goal["at_least"] else below)
        assert goal["at_least"] == ("requests/s" in goal["name"])


def test_every_contender_is_measured_through_envoy(document: dict[str, Any]) -> None:
    cells = document["cells"]
    names = ["envoy alone", "envoy mcp+rbac", "continue", "gatehouse"]
    assert [cell["contender"] for cell in cells] == names * 2
    assert [cell["connections"] for cell in cells] == [1] * 4 + [32] * 4
    assert all(is_spread(cell[name]) for cell in cells for name in SPREADS)
    judged = [cell for cell in cells if cell["contender"] in {"continue", "gatehouse"}]
    assert all(round(cell["messages"]["median"]) == 2 for cell in judged)


def test_chat_is_measured_beside_litellm(protocols: dict[str, Any]) -> None:
    cells = of(protocols, "chat")
    names = ["upstream itself", "envoy alone", "continue", OFF, "gatehouse, usage: json", "litellm"]
    assert [cell["contender"] for cell in cells] == names * 2
    assert all(is_spread(cell[name]) for cell in cells for name in SPREADS)
    assert all(cell["requests_per_second"]["low"] > 0 for cell in cells)


def test_the_memory_of_a_gateway_is_that_of_all_its_processes(protocols: dict[str, Any]) -> None:
    memory = {cell["contender"]: cell for cell in of(protocols, "chat")}
    ours, theirs = memory[OFF], memory["litellm"]
    assert ours["rss_all_mib"]["low"] > ours["rss_mib"]["high"]
    assert theirs["rss_all_mib"] == theirs["rss_mib"]


def test_reading_usage_takes_messages_and_a_stream_that_is_not_read_takes_none(
    protocols: dict[str, Any],
) -> None:
    chat = {cell["contender"]: cell for cell in of(protocols, "chat")}
    paced = {cell["contender"]: cell for cell in of(protocols, "stream of 200 events one by one")}
    assert round(chat[OFF]["messages"]["median"]) == 2
    assert chat["gatehouse, usage: json"]["messages"]["median"] > 2.5
    assert paced[OFF]["messages"]["median"] < 5
    assert paced["gatehouse, usage: all"]["messages"]["median"] > 50
    assert {cell["events"] for cell in paced.values()} == {200}


@pytest.mark.parametrize(
    ("bench", "names"),
    [
        ("A2A SendMessage", ["envoy alone", "gatehouse"]),
        (
            "tools/call, access control alone",
            ["envoy alone", "gatehouse, mode: buffered", "gatehouse, mode: check"],
        ),
    ],
)
def test_agents_and_access_control_are_measured_beside_envoy(
    protocols: dict[str, Any], bench: str, names: list[str]
) -> None:
    cells = of(protocols, bench)
    assert [cell["contender"] for cell in cells] == names * 2
    assert all(cell["requests_per_second"]["low"] > 0 for cell in cells)


def test_the_soak_compares_memory_at_two_points(document: dict[str, Any]) -> None:
    assert [soak["name"] for soak in document["soaks"]] == ["in process", "through Envoy"]
    assert all(0 < soak["early"] <= soak["late"] for soak in document["soaks"])
    assert all(soak["early_mib"] > 0 and soak["late_mib"] > 0 for soak in document["soaks"])


@pytest.mark.parametrize("arguments", [("nothing",), ("--rounds", "0"), ("--seconds", "-1")])
def test_a_wrong_argument_is_named(arguments: tuple[str, ...]) -> None:
    run = bench(*arguments)
    assert run.returncode == 2
    assert arguments[0] in run.stderr
    assert run.stdout == ""


def test_help_has_examples() -> None:
    assert "python -m benchmarks work decide" in bench("--help").stdout


def test_a_pick_costs_messages_for_the_request_and_the_head_of_its_answer(
    protocols: dict[str, Any],
) -> None:
    cells = of(protocols, "pick")
    names = ["envoy alone", "gatehouse, 4 endpoints"]
    assert [cell["contender"] for cell in cells] == names * 2
    assert all(is_spread(cell[name]) for cell in cells for name in SPREADS)
    assert 3 <= round(cells[-1]["messages"]["median"]) <= 4
