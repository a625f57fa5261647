"""`gatehouse trace export`: what a gateway served, as a trace without a word of it."""

import json
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.bootstrap.load import ConfigurationError, load
from gateway.cli.admin import DEFAULT_ADMIN, Admin, ask
from gateway.cli.findings import counted, show_problems
from gateway.config.pool import Pool
from gateway.simulation.exporting import exported
from gateway.simulation.recorded import Recorded, RecordError, read_records, recorded

DEFAULT_CONFIG: Final = Path("gateway.yaml")
_AGO: Final = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Action(StrEnum):
    """What to do with a trace."""

    EXPORT = "export"


def trace(
    action: Annotated[Action, typer.Argument(help="export: write it.")],
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The gateway.yaml; unset: the one here.")
    ] = None,
    pool: Annotated[str, typer.Option(help="Only this pool.")] = "",
    since: Annotated[
        str, typer.Option(help="Only from then on: 30m, 12h or 7d ago, or 2026-01-31T08:00.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here; unset: to stdout.")
    ] = None,
    admin: Admin = DEFAULT_ADMIN,
    *,
    demo: Annotated[bool, typer.Option(help="Accept missing sealing keys.")] = True,
) -> None:
    """Write what a gateway served as a trace, without a word of it.

    One line a request in Mooncake's format: arrival, tokens in and out,
    and numbers of its blocks of 512 tokens. No text, no caller, no hash.
    It comes from the files that pools keep (trace.file in gateway.yaml),
    else from the last 1,000 picks of the running gateway.

    Exit code 1 if there is nothing to write.

    Examples:

      gatehouse trace export -o mine.jsonl

      gatehouse trace export -c gateway.yaml --pool models --since 24h -o mine.jsonl

      gatehouse trace export --admin 127.0.0.1:9909 | wc -l
    """
    del action  # there is one
    begin = _moment(since) if since else 0.0
    pools = _pools(config, pool, demo=demo)
    files = list(dict.fromkeys(Path(one.trace.file) for one in pools if one.trace is not None))
    records = list(_recorded_in(files)) if files else list(_kept_by(admin))
    chosen = [one for one in records if one.at >= begin and pool in {"", one.pool}]
    lines = [json.dumps(row, separators=(",", ":")) + "\n" for row in exported(chosen)]
    _tell(len(records), len(chosen), len(lines), files)
    if not lines:
        raise typer.Exit(1)
    _write(lines, output)


def _moment(text: str) -> float:
    """Seconds since 1970."""
    if found := _AGO.fullmatch(text):
        return time.time() - int(found[1]) * _UNITS[found[2]]
    try:
        told = datetime.fromisoformat(text)
    except ValueError as error:
        fix = "want 30m, 12h or 7d, or a time like 2026-01-31T08:00"
        raise typer.BadParameter(f'"{text}": {fix}', param_hint="--since") from error
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()


def _pools(config: Path | None, name: str, *, demo: bool) -> tuple[Pool, ...]:
    """Those of the configuration, or the one of that name; none where there is no configuration."""
    path = config or DEFAULT_CONFIG
    if config is None and not path.exists():
        return ()
    try:
        pools = load(path, os.environ, demo=demo).gateway.pools
    except ConfigurationError as error:
        show_problems(error.problems)
        raise typer.Exit(2) from error
    if name and name not in {one.name for one in pools}:
        known = ", ".join(one.name for one in pools) or "none"
        raise typer.BadParameter(f"{path} has the pools: {known}", param_hint="--pool")
    return tuple(one for one in pools if name in {"", one.name})


def _recorded_in(files: Iterable[Path]) -> Iterator[Recorded]:
    """The records of all files, the older half of each first."""
    faults: list[str] = []
    for file in files:
        parts = [part for part in (Path(f"{file}.1"), file) if part.exists()]
        if not parts:
            typer.echo(f"{file} is not there yet: nothing was served since it was named", err=True)
        for part in parts:
            try:
                for number, found in read_records(part):
                    if isinstance(found, Recorded):
                        yield found
                    else:
                        faults.append(f"{part}:{number}: {found}")
            except OSError as error:
                typer.echo(f"cannot read {part}: {error.strerror}", err=True)
                raise typer.Exit(2) from error
    if faults:
        typer.echo(f"left out {counted(len(faults), 'line')}, the first: {faults[0]}", err=True)


def _kept_by(admin: str) -> Iterator[Recorded]:
    """The last picks of a running gateway."""
    records = ask(admin, "/trace").get("records")
    for value in records if isinstance(records, list) else ():
        try:
            yield recorded(value)
        except RecordError as error:
            typer.echo(f"{admin} does not tell of picks as this program does: {error}", err=True)
            raise typer.Exit(2) from error


def _tell(found: int, chosen: int, written: int, files: list[Path]) -> None:
    """On stderr, what the trace is of."""
    where = ", ".join(map(str, files)) or "the last picks of the gateway (no pool has trace.file)"
    typer.echo(f"{counted(written, 'request')} out of {where}", err=True)
    if found > chosen:
        typer.echo(f"{found - chosen} of another pool, or older, left out", err=True)
    if chosen > written:
        typer.echo(f"{chosen - written} that were not answered well left out", err=True)


def _write(lines: list[str], output: Path | None) -> None:
    if output is None:
        sys.stdout.writelines(lines)
        return
    try:
        with output.open("w", encoding="utf-8") as file:
            file.writelines(lines)
    except OSError as error:
        text = f"cannot write {output}: {error.strerror}"
        raise typer.BadParameter(text, param_hint="--output") from error
