"""`gatehouse simulate`: a trace through the production picker to simulated servers."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import gatehouse, without_secrets, write_gateway


def trace(folder: Path, count: int = 40, **more: Any) -> str:
    """Requests about four documents of 4,096 tokens, four a second."""
    path = folder / "mine.jsonl"
    rows = [
        {
            "timestamp": at * 250,
            "input_length": 4096,
            "output_length": 20,
            "hash_ids": [at % 4 * 8 + block for block in range(8)],
            **more,
        }
        for at in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_a_trace_without_times_is_said_to_be_uncalibrated_before_the_table(tmp_path: Path) -> None:
    result = gatehouse(
        *("simulate", "--trace", trace(tmp_path), "--profiles", "cost,random"),
        *("--endpoints", "2..4"),
    )
    assert result.exit_code == 0, result.output
    servers, first, empty, head, *rows = result.stdout.splitlines()
    assert servers.startswith("SERVERS: qwen3-32b-2xh100, a cache of ")
    assert first.startswith("not calibrated: the trace has fewer than 4 measured times (ttft_ms)")
    assert (empty, head.split()[:2]) == ("", ["endpoints", "profile"])
    assert [row.split()[:2] for row in rows[:6]] == [
        [str(count), name] for count in (2, 3, 4) for name in ("cost", "random")
    ]
    assert rows[6].startswith("cost: 2 endpoints keep TTFT 2000 ms")
    assert result.stderr == ""


def test_measured_times_come_first_and_their_endpoints_are_the_default(tmp_path: Path) -> None:
    path = trace(tmp_path, ttft_ms=150.0, endpoints=3, profile="mine")
    result = gatehouse("simulate", "--trace", path)
    lines = result.stdout.splitlines()
    assert lines[1] == "CALIBRATION over 20 measured requests, as served: 3 endpoints by default"
    assert lines[2].startswith("  TTFT p50: measured 150 ms, simulated ")
    assert 'served by "mine", which is no document here' in result.stdout
    assert lines[-2].split()[:2] == ["3", "default"]


def test_machines_get_one_document_and_the_same_seed_the_same(tmp_path: Path) -> None:
    path = trace(tmp_path, ttft_ms=150.0)
    options = (
        "--trace",
        path,
        "--profiles",
        "random",
        "--endpoints",
        "2",
        "--json",
        "--rate",
        "8x",
    )
    one, two, other = (
        json.loads(gatehouse("simulate", *options, "--seed", seed).stdout) for seed in "112"
    )
    assert one == two
    assert one["runs"] != other["runs"]
    assert one["calibration"]["measured"] == {
        "ttft_p50": 0.15,
        "ttft_p90": 0.15,
        "tpot_p50": None,
    }


def test_limits_of_servers_are_as_asked(tmp_path: Path) -> None:
    asked = ("--endpoints", "1", "--blocks", "2000", "--max-num-seqs", "1", "--json")
    told = json.loads(gatehouse("simulate", "--trace", trace(tmp_path), *asked).stdout)
    assert told["servers"] == {
        "hardware": "qwen3-32b-2xh100",
        "cache_tokens": 32_000,
        "cache_from": "asked",
        "max_num_seqs": 1,
        "max_num_seqs_from": "asked",
    }
    more = (*asked[:4], "--max-num-seqs", "64", "--json")
    other = json.loads(gatehouse("simulate", "--trace", trace(tmp_path), *more).stdout)
    assert told["runs"][0]["ttft_p90"] > 2 * other["runs"][0]["ttft_p90"]


def test_exit_code_1_says_that_nothing_keeps_the_slo(tmp_path: Path) -> None:
    result = gatehouse(
        *("simulate", "--trace", trace(tmp_path), "--endpoints", "1", "--ttft-ms", "1")
    )
    assert result.exit_code == 1
    assert "default: none of these numbers of endpoints keeps TTFT 1 ms" in result.stdout


def test_documents_and_the_slo_of_the_pool_come_from_the_configuration(tmp_path: Path) -> None:
    document = {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "EndpointPicker",
        "metadata": {"name": "mine"},
        "spec": {"profile": {"scorers": [{"type": "queue-scorer"}]}},
    }
    pool = {"name": "models", "path": "/v1", "endpoints": ["127.0.0.1:1"], "picker": "mine"}
    config = write_gateway(tmp_path, document, pools=[{**pool, "slo": {"ttft_ms": 900}}])
    path = trace(tmp_path, ttft_ms=150.0, endpoints=2, profile="mine", pool="models")
    result = without_secrets(
        gatehouse("simulate", "--trace", path, "-c", config, "--profiles", "mine,cost")
    )
    assert result.exit_code == 0, result.output
    assert "as served: 2 endpoints by mine" in result.stdout
    assert "mine: 2 endpoints keep TTFT 900 ms" in result.stdout


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "mine.jsonl:2: not a request of a trace: no JSON"),
        ('{"timestamp": 0}', "mine.jsonl:2: input_length is missing"),
    ],
)
def test_a_broken_line_is_named_with_its_file(tmp_path: Path, line: str, fault: str) -> None:
    path = trace(tmp_path, 1)
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    result = without_secrets(gatehouse("simulate", "--trace", path, "--endpoints", "1"))
    assert result.exit_code == 2
    assert fault in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--profiles", "cots"), 'there is no profile "cots"; did you mean "cost"?'),
        (("--endpoints", "9..6"), "--endpoints: want 1 to 200"),
        (("--endpoints", ""), "the trace does not say how many served it"),
        (("--rate", "fast"), "--rate: want requests per second"),
        (("--hardware", "abacus"), '--hardware: there is no "abacus"'),
        (("--cache-tokens", "4096", "--blocks", "256"), "--cache-tokens says the same"),
        (("--cache-tokens", "4096"), "does not fit into a cache of 4096 tokens"),
        (("--config", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_what_cannot_be_simulated_is_told_with_what_can(
    tmp_path: Path, options: tuple[str, ...], fault: str
) -> None:
    asked = ("--endpoints", "2", *options)
    result = without_secrets(gatehouse("simulate", "--trace", trace(tmp_path), *asked))
    assert result.exit_code == 2
    assert fault in result.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = gatehouse("simulate", "--trace", str(tmp_path / "none"), "--endpoints", "2")
    assert result.exit_code == 2
    assert f"cannot read {tmp_path / 'none'}: No such file" in result.stderr


def test_help_has_examples() -> None:
    text = gatehouse("simulate", "--help").stdout
    assert "gatehouse simulate --trace mine.jsonl --endpoints 6..12" in text
    assert "llm-d-3-2-2" in text.replace("\n", "")
