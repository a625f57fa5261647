"""`gatehouse scan`: what detectors find in a text, and what each Guardrail would do."""

import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.bootstrap.guardrails import pattern_cache
from gateway.bootstrap.load import ConfigurationError, folder_judges
from gateway.cli.findings import print_json, show_problems
from gateway.guardrails.book import GuardrailBook
from gateway.model.passage import Part, Stage
from gateway.suite.scanning import Seen, baseline, default_book, scan_json, scan_lines, scan_text

_FILE_NAME: Final = re.compile(r"[^\s@:]*(?:/[^\s@:]+|\.[A-Za-z]\w{0,4})")
"""A text that somebody may have meant for the name of a file."""


def scan(
    text: Annotated[str, typer.Argument(help="A text, a file, or - for stdin.")],
    policies: Annotated[
        Path | None,
        typer.Option(help="The folder of the Guardrails. Unset: all detectors as they are."),
    ] = None,
    stage: Annotated[Stage, typer.Option(help="Where the text passes.")] = Stage.REQUEST,
    part: Annotated[Part, typer.Option(help="Whose words it is.")] = Part.USER,
    tool: Annotated[str, typer.Option(help="The tool that it is about.")] = "",
    baseline_file: Annotated[
        Path | None,
        typer.Option("--baseline", help="Write exclusions of all that was found here."),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show what detectors find in a text.

    Every finding with its place, score and fingerprint, and what each Guardrail would do. Exit code
    1 if one would block.

    Examples:

      gatehouse scan 'my card is 4111 1111 1111 1111'

      gatehouse scan notes.txt --policies policies/ --stage tool_result --part tool_result

      git diff | gatehouse scan - --json | jq '.findings[].category'

      gatehouse scan notes.txt --baseline exclusions.yaml
    """
    content, book = _content(text), _book(policies)
    if policies is not None:
        _tell_other_stages(book, stage)
    scanned = scan_text(content, book, stage, part, tool)
    if baseline_file is not None:
        _write(baseline_file, scanned.seen)
    if as_json:
        print_json(scan_json(scanned))
    else:
        sys.stdout.write("\n".join(scan_lines(scanned)) + "\n")
    raise typer.Exit(0 if scanned.verdict.blocked is None else 1)


def _book(policies: Path | None) -> GuardrailBook:
    if policies is None:
        book, left_out = default_book(datetime.now(UTC).date(), pattern_cache())
        if left_out:
            typer.echo(f"not used, as they need options: {', '.join(left_out)}", err=True)
        return book
    try:
        book = folder_judges(policies, os.environ)[1].book
    except ConfigurationError as error:
        show_problems(error.problems)
        raise typer.Exit(2) from error
    if not book.guards:
        typer.echo(f"no Guardrail in {policies}", err=True)
        raise typer.Exit(2)
    return book


def _tell_other_stages(book: GuardrailBook, stage: Stage) -> None:
    """A text that no Guardrail judges where it passes was not found to be harmless."""
    judged = {one for guard in book.guards.values() for one in guard.stages}
    if stage not in judged:
        others = ", ".join(one.value for one in Stage if one in judged)
        typer.echo(f"no Guardrail judges {stage.value}; --stage may be {others}", err=True)


def _content(text: str) -> str:
    """A text that names no file is taken as it is, which is told where it looks like a name."""
    try:
        if text == "-":
            return sys.stdin.buffer.read().decode("utf-8")
        if _is_file(text):
            return Path(text).read_bytes().decode("utf-8")
    except OSError as error:
        raise typer.BadParameter(f"cannot read {text}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter("not UTF-8 text") from error
    if _FILE_NAME.fullmatch(text):
        typer.echo(f"there is no file {text}: it is scanned as a text", err=True)
    return text


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a null byte
        return False


def _write(file: Path, seen: tuple[Seen, ...]) -> None:
    try:
        file.write_text(baseline(seen), "utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="--baseline") from error
