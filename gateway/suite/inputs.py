"""From the words of a suite or of command-line flags to what the stages take. No I/O, no clock."""

import json

from gateway.model.call import Call, Kind
from gateway.model.head import Headers, Peer, RequestHead
from gateway.model.jsonvalue import JsonMapping, JsonValue
from gateway.model.principal import Principal, PrincipalKind
from gateway.policy.context import RequestContext
from gateway.policy.vocabulary import METHODS_OF
from gateway.suite.schema import Case, PrincipalInput, RequestInput, SuiteSpec

_ISSUED = {"jwt": PrincipalKind.JWT, "metadata": PrincipalKind.METADATA}
_ANTHROPIC = frozenset({"messages", "messages/count_tokens"})
_KINDS = {"GET": Kind.LISTEN, "DELETE": Kind.END, "response": Kind.ANSWER}


def principal_from(given: PrincipalInput) -> Principal:
    """The principal that `given.id` names. Raises ValueError for an id of no known form."""
    kind, issuer, subject = _identity(given.id)
    return Principal(
        kind,
        issuer,
        subject,
        actors=given.actors,
        scopes=frozenset(given.scopes),
        claims=given.claims,
    )


def _identity(text: str) -> tuple[PrincipalKind, str, str]:
    if text == "anonymous":
        return PrincipalKind.ANONYMOUS, "", text
    if text.startswith("spiffe://"):
        return PrincipalKind.SPIFFE, text.removeprefix("spiffe://").partition("/")[0], text
    kind, _, rest = text.partition(":")
    if kind == "key" and rest:
        return PrincipalKind.KEY, "", rest
    issuer, mark, subject = rest.rpartition("#")
    if kind in _ISSUED and mark:
        return _ISSUED[kind], issuer, subject
    raise ValueError(f'"{text}" is not an identity')


def call_from(method: str, attributes: JsonMapping) -> Call:
    """A call with the given attributes; its protocol and what it is about follow from them."""
    kind = _KINDS.get(method, Kind.REQUEST)
    if method.startswith("notifications/"):
        kind = Kind.NOTIFICATION
    return Call(
        _protocol(method, attributes),
        method,
        kind,
        id=1 if kind is Kind.REQUEST else None,
        target=_target(method, attributes),
        attributes=dict(attributes),
    )


def _protocol(method: str, attributes: JsonMapping) -> str:
    if method in METHODS_OF["a2a"]:
        return "a2a"
    if method in METHODS_OF["llm"]:
        named = attributes.get("protocol")
        return "anthropic" if named == "anthropic" or method in _ANTHROPIC else "openai"
    return "mcp"


def _target(method: str, attributes: JsonMapping) -> str | None:
    about: JsonValue = attributes.get("name")
    if method in METHODS_OF["llm"]:
        about = attributes.get("model")
    elif method in METHODS_OF["a2a"]:
        about = attributes.get("agent")
    elif method.startswith("resources/"):
        about = attributes.get("uri")
    elif method == "completion/complete":
        about = attributes.get("ref_name", attributes.get("ref_uri"))
    return about if isinstance(about, str) else None


def context_from(case: Case, suite: SuiteSpec) -> RequestContext:
    """The HTTP request around a case."""
    request = case.request or RequestInput(headers=case.headers)
    route = suite.route if case.route is None else case.route
    head = RequestHead(
        method=request.method,
        path=request.path,
        headers=Headers(request.headers.items()),
        route=route,
        peer=Peer(case.source_address),
    )
    return RequestContext(
        head,
        backend=suite.backend if case.backend is None else case.backend,
        now=(case.now or suite.now).timestamp(),
        listener=case.listener,
        protocol=suite.protocol,
        taints=frozenset(case.taints),
    )


def body_from(request: RequestInput) -> bytes:
    """The bytes that the request would have on the wire."""
    if isinstance(request.body, str):
        return request.body.encode()
    return b"" if request.body is None else json.dumps(request.body).encode()
