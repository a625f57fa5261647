"""`gatehouse worker`: started by the supervisor, never by hand."""

import asyncio
from typing import Annotated

import typer

from gateway.bootstrap.worker import run_worker


def worker(
    channel: Annotated[int, typer.Option(help="Inherited descriptor of the supervisor's line.")],
    index: Annotated[int, typer.Option(help="Which worker this is.")],
    listen: Annotated[str, typer.Option(help="unix:PATH or IP:PORT.")],
) -> None:
    """Judge requests on one socket."""
    asyncio.run(run_worker(channel, index, listen))
