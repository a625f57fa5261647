"""`gatehouse test`: the suites that lie beside policies."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.bootstrap.guardrails import Guarding
from gateway.bootstrap.load import ConfigurationError, folder_judges, load
from gateway.cli.findings import show_problems
from gateway.model.problem import Problem
from gateway.policy.engine import PolicySet
from gateway.suite.loading import LoadedSuite, load_suites
from gateway.suite.render import report_json, report_junit, report_text
from gateway.suite.run import deframer, run_suites
from gateway.suite.screening import Guards

BODY_LIMIT = 4 * 1024 * 1024


def run_tests(
    path: Annotated[Path, typer.Argument(help="A folder of policies, or one suite.")],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Use the policies of this gateway.yaml instead."),
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML here.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Run the suites that lie beside policies.

    They are the *_test.yaml files of a folder. Exit code 1 if a case fails.

    Examples:

      gatehouse test policies/

      gatehouse test policies/issue-triage_test.yaml --junit report.xml

      gatehouse test policies/ --json | jq .failed
    """
    if not path.exists():
        typer.echo(f"{path} does not exist", err=True)
        raise typer.Exit(2)
    policies, guarding = _judges(path, config)
    suites = load_suites(path, os.environ)
    problems = [one for one in suites if isinstance(one, Problem)]
    if problems:
        show_problems(problems)
        raise typer.Exit(2)
    loaded = [one for one in suites if isinstance(one, LoadedSuite)]
    if not loaded:
        typer.echo(f"no *_test.yaml in {path}", err=True)
        raise typer.Exit(2)
    guards = Guards(guarding.book, guarding.matches)
    report = run_suites(loaded, policies, deframer(BODY_LIMIT), guards)
    if junit is not None:
        _write(junit, report_junit(report))
    sys.stdout.write(report_json(report) if as_json else report_text(report))
    raise typer.Exit(1 if report.failed else 0)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="--junit") from error


def _judges(path: Path, config: Path | None) -> tuple[PolicySet, Guarding]:
    try:
        if config is not None:
            loaded = load(config, os.environ, demo=True)
            return loaded.policies, loaded.guarding
        return folder_judges(path if path.is_dir() else path.parent, os.environ)
    except ConfigurationError as error:
        show_problems(error.problems)
        raise typer.Exit(2) from error
