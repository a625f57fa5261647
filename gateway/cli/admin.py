"""Asks a running gateway at its admin address."""

from typing import Annotated, Final, TypeAlias

import httpx
import typer

from gateway.model.jsonvalue import JsonObject, JsonValue

DEFAULT_ADMIN: Final = "127.0.0.1:9909"
SECONDS: Final = 5.0
NOT_FOUND: Final = 404

Admin: TypeAlias = Annotated[str, typer.Option(help="Admin address of the gateway, host:port.")]


def ask(admin: str, path: str) -> JsonObject:
    """The document at `path` of the gateway's admin address. Ends the program with exit code 1,
    and a sentence, when there is none."""
    try:
        answer = httpx.get(f"http://{admin}{path}", timeout=SECONDS, trust_env=False)
        document: JsonValue = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        typer.echo(f"no gateway answers on {admin}: {error} (is that its service.admin?)", err=True)
        raise typer.Exit(1) from error
    if not isinstance(document, dict):
        typer.echo(f"{admin} does not answer as a gateway", err=True)
        raise typer.Exit(1)
    if answer.status_code == NOT_FOUND:
        typer.echo(f"{admin}: {document.get('error', 'it is older than this command')}", err=True)
        raise typer.Exit(1)
    return document
