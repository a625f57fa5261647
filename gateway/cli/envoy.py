"""`gatehouse envoy`: the Envoy configuration that belongs to a gateway.yaml."""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer

from gateway.bootstrap.load import ConfigurationError, load
from gateway.cli.findings import counted, print_json, problem_json, show_problems
from gateway.config.schema import Gateway, Listener
from gateway.edge.binary import EnvoyMissingError, envoy_version, find_envoy, validate
from gateway.edge.bootstrap import whole_bootstrap
from gateway.edge.layout import Layout
from gateway.edge.lint.danger import Finding
from gateway.edge.lint.expected import Expected, expected_of
from gateway.edge.lint.linting import lint
from gateway.edge.packing import to_json
from gateway.edge.snippet import snippet
from gateway.edge.snippet_text import snippet_text
from gateway.model.jsonvalue import JsonObject
from gateway.model.problem import Problem

DEFAULT_CONFIG: Final = Path("gateway.yaml")
DEFAULT_WORKER: Final = "127.0.0.1:9500"


def envoy(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The gateway.yaml; unset: the one here.")
    ] = None,
    worker: Annotated[
        list[str] | None, typer.Option(help="Address of a worker, host:port; repeatable.")
    ] = None,
    listener: Annotated[
        str | None, typer.Option(help="Which listener a snippet is for, if there are several.")
    ] = None,
    lint_file: Annotated[
        Path | None,
        typer.Option("--lint", help="Look for dangers in this bootstrap of yours; - reads stdin."),
    ] = None,
    envoy_release: Annotated[
        str | None,
        typer.Option("--envoy-version", help="Of the Envoy that reads it; else $ENVOY is asked."),
    ] = None,
    *,
    as_snippet: Annotated[
        bool, typer.Option("--snippet", help="Only what an existing Envoy needs, and where.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Snippet and findings for machines.")
    ] = False,
    demo: Annotated[bool, typer.Option(help="Accept missing sealing keys.")] = True,
    check: Annotated[bool, typer.Option("--check", help="Let Envoy itself check it.")] = False,
) -> None:
    """Print what your own Envoy needs, or what is dangerous in it.

    Without an option it is a whole bootstrap, which holds the credentials
    of backends. --check prints nothing of it, but what Envoy says to it.

    --snippet prints only what an Envoy of your own needs, and where it
    goes. It holds no credential: `gatehouse serve` writes files for that.

    --lint names dangers in a bootstrap of your own, with line and fix;
    with -c it compares with the limits of that gateway.yaml. Exit code 1
    if there is a danger; advice alone is fine.

    Examples:

      gatehouse envoy -c gateway.yaml --worker 127.0.0.1:9500 > envoy.json

      gatehouse envoy -c gateway.yaml --check

      gatehouse envoy -c gateway.yaml --snippet --listener agents

      gatehouse envoy --lint envoy.yaml

      gatehouse envoy --lint envoy.yaml --json | jq '.findings[].fix'
    """
    if (lint_file is not None) + as_snippet + check > 1:
        raise typer.BadParameter("choose one of --snippet, --lint and --check")
    if lint_file is not None:
        _lint(lint_file, config, envoy_release, as_json=as_json, demo=demo)
        return
    gateway = _load(config or DEFAULT_CONFIG, demo=demo)
    if as_snippet:
        _snippet(gateway, listener, worker, as_json=as_json)
        return
    workers = worker or [DEFAULT_WORKER]
    if not check:
        sys.stdout.write(to_json(whole_bootstrap(gateway, workers)) + "\n")
        return
    complaint = _complaint(gateway, workers)
    typer.echo(complaint or "Envoy accepts it")
    raise typer.Exit(1 if complaint else 0)


def _load(config: Path, *, demo: bool) -> Gateway:
    try:
        return load(config, os.environ, demo=demo).gateway
    except ConfigurationError as error:
        show_problems(error.problems)
        raise typer.Exit(2) from error


def _complaint(gateway: Gateway, workers: list[str]) -> str | None:
    """What Envoy says against it; the file that it reads is ours alone, and gone afterwards."""
    try:
        with TemporaryDirectory(prefix="gatehouse-") as folder:
            return validate(gateway, workers, find_envoy(os.environ), Path(folder) / "check.json")
    except EnvoyMissingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


# --- snippet ------------------------------------------------------------------------------------


def _snippet(
    gateway: Gateway, name: str | None, workers: list[str] | None, *, as_json: bool
) -> None:
    chosen = _chosen(gateway, name)
    parts = snippet(gateway, chosen, workers or _workers(gateway))
    if as_json:
        print_json({place: part.value for place, part in parts.items()})
    else:
        sys.stdout.write(snippet_text(parts, chosen.name))


def _chosen(gateway: Gateway, name: str | None) -> Listener:
    """The listener of that name, or the only one. Exits with 2 if neither."""
    found = [one for one in gateway.listeners if name in {None, one.name}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.name for one in gateway.listeners)
    wrong = f"there is no listener {name}" if name else "there are several listeners"
    typer.echo(f"{wrong}: choose with --listener one of {names}", err=True)
    raise typer.Exit(2)


def _workers(gateway: Gateway) -> list[str]:
    """The addresses that `gatehouse serve` gives its workers."""
    service = gateway.service
    if service.listen == "unix":
        layout = Layout(Path(service.run))
        return [f"unix:{layout.worker(index)}" for index in range(service.workers)]
    host, _, port = service.listen.rpartition(":")
    return [f"{host}:{int(port) + index}" for index in range(service.workers)]


# --- lint ---------------------------------------------------------------------------------------


def _lint(
    file: Path, config: Path | None, release: str | None, *, as_json: bool, demo: bool
) -> None:
    expected = expected_of(_load(config, demo=demo)) if config else Expected()
    named = Path("/dev/stdin") if file == Path("-") else file
    found = lint(named, _with_release(expected, release))
    unread = [one for one in found if not isinstance(one, Finding)]
    if unread:
        _show(unread, as_json=as_json)
        raise typer.Exit(2)
    _show(found, as_json=as_json)
    raise typer.Exit(1 if any(one.severity == "error" for one in found) else 0)


def _show(found: Sequence[Problem], *, as_json: bool) -> None:
    dangers = sum(one.severity == "error" for one in found)
    if as_json:
        print_json({"ok": not dangers, "findings": [_finding_json(one) for one in found]})
        return
    show_problems(found)
    if not found:
        typer.echo("nothing found")
    elif isinstance(found[0], Finding):
        advice = len(found) - dangers
        typer.echo(f"{counted(dangers, 'danger')}, {advice} advice", err=True)


def _finding_json(problem: Problem) -> JsonObject:
    """As of `gatehouse check`, with the level in its own words and the name of the danger."""
    if not isinstance(problem, Finding):
        return problem_json(problem)
    return {**problem_json(problem), "severity": problem.level, "danger": problem.danger}


def _with_release(expected: Expected, given: str | None) -> Expected:
    """The release of the Envoy in question: as told, else what the one of $ENVOY or $PATH says."""
    if given is not None:
        match = re.fullmatch(r"v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?", given)
        if match is None:
            raise typer.BadParameter(f"{given}: want e.g. 1.40.0", param_hint="--envoy-version")
        return replace(expected, release=(int(match[1]), int(match[2]), int(match[3] or 0)))
    named = os.environ.get("ENVOY", "envoy")
    binary = shutil.which(named)
    if binary is None and "ENVOY" not in os.environ:
        return expected
    try:
        return replace(expected, release=envoy_version(Path(binary or named)))
    except EnvoyMissingError as error:
        return replace(expected, complaint=str(error))
