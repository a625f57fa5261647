"""`gatehouse up` and `gatehouse serve`: the gateway with and without an Envoy of its own."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.supervisor.options import Child, Options
from gateway.supervisor.supervisor import StartError, Supervisor

Config = Annotated[Path, typer.Option("--config", "-c", help="The gateway.yaml to run.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Overrides service.workers.")]
Demo = Annotated[bool, typer.Option(help="Make a sealing key for this run if none is given.")]


def up(
    config: Config = Path("gateway.yaml"),
    workers: Workers = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="Write listeners, pids and URLs here once ready.")
    ] = None,
    start: Annotated[
        list[str] | None,
        typer.Option(help="NAME=COMMAND of an upstream to run beside it; repeatable."),
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
    """
    _run(
        Options(
            config=config,
            workers=workers,
            ready_file=ready_file,
            children=tuple(_child(text) for text in start or []),
            demo=demo,
            quiet=quiet,
            envoy=True,
        )
    )


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


def _child(text: str) -> Child:
    try:
        return Child.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--start") from error


def _run(options: Options) -> None:
    try:
        status = asyncio.run(Supervisor(options).run())
    except StartError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    sys.exit(status)
