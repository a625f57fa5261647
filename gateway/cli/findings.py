"""Problems of configuration on the terminal: place, path, message, fix."""

import json
from collections.abc import Iterable

import typer
from rich.console import Console

from gateway.model.jsonvalue import JsonObject
from gateway.model.problem import Problem


def show_problems(problems: Iterable[Problem]) -> None:
    """One line each, errors and warnings alike, on stderr; in colour on a terminal only, and not
    if NO_COLOR is set."""
    console = Console(stderr=True, highlight=False)
    for problem in problems:
        style = "red" if problem.severity == "error" else "yellow"
        console.print(str(problem), style=style, markup=False, soft_wrap=True)


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


def counted(number: int, noun: str) -> str:
    """ "1 rule", "2 rules", "2 policies"."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"


def print_json(document: JsonObject) -> None:
    """A document on stdout."""
    typer.echo(json.dumps(document, indent=2))
