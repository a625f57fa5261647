"""`gatehouse explain`: why one request is decided as it is."""

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.bootstrap.load import ConfigurationError, Loaded, load
from gateway.bootstrap.snapshot import route_stage
from gateway.bootstrap.tool_locks import hashes, tool_book
from gateway.cli.admin import DEFAULT_ADMIN, Admin, ask
from gateway.cli.findings import print_json, show_problems
from gateway.cli.kept_pick import served_text
from gateway.cli.pick import (
    ExplainedPick,
    StateError,
    explain_pick,
    pick_json,
    pick_text,
    read_state,
)
from gateway.cli.saved_request import SavedRequestError, path_of, read_request
from gateway.config.schema import Route
from gateway.model.call import Deframed
from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.principal import Principal
from gateway.model.refusal import Reason, Refusal
from gateway.pipeline.selection import judged_backend
from gateway.policy.context import RequestContext
from gateway.policy.vocabulary import METHODS, speaks
from gateway.suite.explanation import (
    Explanation,
    explain_message,
    explanation_json,
    explanation_text,
)
from gateway.suite.inputs import call_from, principal_from
from gateway.suite.schema import PrincipalInput

NAMED_BY_URI = "resources/"
AUDIT_ID = re.compile(r"[0-9a-f]{32}")


def explain(
    config: Annotated[Path, typer.Option("--config", "-c", help="The gateway.yaml.")] = Path(
        "gateway.yaml"
    ),
    route: Annotated[
        str, typer.Option(help="Route; default: the only one that the request fits.")
    ] = "",
    principal: Annotated[
        str, typer.Option(help="spiffe://…, jwt:ISSUER#SUBJECT, key:NAME or anonymous.")
    ] = "anonymous",
    actor: Annotated[list[str] | None, typer.Option(help="Who acts for it; repeatable.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="A granted scope; repeatable.")] = None,
    claims: Annotated[str, typer.Option(help="Claims as a JSON object.")] = "{}",
    method: Annotated[str, typer.Option(help="The method, as policies name it.")] = "tools/call",
    name: Annotated[str, typer.Option(help="Tool, prompt, model or agent, or resource URI.")] = "",
    arguments: Annotated[
        str, typer.Option(help="Arguments of a tool or prompt, else attributes, as a JSON object.")
    ] = "{}",
    request: Annotated[
        str,
        typer.Option(
            help="A saved HTTP request or JSON body, - reads stdin; or the audit id of one whose "
            "model server a running gateway picked."
        ),
    ] = "",
    state: Annotated[
        str,
        typer.Option(help="How busy model servers are: what `gatehouse top --json` printed."),
    ] = "",
    admin: Admin = DEFAULT_ADMIN,
    *,
    demo: Annotated[bool, typer.Option(help="Accept missing sealing keys.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show why one request is allowed or refused.

    Every stage and rule that it meets. Exit code 1 if it is refused.

    Examples:

      gatehouse explain -c demo/gateway.yaml --principal key:demo --name delete_repo

      gatehouse explain --principal key:demo --name create_issue --arguments '{"owner":"acme"}'

      gatehouse explain --principal key:demo --method chat/completions --name demo-large

      gatehouse explain --principal key:demo --request saved.http --json

      gatehouse explain --request 4be3f5a1c04d4a2f9d41f0c9b7c7a1e2

    The last one says why a request that was served went where it went.
    """
    if AUDIT_ID.fullmatch(request) and not Path(request).exists():
        _tell_served(ask(admin, f"/picks/{request}"), as_json=as_json)
        return
    loaded = _load(config, demo=demo)
    raw = _raw(request) if request else b""
    chosen = _route(loaded, route, path_of(raw), method)
    if chosen.protocol == "unjudged":
        _tell_unjudged(chosen, as_json=as_json)
        return
    who = _principal(principal, actor or [], scope or [], _object(claims, "--claims"))
    if request:
        head, message = _saved(raw, chosen, loaded)
    else:
        head = RequestHead("POST", chosen.path, route=chosen.name)
        attributes = _attributes(method, name, _object(arguments, "--arguments"))
        message = Deframed((call_from(method, attributes),))
    backend = _backend(loaded, chosen, message)
    context = RequestContext(head, backend, time.time(), chosen.listener or "", chosen.protocol)
    matches = loaded.guarding.matches
    tools = tool_book(loaded.gateway, hashes(loaded.tool_pins))
    explanation = explain_message(message, loaded.policies, who, context, matches, tools=tools)
    pick = None
    if request and explanation.allowed and isinstance(message, Deframed):
        pick = _pick(loaded, chosen, message, who, context, state)
    sys.stdout.write(_with_pick(explanation, pick, as_json=as_json))
    raise typer.Exit(0 if explanation.allowed else 1)


def _with_pick(explanation: Explanation, pick: ExplainedPick | None, *, as_json: bool) -> str:
    if not as_json:
        return explanation_text(explanation) + ("" if pick is None else pick_text(pick))
    text = explanation_json(explanation)
    if pick is None:
        return text
    return json.dumps({**json.loads(text), "pick": pick_json(pick)}, indent=2) + "\n"


def _pick(
    loaded: Loaded,
    route: Route,
    message: Deframed,
    who: Principal,
    context: RequestContext,
    state: str,
) -> ExplainedPick | None:
    try:
        known = read_state(Path(state)) if state else {}
        return explain_pick(loaded, route, message, who, context, known)
    except StateError as error:
        raise typer.BadParameter(str(error), param_hint="--state") from error


def _tell_served(kept: JsonObject, *, as_json: bool) -> None:
    if as_json:
        print_json({"version": 1, **kept})
    else:
        sys.stdout.write(served_text(kept))


def _tell_unjudged(route: Route, *, as_json: bool) -> None:
    if as_json:
        print_json({"version": 1, "allowed": True, "route": route.name, "unjudged": True})
    else:
        typer.echo(f"the route {route.name} is unjudged: everything passes, and is recorded")


def _load(config: Path, *, demo: bool) -> Loaded:
    try:
        return load(config, os.environ, demo=demo)
    except ConfigurationError as error:
        show_problems(error.problems)
        raise typer.Exit(2) from error


def _route(loaded: Loaded, name: str, path: str | None, method: str) -> Route:
    """The route of that name, else the only one at the path of a saved request, else the only one
    whose protocol has the method."""
    routes = loaded.gateway.routes
    if name:
        fitting = [one for one in routes if one.name == name]
    elif path is not None:
        fitting = sorted(
            (one for one in routes if _serves(one, path)), key=lambda one: len(one.path)
        )
        fitting = fitting[-1:]
    else:
        fitting = [one for one in routes if len(routes) == 1 or speaks(one.protocol, method)]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(one.name for one in routes)
    raise typer.BadParameter(f"want one of: {known}", param_hint="--route")


def _serves(route: Route, path: str) -> bool:
    plain, base = path.partition("?")[0], route.path.rstrip("/")
    return plain == route.path or (route.below and (plain == base or plain.startswith(f"{base}/")))


def _principal(name: str, actors: list[str], scopes: list[str], claims: JsonObject) -> Principal:
    try:
        given = PrincipalInput(
            id=name or "?", actors=tuple(actors), scopes=tuple(scopes), claims=dict(claims)
        )
        return principal_from(given)
    except ValueError as error:
        fix = "want spiffe://..., jwt:ISSUER#SUBJECT, key:NAME or anonymous"
        raise typer.BadParameter(f'"{name}": {fix}', param_hint="--principal") from error


def _raw(source: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        text = f"cannot read {source}: {error.strerror}"
        raise typer.BadParameter(text, param_hint="--request") from error


def _backend(loaded: Loaded, route: Route, message: Deframed | Refusal) -> str:
    """Where policies see the message go: its model says which pool of the route."""
    if isinstance(message, Refusal):
        return route.backend
    return judged_backend(route_stage(route, loaded.gateway.pools), message)


def _saved(raw: bytes, route: Route, loaded: Loaded) -> tuple[RequestHead, Deframed | Refusal]:
    try:
        head, body = read_request(raw, route.name, route.path)
    except SavedRequestError as error:
        raise typer.BadParameter(str(error), param_hint="--request") from error
    protocol = route_stage(route, loaded.gateway.pools).protocol
    if protocol is None:
        return head, Refusal(Reason.WIRING, "no protocol")
    opening = protocol.open(head)
    return head, opening.verdict or opening.deframe(body)


def _attributes(method: str, name: str, arguments: JsonObject) -> JsonObject:
    if method in METHODS and not speaks("mcp", method):
        about = "agent" if speaks("a2a", method) else "model"
        return {**({about: name} if name else {}), **arguments}
    attributes: JsonObject = {}
    if name:
        attributes["uri" if method.startswith(NAMED_BY_URI) else "name"] = name
    if method in ("tools/call", "prompts/get"):
        attributes["arguments"] = arguments
    return attributes


def _object(text: str, option: str) -> JsonObject:
    try:
        value: JsonValue = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"not JSON: {error}", param_hint=option) from error
    if not isinstance(value, dict):
        raise typer.BadParameter("want a JSON object", param_hint=option)
    return value
