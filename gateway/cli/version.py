"""`gatehouse version`."""

import typer

import gateway


def version() -> None:
    """Print the version."""
    typer.echo(f"gatehouse {gateway.__version__}")
