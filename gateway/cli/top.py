"""`gatehouse top`: the pools of a running gateway, as they are now."""

import json
import signal
import time
from collections.abc import Iterator
from types import FrameType
from typing import Annotated, Final

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.cli.admin import DEFAULT_ADMIN, Admin, NoAnswerError, ask, document_of
from gateway.model.jsonvalue import JsonObject, JsonValue

WIDTH: Final = 160
"""Columns of what is printed where there is no terminal."""


def top(
    admin: Admin = DEFAULT_ADMIN,
    interval: Annotated[
        float, typer.Option(min=0.2, max=3600, help="Seconds between two looks.")
    ] = 1.0,
    *,
    once: Annotated[bool, typer.Option(help="One look, also on a terminal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One look, for machines.")] = False,
) -> None:
    """Show the pools of a running gateway live.

    Who runs and waits where, KV cache, hit share, time to the first token,
    picks and queue. Without a terminal it is printed once. Exit code 1 if
    no gateway answers, or it has no pools.

    Example: gatehouse top --admin 127.0.0.1:9909 --interval 2
    """
    document = ask(admin, "/pools")
    if as_json:
        typer.echo(json.dumps(document, indent=2))
    elif Console().is_terminal and not once:
        _live(admin, interval, document)
    else:
        console = Console() if Console().is_terminal else Console(width=WIDTH)
        console.print(pools_text(document))
    raise typer.Exit(0 if document.get("pools") else 1)


def _live(admin: str, interval: float, document: JsonObject) -> None:
    """Until Ctrl-C, or no gateway answers: that is told when the screen is the old one again."""
    interrupt = _Interrupt()
    former = signal.signal(signal.SIGINT, interrupt)
    try:
        with Live(pools_text(document), screen=True, auto_refresh=False) as live:
            while not interrupt.came:
                time.sleep(interval)
                live.update(pools_text(document_of(admin, "/pools")), refresh=True)
        raise KeyboardInterrupt
    except NoAnswerError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    finally:
        signal.signal(signal.SIGINT, former)


class _Interrupt:
    """Ctrl-C that is remembered: an exception that is raised while the interpreter runs a finalizer
    is lost."""

    def __init__(self) -> None:
        self.came = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.came = True
        raise KeyboardInterrupt


def pools_text(document: JsonObject) -> Group:
    """What `/pools` tells, a table each; what is not known is a dash."""
    pools = [*_objects(document.get("pools"))]
    if not pools:
        return Group(Text("no pools (or the process that picks is starting)"))
    return Group(*(part for pool in pools for part in (*_head(pool), _endpoints(pool), Text())))


def _head(pool: JsonObject) -> Iterator[Text]:
    hit, first = _object(pool.get("hit_share")), _object(pool.get("first_token_ms"))
    expected, picks = _object(pool.get("expected_ms")), _object(pool.get("picks"))
    queue = _object(pool.get("queue"))
    counted = ", ".join(f"{name} {count}" for name, count in picks.items()) or "none"
    yield Text(f"{_shown(pool.get('name'))}  profile {_shown(pool.get('profile'))}", style="bold")
    yield Text(
        f"  hit rate {_percent(hit.get('believed'))} believed, "
        f"{_percent(hit.get('reported'))} reported;  first token ms p50 {_shown(first.get('p50'))} "
        f"p95 {_shown(first.get('p95'))} (predicted {_shown(expected.get('p50'))} / "
        f"{_shown(expected.get('p95'))});  picks {counted}"
    )
    yield Text(
        f"  queue {_shown(queue.get('waiting'))} waiting, {_shown(queue.get('bytes'))} bytes, "
        f"saturation {_percent(queue.get('saturation'))}{_bands(queue)}{_dropped(pool)}"
    )
    shadow = _object(pool.get("shadow"))
    if shadow:
        agreed, compared = shadow.get("agreed"), shadow.get("compared")
        name = _shown(shadow.get("profile"))
        yield Text(f"  shadow {name} agreed in {_shown(agreed)} of {_shown(compared)} picks")


def _bands(queue: JsonObject) -> str:
    return "".join(
        f";  priority {band.get('priority')}: {band.get('waiting')}, oldest {band.get('oldest')} s"
        for band in _objects(queue.get("bands"))
        if band.get("waiting")
    )


def _dropped(pool: JsonObject) -> str:
    dropped = _object(pool.get("dropped"))
    return "".join(f";  {reason} {count}" for reason, count in dropped.items())


def _endpoints(pool: JsonObject) -> Table:
    table = Table("endpoint", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("in flight", "running", "waiting", "KV", "hit rate", "picks", "tokens/s", "told"):
        table.add_column(name, justify="right")
    for one in _objects(pool.get("endpoints")):
        load = _object(one.get("load"))
        rates = _object(one.get("rates"))
        age = load.get("age")
        table.add_row(
            f"{one.get('address')}{'' if one.get('healthy') else '  DOWN'}",
            _shown(_object(one.get("in_flight")).get("requests")),
            _shown(load.get("running")),
            _shown(load.get("waiting")),
            _percent(load.get("kv_usage")),
            _percent(_quotient(load.get("prefix_hits"), load.get("prefix_queries"))),
            _shown(one.get("picks")),
            _shown(rates.get("prefill_tokens_per_second")),
            "-" if age is None else f"{age} s ago",
        )
    return table


def _quotient(part: JsonValue, whole: JsonValue) -> float | None:
    if isinstance(part, int | float) and isinstance(whole, int | float) and whole > 0:
        return part / whole
    return None


def _percent(value: JsonValue) -> str:
    return f"{value:.0%}" if isinstance(value, int | float) else "-"


def _shown(value: JsonValue) -> str:
    return "-" if value is None else str(value)


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _objects(value: JsonValue) -> Iterator[JsonObject]:
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            yield one
