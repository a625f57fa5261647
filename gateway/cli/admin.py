"""Asks a running gateway at its admin address."""

from typing import Annotated, Final, TypeAlias

import httpx
import typer

from gateway.model.jsonvalue import JsonObject, JsonValue

DEFAULT_ADMIN: Final = "127.0.0.1:9909"
SECONDS: Final = 5.0
NOT_FOUND: Final = 404

Admin: TypeAlias = Annotated[str, typer.Option(help="Admin address of the gateway, host:port.")]


class NoAnswerError(Exception):
    """The admin address has no such document; the text says why."""


def document_of(admin: str, path: str) -> JsonObject:
    """The document at `path` of the gateway's admin address. Raises `NoAnswerError`."""
    try:
        answer = httpx.get(f"http://{admin}{path}", timeout=SECONDS, trust_env=False)
        document: JsonValue = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        text = f"no gateway answers on {admin}: {error} (is that its service.admin?)"
        raise NoAnswerError(text) from error
    if not isinstance(document, dict):
        raise NoAnswerError(f"{admin} does not answer as a gateway")
    if answer.status_code == NOT_FOUND:
        raise NoAnswerError(f"{admin}: {document.get('error', 'it is older than this command')}")
    return document


def ask(admin: str, path: str) -> JsonObject:
    """As `document_of`; ends the program with exit code 1, and a sentence, where there is none."""
    try:
        return document_of(admin, path)
    except NoAnswerError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
