"""`gatehouse status`: what a running gateway says of itself."""

import json
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from gateway.model.jsonvalue import JsonObject, JsonValue


def status(
    admin: Annotated[
        str, typer.Option(help="Admin address of the gateway, host:port.")
    ] = "127.0.0.1:9909",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show what a running gateway says of itself.

    Snapshot, last reload, workers, endpoints and key sets. Exit code 1 if it is not ready.

    Example: gatehouse status --admin 127.0.0.1:9909 --json
    """
    try:
        document: JsonValue = httpx.get(f"http://{admin}/status", timeout=5).json()
    except (httpx.HTTPError, ValueError) as error:
        typer.echo(f"no gateway answers on {admin}: {error} (is that its service.admin?)", err=True)
        raise typer.Exit(1) from error
    if not isinstance(document, dict):
        typer.echo(f"{admin} does not answer as a gateway", err=True)
        raise typer.Exit(1)
    if as_json:
        typer.echo(json.dumps(document, indent=2))
    else:
        show(document, Console())
    raise typer.Exit(0 if document.get("ready") else 1)


def show(document: JsonObject, console: Console) -> None:
    """A table a list of objects, a line for everything else."""
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            table = Table(*[str(name) for name in value[0]], title=key, title_justify="left")
            for row in value:
                if isinstance(row, dict):
                    table.add_row(*[str(cell) for cell in row.values()])
            console.print(table)
        else:
            console.print(f"{key}: {value}", highlight=False, markup=False)
