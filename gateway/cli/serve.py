"""`gatehouse up` and `gatehouse serve`: the gateway with and without an Envoy of its own."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gateway.cli.instant import Instant, InstantError, instant
from gateway.supervisor.options import Child, Options
from gateway.supervisor.start_error import StartError
from gateway.supervisor.supervisor import Supervisor

Config = Annotated[Path, typer.Option("--config", "-c", help="The gateway.yaml to run.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Overrides service.workers.")]
Demo = Annotated[bool, typer.Option(help="Make a sealing key for this run if none is given.")]


def up(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="The gateway.yaml to run; default: the one here."),
    ] = None,
    workers: Workers = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="Write listeners, pids and URLs here once ready.")
    ] = None,
    start: Annotated[
        list[str] | None,
        typer.Option(help="NAME=COMMAND of an upstream to run beside it; repeatable."),
    ] = None,
    pool: Annotated[
        list[str] | None,
        typer.Option(help="URL of a model server to route to, in place of a file; repeatable."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="With --pool: where to listen.")
    ] = None,
    *,
    demo: Demo = False,
    quiet: Annotated[bool, typer.Option(help="Print nothing but errors.")] = False,
) -> None:
    """Run Envoy and the gateway until Ctrl-C.

    Examples:

      gatehouse up -c gateway.yaml

      gatehouse up -c gateway.yaml --workers 2 --ready-file ready.json

      gatehouse up -c gateway.yaml --demo --start "tracker=python -m demo.tracker --port 9101"

      gatehouse up --pool http://127.0.0.1:8000 --pool http://127.0.0.1:8001

    The last one needs no file: it asks the model servers what they serve, and
    routes to them from /v1 on loopback, for a key that it prints.
    """
    options = Options(
        config=config or Path("gateway.yaml"),
        workers=workers,
        ready_file=ready_file,
        children=tuple(_child(text) for text in start or []),
        demo=demo,
        quiet=quiet,
        envoy=True,
    )
    if not pool:
        if port is not None:
            raise typer.BadParameter("is for --pool; a file says it itself", param_hint="--port")
        _run(options)
    if config is not None:
        raise typer.BadParameter("is a file, and --pool goes without", param_hint="--config")
    _run_instantly(_instant(pool or [], port), options)


def serve(
    config: Config = Path("gateway.yaml"),
    workers: Workers = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="Write pids and URLs here once ready.")
    ] = None,
    *,
    demo: Demo = False,
) -> None:
    """Run the gateway alone, for an Envoy that runs elsewhere.

    That Envoy is started with bootstrap.json below service.run. All that
    is printed are audit records and errors: `gatehouse status` tells more.

    Example: gatehouse serve -c gateway.yaml --workers 4
    """
    _run(Options(config=config, workers=workers, ready_file=ready_file, demo=demo, quiet=True))


def _instant(urls: Sequence[str], port: int | None) -> Instant:
    try:
        return instant(urls, port)
    except InstantError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def _run_instantly(made: Instant, options: Options) -> None:
    """Run by a configuration in a private folder, which goes with the run."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-up-") as folder:
        file = made.write(Path(folder))
        typer.echo(f"models: {', '.join(made.models)}")
        typer.echo(f"key of this run, as x-api-key or bearer token: {made.key}")
        sys.stdout.flush()
        _run(replace(options, config=file))


def _child(text: str) -> Child:
    try:
        return Child.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--start") from error


def _run(options: Options) -> NoReturn:
    try:
        status = asyncio.run(Supervisor(options).run())
    except StartError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    sys.exit(status)
