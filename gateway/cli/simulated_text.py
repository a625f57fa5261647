"""What `gatehouse simulate` found, for people and for machines."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from typing import Final

from gateway.cli.findings import counted
from gateway.cli.simulated_input import Chosen
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.simulation.calibration import FEWEST, Calibration, Tried
from gateway.simulation.fitting import WIDEST
from gateway.simulation.hardware import Server
from gateway.simulation.sizing import KEPT, Setting, Sized, fewest

HEAD = (
    *("endpoints", "profile", "TTFT p50", "p90", "p95", "e2e p90"),
    *("hit rate", "good/s", "kept", "errors"),
)

_FROM: Final[Mapping[str | None, str]] = {
    None: "by default",
    "asked": "as asked",
    "recorded": "as recorded",
    "seen": "as the trace shows",
}


def servers_text(chosen: Chosen) -> str:
    """What serves, and where its limits come from."""
    server = chosen.server
    cache = f"a cache of {server.blocks * server.block} tokens ({_FROM[chosen.cache_from]})"
    limit = f"{server.sequences} requests at a time ({_FROM[chosen.sequences_from]})"
    return f"SERVERS: {chosen.hardware}, {cache}, {limit}\n"


def calibration_text(found: Calibration | None, served_by: str | None) -> str:
    """How far the simulation is from what was measured; `served_by` is the profile that the trace
    names."""
    if found is None:
        few = f"fewer than {FEWEST} measured times (ttft_ms)"
        return f"not calibrated: the trace has {few}; all below is by the data sheet\n\n"
    served = f"{counted(found.endpoints, 'endpoint')} by {found.profile}"
    best, seen = found.best, found.measured
    lines = [
        f"CALIBRATION over {counted(found.requests, 'measured request')}, as served: {served}",
        _compared("TTFT p50", seen.ttft_p50, best.simulated.ttft_p50, best.errors.ttft_p50),
        _compared("TTFT p90", seen.ttft_p90, best.simulated.ttft_p90, best.errors.ttft_p90),
        _compared("TPOT p50", seen.tpot_p50, best.simulated.tpot_p50, best.errors.tpot_p50),
        _hits(found),
        f"  fitted to the {found.fitted} requests before them, which it does not count:",
        *_factors(best.server),
        "  error of TTFT p50, its p90, TPOT p50, and of half of the requests at most:",
        *(_errors(one) for one in found.tried),
    ]
    if served_by not in {None, found.profile}:
        lines.append(f'  the trace was served by "{served_by}", which is no document here')
    if found.at_limit:
        lines.append(f"  nothing fits within {WIDEST:g} times: name another --hardware")
    return "\n".join(filter(None, lines)) + "\n\n"


def _compared(
    name: str, measured: float | None, simulated: float | None, error: float | None
) -> str:
    if measured is None or simulated is None or error is None:
        return ""
    times = f"measured {_ms(measured)}, simulated {_ms(simulated)}"
    return f"  {name}: {times}, error {_percent(error)}"


def _hits(found: Calibration) -> str:
    if found.measured_hits is None or found.simulated_hits is None:
        return ""
    return f"  hit rate: measured {found.measured_hits:.0%}, simulated {found.simulated_hits:.0%}"


def _factors(server: Server) -> tuple[str, ...]:
    return (
        f"    computing takes {server.prefill:.3g} times as long as by the data sheet,",
        f"    the rest of a step {server.decode:.3g} times,",
        f"    and {_ms(server.admission)} pass before a request is queued",
    )


def _errors(one: Tried) -> str:
    found = one.errors
    errors = [_percent(found.ttft_p50), _percent(found.ttft_p90)]
    errors.append("-" if found.tpot_p50 is None else _percent(found.tpot_p50))
    errors.append(f"{one.typical:.0%}" if isfinite(one.typical) else "without end")
    return f"    by {one.factors}:".ljust(22) + "".join(each.rjust(7) for each in errors)


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


def report_json(
    chosen: Chosen, found: Calibration | None, runs: Sequence[Sized], setting: Setting
) -> JsonObject:
    """All of it; times are seconds, null for what never came."""
    names = dict.fromkeys(run.profile for run in runs)
    return {
        "version": 1,
        "servers": {
            "hardware": chosen.hardware,
            "cache_tokens": chosen.server.blocks * chosen.server.block,
            "cache_from": chosen.cache_from,
            "max_num_seqs": chosen.server.sequences,
            "max_num_seqs_from": chosen.sequences_from,
        },
        "calibration": None if found is None else _calibration_json(found),
        "slo": {"ttft": setting.ttft_slo, "tpot": setting.tpot_slo, "kept": KEPT},
        "speed": setting.speed,
        "seed": setting.seed,
        "runs": [
            {"endpoints": run.endpoints, "profile": run.profile, **_finites(asdict(run.figures))}
            for run in runs
        ],
        "enough": {name: fewest(runs, name) for name in names},
    }


def _calibration_json(found: Calibration) -> JsonObject:
    """The factors and the error are those of the best set, and `tried` has all sets."""
    return {
        "endpoints": found.endpoints,
        "profile": found.profile,
        "fitted": found.fitted,
        "requests": found.requests,
        "hit_rate": {"measured": found.measured_hits, "simulated": found.simulated_hits},
        "at_limit": found.at_limit,
        "measured": _finites(asdict(found.measured)),
        **_tried_json(found.best),
        "tried": {one.factors: _tried_json(one) for one in found.tried},
    }


def _tried_json(one: Tried) -> JsonObject:
    server = one.server
    return {
        "factors": {
            "prefill": server.prefill,
            "decode": server.decode,
            "admission": server.admission,
        },
        "simulated": _finites(asdict(one.simulated)),
        "error": {**_finites(asdict(one.errors)), "typical": _finite(one.typical)},
    }


def _finites(values: Mapping[str, float | None]) -> JsonObject:
    return {name: None if value is None else _finite(value) for name, value in values.items()}


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
    if seconds >= 10:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.1 else f"{seconds * 1000:.3g} ms"


def _percent(error: float) -> str:
    return f"{error:+.0%}" if isfinite(error) else "without end"
