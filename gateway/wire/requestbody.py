"""A request's body as the one strict reader sees it, whatever the protocol. Pure: no I/O, no clock.

Each protocol says which bodies it takes; that they are plain, one strict JSON document, and that
nothing in the head contradicts what goes on is the same for all.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.model.head import Headers
from gateway.model.refusal import Reason, Refusal
from gateway.wire import strictjson
from gateway.wire.content import ACCEPTED_CODINGS, CodingFault, Plain, plain_body
from gateway.wire.strictjson import Document, Fault, Malformed

METHOD_OVERRIDES: Final = ("x-http-method-override", "x-http-method", "x-method-override")
"""Headers that some frameworks let replace the method that was judged. They never go on."""

_DIGESTS: Final = ("content-digest", "repr-digest", "digest", "content-md5")

_REASONS: Final[Mapping[Fault, Reason]] = MappingProxyType(
    {
        Fault.TOO_LARGE: Reason.TOO_LARGE,
        Fault.TOO_MANY: Reason.TOO_LARGE,
        Fault.ENCODING: Reason.PARSE_ERROR,
        Fault.SYNTAX: Reason.PARSE_ERROR,
        Fault.SURROGATE: Reason.PARSE_ERROR,
        Fault.DUPLICATE_KEY: Reason.INVALID_REQUEST,
        Fault.DEPTH: Reason.INVALID_REQUEST,
        Fault.NUMBER: Reason.INVALID_REQUEST,
    }
)


def without_coding(headers: Headers, body: bytes, limit: int) -> Plain | Refusal:
    """`body` without its content coding, at most `limit` bytes as sent and as inflated."""
    encoding = ",".join(headers.all("content-encoding")) or None
    plain = plain_body(body, encoding, limit)
    match plain:
        case CodingFault.UNKNOWN:
            accepted = (("accept-encoding", ACCEPTED_CODINGS),)
            return Refusal(Reason.UNSUPPORTED_MEDIA, plain.value, headers=accepted)
        case CodingFault.BROKEN:
            return Refusal(Reason.PARSE_ERROR, plain.value)
        case CodingFault.TOO_LARGE:
            return Refusal(Reason.TOO_LARGE, plain.value)
        case Plain():
            return plain


def document_of(plain: bytes, limit: int) -> Document | Refusal:
    """The strict JSON document in a plain body."""
    document = strictjson.decode(plain, limit)
    if isinstance(document, Malformed):
        return Refusal(_REASONS[document.fault], document.fault.value)
    return document


def outdated(headers: Headers, *, replaced: bool) -> tuple[str, ...]:
    """The headers of a request that do not describe the body that goes on: its coding, and where
    other bytes than those received go on (`replaced`) every digest of them."""
    return headers.present(("content-encoding", *(_DIGESTS if replaced else ())))
