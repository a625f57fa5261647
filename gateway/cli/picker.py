"""`gatehouse picker`: started by the supervisor, never by hand."""

import asyncio
from typing import Annotated

import typer

from gateway.bootstrap.worker import run_picker


def picker(
    channel: Annotated[int, typer.Option(help="Inherited descriptor of the supervisor's line.")],
    index: Annotated[int, typer.Option(help="Always 0: there is one.")],
    listen: Annotated[str, typer.Option(help="unix:PATH.")],
) -> None:
    """Pick endpoints for all workers on one socket."""
    del index
    asyncio.run(run_picker(channel, listen))
