"""An agent's card with the gateway's URL in place of the agent's own. Pure: no I/O, no clock.

Whoever reads the card goes on to the URLs in it. Signatures cover the whole card and cannot hold
for another one, so they are emptied: a client that insists on one refuses the card, as it should.
Source: A2A 1.0, sections 4.4 and 8; A2A 0.3, section 5.5.
"""

import json
from collections.abc import Iterator
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.protocols.a2a.members import Keys, WrongError
from gateway.wire import jsonspans
from gateway.wire.jsonspans import Span
from gateway.wire.strictjson import Document, Malformed, decode

GRPC: Final = "GRPC"

_LISTS: Final = ("supportedInterfaces", "additionalInterfaces")
_CARD: Final = Keys(*_LISTS, "url", "preferredTransport", "signatures")
_INTERFACE: Final = Keys("url", "protocolBinding", "transport")


def rewritten(body: bytes, limit: int, url: str, authority: str, *, enveloped: bool) -> bytes:
    """The card in `body`, with `url` as that of every interface and `authority` (host and port) as
    that of gRPC, which has no path. With `enveloped` it is the result of a JSON-RPC response; an
    error there stays as it is. Raises WrongError for what is not a card of at most `limit` bytes.
    """
    document = decode(body, limit)
    if isinstance(document, Malformed):
        raise WrongError(document.fault.value)
    root, value = jsonspans.root(document.text), _object(document.value, "the answer")
    if enveloped:
        if "result" not in value:
            return document.text.encode()
        root = jsonspans.members(document.text, root)["result"]
        value = _object(value["result"], "the result")
    edits = _edits(document, root, value, url, authority)
    return jsonspans.spliced(document.text, edits).encode()


def _edits(
    document: Document, root: Span, card: JsonObject, url: str, authority: str
) -> Iterator[tuple[Span, str]]:
    _CARD.check(card, "the card")
    spans = jsonspans.members(document.text, root)
    if "signatures" in card:
        yield spans["signatures"], "[]"
    if "url" in card:
        yield spans["url"], _address(card, "preferredTransport", url, authority)
    for name in _LISTS:
        interfaces = card.get(name)
        if interfaces is None:
            continue
        if not isinstance(interfaces, list):
            raise WrongError(f"{name} must be a list")
        places = jsonspans.elements(document.text, spans[name])
        for interface, place in zip(interfaces, places, strict=True):
            members = _object(interface, name)
            _INTERFACE.check(members, name)
            if "url" in members:
                kind = "protocolBinding" if "protocolBinding" in members else "transport"
                span = jsonspans.members(document.text, place)["url"]
                yield span, _address(members, kind, url, authority)


def _address(members: JsonObject, kind: str, url: str, authority: str) -> str:
    return json.dumps(authority if members.get(kind) == GRPC else url)


def _object(value: JsonValue, where: str) -> JsonObject:
    if not isinstance(value, dict):
        raise WrongError(f"{where} must be an object")
    return value
