"""The JSON document of a request's body. Pure: no I/O, no clock."""

from dataclasses import dataclass
from typing import Final

from gateway.model.head import RequestHead
from gateway.model.refusal import Reason, Refusal
from gateway.wire import strictjson
from gateway.wire.content import ACCEPTED_CODINGS, CodingFault, Plain, is_media_type, plain_body
from gateway.wire.strictjson import Document, Fault, Malformed

_FAULT_REASONS: Final = {
    Fault.TOO_LARGE: Reason.TOO_LARGE,
    Fault.TOO_MANY: Reason.TOO_LARGE,
    Fault.ENCODING: Reason.PARSE_ERROR,
    Fault.SYNTAX: Reason.PARSE_ERROR,
    Fault.SURROGATE: Reason.PARSE_ERROR,
    Fault.DUPLICATE_KEY: Reason.INVALID_REQUEST,
    Fault.DEPTH: Reason.INVALID_REQUEST,
    Fault.NUMBER: Reason.INVALID_REQUEST,
}
_DIGESTS: Final = ("content-digest", "repr-digest", "digest", "content-md5")


@dataclass(frozen=True, slots=True)
class Body:
    """A body that was read. `replacement` is what goes on instead of the bytes received, None when
    they may; `drop` are headers that do not describe it, `set` their better spelling."""

    document: Document
    replacement: bytes | None
    drop: tuple[str, ...]
    set: tuple[tuple[str, str], ...]


def read_json(
    head: RequestHead, body: bytes, limit: int, media_types: tuple[str, ...]
) -> Body | Refusal:
    """`body`, at most `limit` bytes as sent and inflated, as JSON of one of `media_types`."""
    content_type = head.headers.get("content-type") or ""
    media_type = next((one for one in media_types if is_media_type(content_type, one)), None)
    if media_type is None:
        accepted = ", ".join(media_types)
        return Refusal(
            Reason.UNSUPPORTED_MEDIA,
            f"content-type must be {' or '.join(media_types)} in UTF-8",
            headers=(("accept-post", accepted),),
        )
    plain = _plain(head, body, limit)
    if isinstance(plain, Refusal):
        return plain
    document = strictjson.decode(plain.body, limit)
    if isinstance(document, Malformed):
        return Refusal(_FAULT_REASONS[document.fault], document.fault.value)
    replaced = plain.inflated or not document.canonical_safe
    gone = ("content-encoding", *(_DIGESTS if replaced else ()))
    return Body(
        document,
        document.text.encode() if replaced else None,
        head.headers.present(gone),
        () if content_type == media_type else (("content-type", media_type),),
    )


def _plain(head: RequestHead, body: bytes, limit: int) -> Plain | Refusal:
    encoding = ",".join(head.headers.all("content-encoding")) or None
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
