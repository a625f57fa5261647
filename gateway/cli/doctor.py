"""`gatehouse doctor`: whether model servers are set up so that one can route to them well."""

import os
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.bootstrap.load import ConfigurationError, load
from gateway.cli.examination import Finding, Patient, examine
from gateway.cli.findings import print_json, show_problems
from gateway.cli.model_server import ModelServer, ServerUrl, parse_url
from gateway.config.addresses import parse_address
from gateway.config.member_file import read_members
from gateway.config.members import static_members
from gateway.config.pool import Member, Pool
from gateway.config.schema import Gateway
from gateway.model.jsonvalue import JsonValue
from gateway.picker.engines import find_engines

DEFAULT_PATH = "/v1"
MARKS = {"ok": "ok    ", "advice": "advice", "wrong": "WRONG "}


def doctor(
    config: Annotated[
        Path, typer.Option("--config", "-c", help="The gateway.yaml whose pools are asked.")
    ] = Path("gateway.yaml"),
    pool: Annotated[
        list[str] | None,
        typer.Option(help="URL of a model server to ask instead; repeatable."),
    ] = None,
    engine: Annotated[str, typer.Option(help="What engine the servers of --pool are.")] = "vllm",
    *,
    probe: Annotated[
        bool, typer.Option(help="Ask for two completions of one token as well.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Ask model servers what would help to route to them.

    Metrics, models, and the engine's settings: prefix caching, reports of
    cached tokens, KV events. Exit code 1 if something is wrong.

    Examples:

      gatehouse doctor -c gateway.yaml --probe

      gatehouse doctor --pool http://10.0.0.1:8000 --pool http://10.0.0.2:8000
    """
    if engine not in find_engines():
        raise typer.BadParameter(f"want one of {', '.join(find_engines())}", param_hint="--engine")
    patients = _given(pool, engine) if pool else _configured(config)
    if not patients:
        typer.echo(f"{config} has no pool with a server to ask", err=True)
        raise typer.Exit(2)
    found = [(patient, [*examine(patient, probe=probe)]) for patient in patients]
    if as_json:
        print_json({"version": 1, "servers": [_json(*one) for one in found]})
    else:
        _show(found)
    wrong = any(one.level == "wrong" for _, findings in found for one in findings)
    raise typer.Exit(1 if wrong else 0)


def _given(urls: Sequence[str], engine: str) -> list[Patient]:
    patients: list[Patient] = []
    for text in urls:
        url = _url(text)
        server = ModelServer(url.base, url.metrics if find_engines()[engine].read else "")
        patients.append(Patient("", str(url.address), server, engine))
    return patients


def _url(text: str) -> ServerUrl:
    try:
        return parse_url(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--pool") from error


def _configured(config: Path) -> list[Patient]:
    try:
        gateway = load(config, os.environ, demo=True).gateway
    except ConfigurationError as error:
        show_problems(error.problems)
        raise typer.Exit(2) from error
    return [one for pool in gateway.pools for one in _patients(pool, gateway)]


def _patients(pool: Pool, gateway: Gateway) -> Iterator[Patient]:
    names = (*pool.models, *pool.adapters)
    verify = _authorities(pool)
    for member in (*static_members(pool), *_listed(pool)):
        path = _path_of(pool, gateway)
        base = f"{'https' if pool.tls else 'http'}://{member.address}{path.rstrip('/')}"
        server = ModelServer(
            base,
            _metrics_url(pool, member),
            _headers(pool),
            _metrics_headers(pool),
            verify,
        )
        yield Patient(pool.name, member.address, server, pool.engine, names)


def _listed(pool: Pool) -> tuple[Member, ...]:
    if pool.file is None:
        return ()
    members, problems = read_members(Path(pool.file))
    if problems:
        show_problems(problems)
        raise typer.Exit(2)
    return members


def _path_of(pool: Pool, gateway: Gateway) -> str:
    """Where the servers of a pool have OpenAI's API, which every engine has: as a route which leads
    there says, one that speaks it before others. Engines have Anthropic's API beside it, whose
    paths begin with /v1."""
    led = [one for one in gateway.routes if pool.name in (one.backend, *one.pools)]
    led.sort(key=lambda one: one.protocol != "openai")
    if not led:
        return pool.path or DEFAULT_PATH
    path = led[0].upstream_path or pool.path or led[0].path
    return path if led[0].protocol == "openai" else path.rstrip("/") + DEFAULT_PATH


def _metrics_url(pool: Pool, member: Member) -> str:
    scrape, address = pool.scrape, parse_address(member.address)
    if address is None or not scrape.enabled or find_engines()[pool.engine].read is None:
        return ""
    port = scrape.port or address.port
    return f"{scrape.scheme}://{address._replace(port=port)}{scrape.path}"


def _headers(pool: Pool) -> dict[str, str]:
    host = {"host": pool.host} if pool.host else {}
    auth = {pool.auth.header: pool.auth.value.get_secret_value()} if pool.auth else {}
    return host | auth


def _metrics_headers(pool: Pool) -> dict[str, str]:
    token = pool.scrape.token
    return {"authorization": f"Bearer {token.get_secret_value()}"} if token else {}


def _authorities(pool: Pool) -> Any:
    """Which certificates of the servers are good."""
    file = (pool.tls.ca if pool.tls else None) or pool.scrape.ca
    try:
        return ssl.create_default_context(cafile=file) if file else True
    except OSError as error:  # ssl.SSLError is one
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(2) from error


def _json(patient: Patient, findings: Sequence[Finding]) -> JsonValue:
    return {
        "pool": patient.pool or None,
        "address": patient.address,
        "findings": [
            {"level": one.level, "about": one.about, "text": one.text} for one in findings
        ],
    }


def _show(found: Sequence[tuple[Patient, Sequence[Finding]]]) -> None:
    for patient, findings in found:
        typer.echo(f"{patient.pool + ' ' if patient.pool else ''}{patient.address}")
        for one in findings:
            typer.echo(f"  {MARKS[one.level]} {one.about}: {one.text}")
