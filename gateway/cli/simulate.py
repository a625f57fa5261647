"""`gatehouse simulate`: how many model servers a trace needs, and by which profile."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.bootstrap.load import ConfigurationError
from gateway.cli.findings import print_json, show_problems
from gateway.cli.simulated_input import (
    InputError,
    counts_of,
    documents_of,
    profiles_of,
    rows_of_pool,
    server_of,
    speed_of,
)
from gateway.cli.simulated_text import calibration_text, report_json, servers_text, table_text
from gateway.config.endpoint_picker import BUILT_IN
from gateway.simulation.calibration import calibrated, served_by
from gateway.simulation.hardware import SERVERS
from gateway.simulation.mooncake import TraceError, read_trace
from gateway.simulation.presets import PRESETS
from gateway.simulation.replaying import Fleet, MisfitError, Profile, Progress, silent
from gateway.simulation.sizing import Setting, fewest, sized

TTFT_MS: Final = 2000.0
TPOT_MS: Final = 100.0
"""SLOs where neither the command line nor the pool has any."""

LEAST_CACHE: Final = 1024


def simulate(
    trace: Annotated[Path, typer.Option(help="A trace in Mooncake's format.")],
    profiles: Annotated[
        str, typer.Option(help=f"EndpointPicker documents, or any of {', '.join(PRESETS)}.")
    ] = BUILT_IN,
    endpoints: Annotated[
        str, typer.Option(help="How many model servers: 8, or 6..12; unset: as in the trace.")
    ] = "",
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The gateway.yaml with the documents.")
    ] = None,
    pool: Annotated[str, typer.Option(help="Which pool of the trace and the gateway.yaml.")] = "",
    rate: Annotated[
        str, typer.Option(help="Requests per second, or 1.5x as many as in the trace.")
    ] = "1x",
    hardware: Annotated[str, typer.Option(help=f"What serves: {', '.join(SERVERS)}.")] = next(
        iter(SERVERS)
    ),
    cache_tokens: Annotated[
        int | None,
        typer.Option(min=LEAST_CACHE, help="What the cache of a server keeps; unset: as recorded."),
    ] = None,
    blocks: Annotated[
        int | None,
        typer.Option(min=LEAST_CACHE // 16, help="The same in blocks of 16, as num_gpu_blocks."),
    ] = None,
    max_num_seqs: Annotated[
        int | None,
        typer.Option(min=1, help="Requests a server runs at a time; unset: as the trace shows."),
    ] = None,
    ttft_ms: Annotated[
        float | None, typer.Option(min=1, help="SLO of the first token; unset: the pool's.")
    ] = None,
    tpot_ms: Annotated[
        float | None, typer.Option(min=0.1, help="SLO of each further one; unset: the pool's.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of whatever is random.")] = 0,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    demo: Annotated[bool, typer.Option(help="Accept missing sealing keys.")] = True,
) -> None:
    """Size a pool from a trace, in virtual time.

    The requests of the trace go through the production picker to simulated
    model servers. First comes how far the simulation is from what the
    trace measured: the first half of it chooses how fast the servers are,
    the error is that of the second half. Then comes each profile with each
    number of servers.

    Exit code 1 if no number of servers keeps the SLOs, 2 for bad input.

    Examples:

      gatehouse simulate --trace mine.jsonl --endpoints 6..12

      gatehouse simulate --trace mine.jsonl --profiles cost,llm-d-3-2-2 --endpoints 8

      gatehouse simulate --trace mine.jsonl -c gateway.yaml --profiles mine,cost --rate 1.5x
    """
    progress = _progress()
    try:
        documents = documents_of(config, pool, demo=demo)
        rows = rows_of_pool(trace, read_trace(trace), pool)
        asked = profiles_of(profiles, documents.pickers)
        served, by = served_by(rows)
        counts = counts_of(endpoints, served)
        chosen = server_of(hardware, rows, cache_tokens, blocks, max_num_seqs)
        setting = Setting(
            chosen.server,
            speed_of(rate, rows),
            (ttft_ms or documents.slo.ttft_ms or TTFT_MS) / 1000,
            (tpot_ms or documents.slo.tpot_ms or TPOT_MS) / 1000,
            seed,
        )
        known = by if by is not None and by in documents.pickers else BUILT_IN
        before = Profile(known, documents.pickers)
        fleet = Fleet(setting.server, served or counts[0])
        calibration = calibrated(rows, before, fleet, seed=seed, progress=progress)
        if not as_json:
            progress("")
            typer.echo(servers_text(chosen) + calibration_text(calibration, by), nl=False)
        if calibration is not None:
            setting = replace(setting, server=calibration.best.server)
        runs = list(sized(rows, asked, counts, setting, progress))
    except ConfigurationError as error:
        show_problems(error.problems)
        raise typer.Exit(2) from error
    except OSError as error:
        typer.echo(f"cannot read {trace}: {error.strerror}", err=True)
        raise typer.Exit(2) from error
    except (TraceError, InputError, MisfitError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    progress("")
    if as_json:
        print_json(report_json(chosen, calibration, runs, setting))
    else:
        typer.echo(table_text(runs, setting), nl=False)
    raise typer.Exit(0 if any(fewest(runs, one.name) for one in asked) else 1)


def _progress() -> Progress:
    """One line on stderr that is written over; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        return silent
    return lambda what: typer.echo(f"\r\x1b[K{what}", nl=False, err=True)
