"""Puts the subcommands together. Only the one that is called is imported: some of them need
modules that take a second to load, and the program is also what a worker process starts with."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any, Final

import typer


@dataclass(frozen=True, slots=True)
class Subcommand:
    """Where a subcommand is, and the first sentence of its help."""

    module: str
    function: str
    summary: str
    hidden: bool = False

    def load(self) -> Callable[..., Any]:
        """The function that typer calls."""
        function: Callable[..., Any] = getattr(import_module(self.module), self.function)
        return function


SUBCOMMANDS: Final = {
    "up": Subcommand("gateway.cli.serve", "up", "Run Envoy and the gateway until Ctrl-C."),
    "serve": Subcommand(
        "gateway.cli.serve", "serve", "Run the gateway alone, for an Envoy that runs elsewhere."
    ),
    "status": Subcommand(
        "gateway.cli.status", "status", "Show what a running gateway says of itself."
    ),
    "top": Subcommand("gateway.cli.top", "top", "Show the pools of a running gateway live."),
    "trace": Subcommand(
        "gateway.cli.trace",
        "trace",
        "Write what a gateway served as a trace, without a word of it.",
    ),
    "simulate": Subcommand(
        "gateway.cli.simulate", "simulate", "Size a pool from a trace, in virtual time."
    ),
    "doctor": Subcommand(
        "gateway.cli.doctor", "doctor", "Ask model servers what would help to route to them."
    ),
    "check": Subcommand("gateway.cli.check", "check", "Check gateway.yaml and its policies."),
    "test": Subcommand(
        "gateway.cli.suites", "run_tests", "Run the suites that lie beside policies."
    ),
    "explain": Subcommand(
        "gateway.cli.explain", "explain", "Show why one request is allowed or refused."
    ),
    "scan": Subcommand("gateway.cli.scan", "scan", "Show what detectors find in a text."),
    "pin": Subcommand(
        "gateway.cli.pin", "pin", "Write down which tools of an MCP server somebody has reviewed."
    ),
    "envoy": Subcommand(
        "gateway.cli.envoy", "envoy", "Print what your own Envoy needs, or what is dangerous in it."
    ),
    "reference": Subcommand(
        "gateway.cli.reference", "reference", "Print the reference of every document."
    ),
    "replay": Subcommand(
        "gateway.cli.replay",
        "replay_records",
        "Judge recorded findings again by the Guardrails of today.",
    ),
    "version": Subcommand("gateway.cli.version", "version", "Print the version."),
    "picker": Subcommand(
        "gateway.cli.picker", "picker", "Pick endpoints for all workers on one socket.", hidden=True
    ),
    "worker": Subcommand(
        "gateway.cli.worker", "worker", "Judge requests on one socket.", hidden=True
    ),
}


def application(arguments: Sequence[str]) -> typer.Typer:
    """The command line for `arguments`: the subcommand that they name is whole, of the others
    there is what `--help` shows."""
    named = next((argument for argument in arguments if not argument.startswith("-")), None)
    app = typer.Typer(
        name="gatehouse",
        help="Policy, identity and sessions for agent traffic, beside a stock Envoy.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_gatehouse)
    for name, subcommand in SUBCOMMANDS.items():
        function = subcommand.load() if name == named else _unloaded
        summary = None if name == named else subcommand.summary
        app.command(name, help=summary, hidden=subcommand.hidden)(function)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        SUBCOMMANDS["version"].load()()
        raise typer.Exit


def _gatehouse(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Policy, identity and sessions for agent traffic, beside a stock Envoy."""


def _unloaded() -> None:
    """Stands for a subcommand that was not called."""


def main() -> None:
    """The entry point. Exit codes: 0 done, 1 a finding, 2 wrong usage or configuration."""
    try:
        application(sys.argv[1:])(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)
