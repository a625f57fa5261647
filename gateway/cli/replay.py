"""`gatehouse replay`: recorded findings by the Guardrails of today."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gateway.bootstrap.load import ConfigurationError, folder_judges
from gateway.cli.findings import show_problems
from gateway.suite.replay import CHANGES, Replay, replay

LIMITS = (
    "without content: what was below a threshold then is not recorded and cannot come back; run a "
    "Guardrail in shadow with a lower one to learn of that"
)


def replay_records(
    records: Annotated[Path, typer.Argument(help="Audit records as JSON lines; - for stdin.")],
    policies: Annotated[
        Path, typer.Option("--policies", help="The folder of the Guardrails.")
    ] = Path("policies"),
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Judge recorded findings again by the Guardrails of today.

    Thresholds, categories, parts, actions and modes are applied anew to the scores of audit
    records. No text is needed, and none is there. Exit code 1 if anything would end otherwise.

    Examples:

      gatehouse replay audit.jsonl --policies policies/

      gatehouse replay audit.jsonl --json | jq .changed
    """
    try:
        _, guarding = folder_judges(policies, os.environ)
    except ConfigurationError as error:
        show_problems(error.problems)
        raise typer.Exit(2) from error
    told = replay(_lines(records), guarding.book)
    sys.stdout.write(_json(told) if as_json else _text(told))
    raise typer.Exit(1 if told.changed else 0)


def _lines(records: Path) -> Iterator[str]:
    if str(records) == "-":
        yield from sys.stdin
        return
    try:
        with records.open(encoding="utf-8", errors="replace") as file:
            yield from file
    except OSError as error:
        typer.echo(f"{records}: {error.strerror}", err=True)
        raise typer.Exit(2) from error


def _json(told: Replay) -> str:
    value = {
        "messages": told.messages,
        "changed": told.changed,
        "unread": told.unread,
        "gone": sorted(told.gone),
        "before": told.before,
        "now": told.now,
        "changes": [
            {
                "audit_id": one.audit_id,
                "guardrail": one.guardrail,
                "before": one.before,
                "now": one.now,
            }
            for one in told.changes
        ],
        "limits": LIMITS,
    }
    return json.dumps(value, indent=2) + "\n"


def _text(told: Replay) -> str:
    out = [f"{told.messages} messages that guardrails judged, {told.changed} end otherwise now"]
    for name in sorted(told.before):
        before, now = told.before[name], told.now.get(name)
        out.append(f"{name}")
        out.append(f"  then  {_counts(before)}")
        out.append("  now   no such Guardrail" if now is None else f"  now   {_counts(now)}")
    out += [f"{one.audit_id}  {one.guardrail}: {one.before} -> {one.now}" for one in told.changes]
    if told.changed > CHANGES:
        out.append(f"and {told.changed - CHANGES} more")
    if told.unread:
        out.append(f"{told.unread} lines are no records")
    out.append(LIMITS)
    return "\n".join(out) + "\n"


def _counts(ends: dict[str, int]) -> str:
    return ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
