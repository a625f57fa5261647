"""What `gatehouse simulate` found, for people and for machines."""

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite

from gateway.cli.findings import counted
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.simulation.calibration import WIDEST, Calibration
from gateway.simulation.sizing import KEPT, Setting, Sized, fewest

HEAD = (
    *("endpoints", "profile", "TTFT p50", "p90", "p95", "e2e p90"),
    *("hit rate", "good/s", "kept", "errors"),
)


def calibration_text(found: Calibration | None, served_by: str | None) -> str:
    """How far the simulation is from what was measured; `served_by` is the profile that the trace
    names."""
    if found is None:
        return "not calibrated: the trace has no measured times (ttft_ms)\n\n"
    served = f"{counted(found.endpoints, 'endpoint')} by {found.profile}"
    fitted = (
        f"computing takes {found.slow:.3g} times as long as by the data sheet, "
        f"everything else {found.overhead:.3g} times"
    )
    lines = [
        f"CALIBRATION over {found.requests} measured requests, as served: {served}",
        _compared("p50", found.measured_p50, found.simulated_p50, found.error_p50),
        _compared("p90", found.measured_p90, found.simulated_p90, found.error_p90),
        f"  fitted to as many others: {fitted}",
    ]
    if found.measured_hits is not None and found.simulated_hits is not None:
        rates = f"measured {found.measured_hits:.0%}, simulated {found.simulated_hits:.0%}"
        lines.insert(3, f"  hit rate: {rates}")
    if served_by not in {None, found.profile}:
        lines.append(f'  the trace was served by "{served_by}", which is no document here')
    if found.at_limit:
        lines.append(f"  no speed fits within {WIDEST:g} times: name another --hardware")
    return "\n".join(lines) + "\n\n"


def _compared(name: str, measured: float, simulated: float, error: float) -> str:
    times = f"measured {_ms(measured)}, simulated {_ms(simulated)}"
    return f"  TTFT {name}: {times}, error {_percent(error)}"


def table_text(runs: Sequence[Sized], setting: Setting) -> str:
    """A row for each run, then for each profile how many endpoints are enough."""
    rows = [HEAD, *(_row(run) for run in runs)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    lines = ["  ".join(map(str.rjust, row, widths)) for row in rows]
    slo = f"TTFT {_ms(setting.ttft_slo)} and {_ms(setting.tpot_slo)} a token"
    for name in dict.fromkeys(run.profile for run in runs):
        enough = fewest(runs, name)
        if enough is None:
            told = "none of these numbers of endpoints keeps"
        else:
            told = f"{counted(enough, 'endpoint')} keep" + ("s" if enough == 1 else "")
        lines.append(f"{name}: {told} {slo} for {KEPT:.0%} of the requests")
    return "\n".join(lines) + "\n"


def report_json(found: Calibration | None, runs: Sequence[Sized], setting: Setting) -> JsonObject:
    """All of it; times are seconds, null for what never came."""
    names = dict.fromkeys(run.profile for run in runs)
    return {
        "version": 1,
        "calibration": None if found is None else _calibration_json(found),
        "slo": {"ttft": setting.ttft_slo, "tpot": setting.tpot_slo, "kept": KEPT},
        "speed": setting.speed,
        "seed": setting.seed,
        "runs": [
            {
                "endpoints": run.endpoints,
                "profile": run.profile,
                **{key: _finite(value) for key, value in asdict(run.figures).items()},
            }
            for run in runs
        ],
        "enough": {name: fewest(runs, name) for name in names},
    }


def _calibration_json(found: Calibration) -> JsonObject:
    return {
        "endpoints": found.endpoints,
        "profile": found.profile,
        "requests": found.requests,
        "slow": found.slow,
        "overhead": found.overhead,
        "hit_rate": {"measured": found.measured_hits, "simulated": found.simulated_hits},
        "at_limit": found.at_limit,
        "measured": {"ttft_p50": found.measured_p50, "ttft_p90": found.measured_p90},
        "simulated": {
            "ttft_p50": _finite(found.simulated_p50),
            "ttft_p90": _finite(found.simulated_p90),
        },
        "error": {"ttft_p50": _finite(found.error_p50), "ttft_p90": _finite(found.error_p90)},
    }


def _row(run: Sized) -> tuple[str, ...]:
    seen = run.figures
    times = (seen.ttft_p50, seen.ttft_p90, seen.ttft_p95, seen.e2e_p90)
    return (
        str(run.endpoints),
        run.profile,
        *map(_ms, times),
        f"{seen.hit_rate:.0%}",
        f"{seen.goodput:.2f}",
        f"{seen.kept:.0%}",
        str(seen.errors),
    )


def _finite(value: float) -> JsonValue:
    return value if isfinite(value) else None


def _ms(seconds: float) -> str:
    if not isfinite(seconds):
        return "never"
    return f"{seconds:.2f} s" if seconds >= 10 else f"{seconds * 1000:.0f} ms"


def _percent(error: float) -> str:
    return f"{error:+.0%}" if isfinite(error) else "without end"
