"""Puts the subcommands together."""

import sys

import typer

from gateway.cli import check, envoy, explain, reference, serve, status, suites, version, worker

APP = typer.Typer(
    name="gatehouse",
    help="Policy, identity and sessions for agent traffic, beside a stock Envoy.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
APP.command("up")(serve.up)
APP.command("serve")(serve.serve)
APP.command("status")(status.status)
APP.command("check")(check.check)
APP.command("test")(suites.run_tests)
APP.command("explain")(explain.explain)
APP.command("envoy")(envoy.envoy)
APP.command("reference")(reference.reference)
APP.command("version")(version.version)
APP.command("worker", hidden=True)(worker.worker)


def main() -> None:
    """The entry point. Exit codes: 0 done, 1 a finding, 2 wrong usage or configuration."""
    try:
        APP(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)
