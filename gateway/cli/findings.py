"""Problems of configuration on the terminal: place, path, message, fix."""

import json
from collections.abc import Iterable

import typer

from gateway.model.jsonvalue import JsonObject
from gateway.model.problem import Problem


def show_problems(problems: Iterable[Problem]) -> None:
    """One line each, errors and warnings alike, on stderr."""
    for problem in problems:
        typer.secho(str(problem), err=True, fg="red" if problem.severity == "error" else "yellow")


def problem_json(problem: Problem) -> JsonObject:
    """A problem for machines."""
    return {
        "file": problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "path": problem.path,
        "severity": problem.severity,
        "message": problem.message,
        "fix": problem.fix,
    }


def print_json(document: JsonObject) -> None:
    """A document on stdout."""
    typer.echo(json.dumps(document, indent=2))
