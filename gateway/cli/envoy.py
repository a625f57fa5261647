"""`gatehouse envoy`: the Envoy configuration that belongs to a gateway.yaml."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from gateway.bootstrap import ConfigurationError, load
from gateway.cli.findings import show_problems
from gateway.config.schema import Gateway
from gateway.edge.binary import EnvoyMissingError, find_envoy, validate
from gateway.edge.bootstrap import whole_bootstrap
from gateway.edge.packing import to_json

DEFAULT_WORKER = "127.0.0.1:9500"


def envoy(
    config: Annotated[Path, typer.Option("--config", "-c", help="The gateway.yaml.")] = Path(
        "gateway.yaml"
    ),
    worker: Annotated[
        list[str] | None, typer.Option(help="Address of a worker, host:port; repeatable.")
    ] = None,
    *,
    demo: Annotated[bool, typer.Option(help="Accept missing sealing keys.")] = True,
    check: Annotated[bool, typer.Option("--check", help="Let Envoy itself check it.")] = False,
) -> None:
    """Print a bootstrap for an Envoy that you start yourself.

    It holds the credentials of backends.

    Examples:

      gatehouse envoy -c gateway.yaml --worker 127.0.0.1:9500 > envoy.json

      gatehouse envoy -c gateway.yaml --check
    """
    try:
        loaded = load(config, os.environ, demo=demo)
    except ConfigurationError as error:
        show_problems(error.problems)
        raise typer.Exit(2) from error
    workers = worker or [DEFAULT_WORKER]
    if not check:
        sys.stdout.write(to_json(whole_bootstrap(loaded.gateway, workers)) + "\n")
        return
    complaint = _complaint(loaded.gateway, workers)
    typer.echo(complaint or "Envoy accepts it")
    raise typer.Exit(1 if complaint else 0)


def _complaint(gateway: Gateway, workers: list[str]) -> str | None:
    """What Envoy says against it; the file that it reads is ours alone, and gone afterwards."""
    try:
        with TemporaryDirectory(prefix="gatehouse-") as folder:
            return validate(gateway, workers, find_envoy(os.environ), Path(folder) / "check.json")
    except EnvoyMissingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
